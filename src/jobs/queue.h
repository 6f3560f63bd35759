// The table `job`: who may take which job, and what becomes of it. Internal to jobs/.
//
// `due` alone orders the queue: for a pending job the moment from which it may run, for a running
// one the end of its lease, so that a crashed worker's job is due again by itself. `attempt` grows
// with every claim and thereby tells a claim from a later one of the same job.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "db/database.h"
#include "jobs/jobs.h"

namespace breakwater::jobs {

// A job that this process may run until its lease ends.
struct Claim {
  std::int64_t id = 0;
  std::string kind;
  std::string payload;  // JSON
  int attempt = 0;
  Timestamp created;
};

// Thread-safe after the last SetKinds.
class Queue {
 public:
  Queue(db::Database& database, const Clock& clock, std::string owner,
        std::chrono::microseconds lease);

  // Which kinds of jobs Next takes.
  void SetKinds(std::vector<std::string> kinds);

  // kTooLarge for a payload above 1 MiB.
  Status Add(db::Transaction& tx, const NewJob& job, Timestamp due);
  // There shall be one recurring job of this kind, due within `interval` at the latest.
  Status AddRecurring(const std::string& kind, std::chrono::microseconds interval);

  // The recurring job that is due for longest, claimed; or else, if all are taken, the other that
  // is: what others wait for by the clock does not stand behind any number of those. Nothing if
  // none is due.
  enum class Taken { kAll, kRecurring };
  Result<std::optional<Claim>> Next(Taken taken = Taken::kAll);
  // Prolongs the leases that are still ours.
  Status Renew(std::span<const Claim> claims);

  // The ends of a claim. One that is not ours any more is left alone.
  Status Remove(const Claim& claim);
  Status Repeat(const Claim& claim, Timestamp due);  // from the first attempt on
  Status Retry(const Claim& claim, Timestamp due, const Error& error);
  Status Bury(const Claim& claim, const Error& error);

  Result<Counts> Count();

 private:
  struct Statements {
    std::string any_due;
    std::string claim;
  };
  Result<bool> AnyDue(const Statements& statements, Timestamp now);

  db::Database& database_;
  const Clock& clock_;
  const std::string owner_;
  const std::chrono::microseconds lease_;
  std::vector<std::string> kinds_;
  Statements all_;
  Statements recurring_;
};

}  // namespace breakwater::jobs
