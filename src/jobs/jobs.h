// Background work as rows of the database: claimed by lease, retried, never lost, never doubled.
//
// Reactions to changes are jobs too: `Emit` writes one job for each subscriber of an event's type
// inside the transaction that makes the change (the outbox), so an event exists exactly if its
// change does. Such a job's payload is the event's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "json/json.h"

namespace breakwater::jobs {

// Something that happened, e.g. type "image.pushed".
struct Event {
  std::string type;
  json::Value payload;
};

struct NewJob {
  std::string kind;
  json::Value payload;
  std::optional<Timestamp> run_at;  // absent: now
  // Two pending jobs of one kind and key are one: the second Enqueue changes nothing.
  std::string deduplication_key;
};

struct Job {
  std::int64_t id = 0;
  std::string kind;
  json::Value payload;
  int attempt = 0;  // 1 at the first run
  Timestamp created;
};

struct RetryPolicy {
  int max_attempts = 10;                        // then the job is dead: kept, counted, visible
  std::chrono::milliseconds first_delay{1000};  // doubled each time, with jitter
  std::chrono::milliseconds longest_delay{std::chrono::hours{1}};
};

// Runs one job. May be called again for the same job after a crash, so its effects must be
// idempotent: write them in one transaction, or make the second time harmless. An error means
// retry.
using Handler = std::function<Status(const Job&)>;

struct Options {
  int workers = 2;                          // and one more, for what recurs alone
  std::chrono::milliseconds lease{60'000};  // renewed while the handler runs
  std::chrono::milliseconds poll{500};      // finds jobs of other processes; own ones wake at once
  std::string owner;                        // this process in the lease column, unique
};

// Counts for metrics and readiness.
struct Counts {
  std::int64_t pending = 0;
  std::int64_t running = 0;
  std::int64_t dead = 0;
};

// Thread-safe after Start. Register everything before. Must outlive every transaction that was
// given to Enqueue or Emit. The destructor waits for handlers that still run, so destroy it before
// what they use.
class Jobs {
 public:
  virtual ~Jobs() = default;

  virtual void Register(std::string kind, RetryPolicy retry, Handler handler) = 0;
  // Jobs of kind `kind` (registered by the same subscriber) are made for events of this type.
  virtual void Subscribe(std::string event_type, std::string kind) = 0;
  // Calls `work` about every `interval` in exactly one of all processes; the first time at once.
  // An error means retry, after at most `interval`. Not among the Counts.
  virtual void Every(std::string name, std::chrono::milliseconds interval,
                     std::function<Status()> work) = 0;

  virtual Status Enqueue(db::Transaction& tx, const NewJob& job) = 0;
  virtual Status Emit(db::Transaction& tx, const Event& event) = 0;

  virtual void Start() = 0;
  // Lets running handlers finish until `deadline`, then returns; unfinished leases expire.
  virtual void Stop(std::chrono::milliseconds deadline) = 0;
  // Runs what is due on the calling thread until nothing is; for tests and offline commands.
  // The number of jobs run.
  virtual Result<int> RunDue() = 0;
  virtual Result<Counts> Count() = 0;
};

std::unique_ptr<Jobs> NewJobs(Options options, db::Database& database, const Clock& clock);

}  // namespace breakwater::jobs
