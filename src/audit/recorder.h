// Records of what was only read (lists, settings, reports, pulls): gathered in memory and written
// in batches, so that a read costs no transaction of its own. Changes never come this way.
//
// What a crash loses is at most one interval of them. A process that is gone without having said so
// is found by its row, and that records may be missing is recorded. Records that cannot be written
// wait, at most `max_waiting` of them; how many came too many, or are nothing that the database
// takes, is counted, and recorded as soon as anything can be.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

#include "audit/log.h"
#include "audit/settings.h"
#include "base/sync.h"

namespace breakwater::audit {

struct RecorderOptions {
  std::string process;  // unique
  AccountId account;    // whose trail tells of losses
  std::chrono::milliseconds interval{1000};
  std::size_t flush_at = 4096;       // sooner, where so many wait
  std::size_t max_waiting = 65'536;  // about 60 MB
  // A process that has written nothing for so long is gone.
  std::chrono::seconds gone_after{60};
  // No other process uses the database: whatever row there is at the start is a crash's.
  bool alone = false;
};

// One GET of a manifest. Views are needed during the call alone.
struct Pull {
  std::string_view identity = {};  // iam_id, or empty
  std::string_view address = {};
  std::string_view registry = {};
  std::string_view repository = {};
  std::string_view digest = {};  // empty: refused
  bool by_tag = false;
};

// Thread-safe.
class Recorder {
 public:
  static constexpr std::string_view kLostAction = "breakwater.audit.lost";
  static constexpr std::string_view kInterruptedAction = "breakwater.audit.interrupted";

  Recorder(RecorderOptions options, db::Database& database, const Log& log, const Clock& clock);
  // Stops.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Writes at intervals from now on. Once.
  void Start() BW_EXCLUDES(mutex_);
  // Writes what waits, and says that nothing is lost. Nothing may be added afterwards.
  void Stop() BW_EXCLUDES(mutex_);

  // Never waits for the database. The record's time is now if it has none.
  void Add(Record record) BW_EXCLUDES(mutex_);
  // Whether the level in force wants this pull recorded; it is taken for recorded then.
  bool Wants(const Pull& pull) BW_EXCLUDES(mutex_);

  // Writes what waits, and takes over the settings in force.
  Status Flush() BW_EXCLUDES(flushing_) BW_EXCLUDES(mutex_);

  struct Counts {
    std::uint64_t recorded = 0;
    std::uint64_t lost = 0;         // came while too many waited, or were refused
    std::uint64_t interrupted = 0;  // processes found gone
    std::size_t waiting = 0;
  };
  Counts counts() const BW_EXCLUDES(mutex_);

 private:
  // Seen pulls that are remembered, of 8 octets each. Those beyond are recorded each time.
  static constexpr std::size_t kMaxSeen = 1'000'000;

  void Run();
  Status WriteSome(std::span<const Record> batch) BW_REQUIRES(flushing_);
  // Leaves in the batch what could not be written yet.
  Status WriteEach(std::vector<Record>& batch) BW_REQUIRES(flushing_);
  Status Beat() BW_REQUIRES(flushing_);
  Status ReportGone(db::Transaction& tx, Timestamp now, std::uint64_t* found) const;
  Record Own(std::string_view action, std::string reason) const;

  const RecorderOptions options_;
  db::Database& database_;
  const Log& log_;
  const Clock& clock_;
  const std::string salt_;  // so that nobody can make two pulls look like one

  Mutex flushing_;  // one writes at a time; never asked for while holding mutex_
  Timestamp beaten_ BW_GUARDED_BY(flushing_);
  bool begun_ BW_GUARDED_BY(flushing_) = false;

  mutable Mutex mutex_;
  ConditionVariable wake_;
  std::deque<Record> waiting_ BW_GUARDED_BY(mutex_);
  PullLevel level_ BW_GUARDED_BY(mutex_) = PullLevel::kAll;  // until the settings are read
  std::unordered_set<std::uint64_t> seen_ BW_GUARDED_BY(mutex_);
  std::int64_t day_ BW_GUARDED_BY(mutex_) = 0;  // that `seen_` is of
  Counts counts_ BW_GUARDED_BY(mutex_);
  std::uint64_t unreported_ BW_GUARDED_BY(mutex_) = 0;  // of the lost ones
  bool stopping_ BW_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace breakwater::audit
