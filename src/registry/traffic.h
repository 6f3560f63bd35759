// Bytes of blobs pulled over public connections in the calendar month (ibm-registry 3.10; UTC), and
// the limits they are held against.
//
// Pulls are counted in memory and flushed by one update of a row for each account and namespace, at
// most a second later; no pull waits for it. A crash loses what was counted since the last flush.
// Several processes add to the same rows. What is known of a row is at most a second old, plus
// everything that this process has counted since.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "registry/quotas.h"
#include "registry/stored_bytes.h"

namespace breakwater::registry {

// A calendar month in UTC.
std::chrono::year_month MonthOf(Timestamp t);
std::string ToString(std::chrono::year_month month);  // "2026-11"
Timestamp EndOf(std::chrono::year_month month);       // the first moment of the next one

// Bytes of a month as they are in the database.
Result<std::int64_t> PulledBytes(db::Transaction& tx, const BookKey& key,
                                 std::chrono::year_month month);

// Thread-safe.
class Traffic {
 public:
  Traffic(db::Database& database, const Clock& clock, const Quotas& quotas, jobs::Jobs& jobs)
      : database_(database), clock_(clock), quotas_(quotas), jobs_(jobs) {}

  // Bytes pulled from this namespace now. Never waits.
  void Count(const BookKey& name_space, std::uint64_t bytes) BW_EXCLUDES(mutex_);

  struct State {
    Limits limits;
    std::int64_t used = 0;             // of this month
    std::optional<Timestamp> reached;  // when `used` reached the limit, if it has
    Timestamp read;                    // when the database was asked last
  };
  // What is known, asked for anew where it is older than a second or this process has changed the
  // quotas since.
  Result<State> Get(const BookKey& key) BW_EXCLUDES(flush_mutex_);
  // The same, asked for now.
  Result<State> GetNow(const BookKey& key) BW_EXCLUDES(flush_mutex_);

  // Writes what was counted; call it about once a second. What could not be written is kept for the
  // next time.
  Status Flush() BW_EXCLUDES(flush_mutex_);

  // For metrics.
  std::uint64_t pending() const { return pending_.load(std::memory_order_relaxed); }
  std::uint64_t counted() const { return counted_.load(std::memory_order_relaxed); }
  std::uint64_t failed_flushes() const { return failed_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    std::chrono::year_month month{};
    std::int64_t pending = 0;  // of `month`, not written yet
    std::int64_t flushed = 0;  // of `month`, as the database knows it
    Limits limits;
    std::optional<Timestamp> reached;
    std::optional<Timestamp> read;
    std::uint64_t quotas_version = 0;
  };
  struct Counted {
    BookKey key;
    std::chrono::year_month month;
    std::int64_t bytes = 0;
  };

  void Add(const BookKey& key, std::chrono::year_month month, std::int64_t bytes)
      BW_REQUIRES(mutex_);
  State StateOf(Entry& entry, Timestamp now) BW_REQUIRES(mutex_);
  std::vector<Counted> Take() BW_REQUIRES(flush_mutex_);
  void Written(const std::vector<Counted>& written) BW_REQUIRES(flush_mutex_);
  Status Write(db::Transaction& tx, const Counted& counted);
  Status Judge(db::Transaction& tx, const Counted& counted);
  db::Database& database_;
  const Clock& clock_;
  const Quotas& quotas_;
  jobs::Jobs& jobs_;

  // Held while rows are written or read, so that nobody sees bytes twice or not at all. Before
  // mutex_.
  Mutex flush_mutex_;
  Mutex mutex_;
  std::map<BookKey, Entry> entries_ BW_GUARDED_BY(mutex_);
  std::vector<Counted> earlier_ BW_GUARDED_BY(mutex_);  // of months that are over
  std::atomic<std::uint64_t> pending_{0};
  std::atomic<std::uint64_t> counted_{0};
  std::atomic<std::uint64_t> failed_{0};
};

}  // namespace breakwater::registry
