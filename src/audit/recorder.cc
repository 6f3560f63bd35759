#include "audit/recorder.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include "crypto/random.h"
#include "observe/log.h"

namespace breakwater::audit {
namespace {

constexpr std::size_t kBatch = 512;  // records of one transaction
// Seldom: each is a commit.
constexpr std::chrono::seconds kBeat{30};

std::int64_t DayOf(Timestamp time) {
  return std::chrono::floor<std::chrono::days>(time.time_since_epoch()).count();
}

// Seen pulls of the same text are one.
std::uint64_t KeyOf(std::string_view salt, const Pull& pull) {
  thread_local std::string text;
  text = salt;
  for (const std::string_view part :
       {pull.identity, pull.address, pull.registry, pull.repository, pull.digest}) {
    text += part;
    text += '\n';
  }
  return std::hash<std::string>{}(text);
}

// Whether the database will never take it, however often it is asked.
bool IsRefused(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalid:
    case ErrorCode::kTooLarge:
    case ErrorCode::kExists:
    case ErrorCode::kConflict: return true;
    default: return false;
  }
}

}  // namespace

Recorder::Recorder(RecorderOptions options, db::Database& database, const Log& log,
                   const Clock& clock)
    : options_(std::move(options)),
      database_(database),
      log_(log),
      clock_(clock),
      salt_(AsText(crypto::RandomBytes(16))) {}

Recorder::~Recorder() {
  Stop();
}

void Recorder::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Recorder::Stop() {
  {
    const MutexLock lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (const Status written = Flush(); !written.ok()) {
    // The row stays, and tells that something is missing.
    observe::LogError(observe::Level::kError, "records of reads could not be written",
                      written.error(), {{"waiting", counts().waiting}});
    return;
  }
  const Status left = database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("DELETE FROM audit_recorder WHERE process = $1", {options_.process}));
    return Ok();
  });
  if (!left.ok()) {
    observe::LogError(observe::Level::kWarning, "the recorder's row could not be removed",
                      left.error());
  }
}

void Recorder::Add(Record record) {
  if (record.time == Timestamp{}) record.time = clock_.Now();
  bool enough = false;
  {
    const MutexLock lock(mutex_);
    if (waiting_.size() >= options_.max_waiting) {
      ++counts_.lost;
      ++unreported_;
      return;
    }
    waiting_.push_back(std::move(record));
    enough = waiting_.size() == options_.flush_at;
  }
  if (enough) wake_.notify_one();
}

bool Recorder::Wants(const Pull& pull) {
  const std::int64_t today = DayOf(clock_.Now());
  const MutexLock lock(mutex_);
  switch (level_) {
    case PullLevel::kAll: return true;
    case PullLevel::kByTag: return pull.by_tag;
    case PullLevel::kFirstOfDay: break;
  }
  if (day_ != today) {
    seen_.clear();
    day_ = today;
  }
  const std::uint64_t key = KeyOf(salt_, pull);
  if (seen_.size() >= kMaxSeen) return !seen_.contains(key);
  return seen_.insert(key).second;
}

void Recorder::Run() {
  while (true) {
    if (const Status written = Flush(); !written.ok()) {
      observe::LogError(observe::Level::kError, "records of reads wait to be written",
                        written.error(), {{"waiting", counts().waiting}});
    }
    std::unique_lock lock(mutex_);
    const auto stopping = [&] { return stopping_; };
    const bool many = waiting_.size() >= options_.flush_at;
    // What could not be written is not tried again at once.
    wake_.wait_for(lock, options_.interval,
                   [&] { return stopping() || (!many && waiting_.size() >= options_.flush_at); });
    if (stopping_) return;
  }
}

Status Recorder::Flush() {
  const MutexLock flushing(flushing_);
  BW_TRY_STATUS(Beat());
  while (true) {
    std::vector<Record> batch;
    {
      const MutexLock lock(mutex_);
      const auto end =
          waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(kBatch, waiting_.size()));
      std::move(waiting_.begin(), end, std::back_inserter(batch));
      waiting_.erase(waiting_.begin(), end);
      if (batch.empty() && unreported_ == 0) return Ok();
    }
    Status written = WriteSome(batch);
    // What is never taken must not hold up what came with it.
    if (!written.ok() && IsRefused(written.error())) written = WriteEach(batch);
    if (!written.ok()) {
      const MutexLock lock(mutex_);
      waiting_.insert(waiting_.begin(), std::make_move_iterator(batch.begin()),
                      std::make_move_iterator(batch.end()));
      return written;
    }
  }
}

Status Recorder::WriteEach(std::vector<Record>& batch) {
  std::size_t done = 0;
  Status written = Ok();
  for (; done < batch.size(); ++done) {
    written = WriteSome(std::span(batch).subspan(done, 1));
    if (written.ok()) continue;
    if (!IsRefused(written.error())) break;
    observe::LogError(observe::Level::kError, "a record of a read could not be kept",
                      written.error(),
                      {{"request_id", batch[done].request_id}, {"action", batch[done].action}});
    written = Ok();
    const MutexLock lock(mutex_);
    ++counts_.lost;
    ++unreported_;
  }
  batch.erase(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(done));
  return written;
}

Status Recorder::WriteSome(std::span<const Record> batch) {
  std::uint64_t lost = 0;
  {
    const MutexLock lock(mutex_);
    lost = unreported_;
  }
  const Timestamp now = clock_.Now();
  BW_TRY_STATUS(database_.Write(
      [&](db::Transaction& tx) -> Status {
        BW_TRY_STATUS(log_.AppendAll(tx, batch));
        if (lost > 0) {
          Record record = Own(kLostAction, std::to_string(lost) +
                                               " records of reads could not be kept: they came "
                                               "faster than they could be written, or were refused "
                                               "by the database");
          record.request = {{"count", lost}};
          BW_TRY_STATUS(log_.Append(tx, std::move(record)));
        }
        BW_TRY_STATUS(tx.Execute(
            "UPDATE audit_recorder SET seen = $2, recorded = recorded + $3 WHERE process = $1",
            {options_.process, now, batch.size()}));
        return Ok();
      },
      db::Isolation::kStatement));
  const MutexLock lock(mutex_);
  counts_.recorded += batch.size();
  unreported_ -= lost;
  return Ok();
}

Status Recorder::Beat() {
  const Timestamp now = clock_.Now();
  if (begun_ && now - beaten_ < kBeat && now >= beaten_) {
    BW_TRY(const Settings settings, database_.ReadValue(ReadSettings));
    const MutexLock lock(mutex_);
    level_ = settings.pulls;
    return Ok();
  }
  std::uint64_t gone = 0;
  Settings settings;
  BW_TRY_STATUS(database_.Write(
      [&](db::Transaction& tx) -> Status {
        gone = 0;
        BW_TRY(settings, ReadSettings(tx));
        BW_TRY_STATUS(tx.Execute(
            "INSERT INTO audit_recorder (process, started, seen, recorded) VALUES ($1, $2, $2, 0) "
            "ON CONFLICT (process) DO UPDATE SET seen = excluded.seen",
            {options_.process, now}));
        return ReportGone(tx, now, &gone);
      },
      db::Isolation::kStatement));
  begun_ = true;
  beaten_ = now;
  const MutexLock lock(mutex_);
  level_ = settings.pulls;
  counts_.interrupted += gone;
  return Ok();
}

Status Recorder::ReportGone(db::Transaction& tx, Timestamp now, std::uint64_t* found) const {
  struct Gone {
    std::string process;
    Timestamp seen;
    std::int64_t recorded;
  };
  const Timestamp before =
      options_.alone ? now + std::chrono::microseconds{1} : now - options_.gone_after;
  BW_TRY(const auto gone,
         tx.QueryAll("SELECT process, seen, recorded FROM audit_recorder WHERE process <> $1 AND "
                     "seen < $2 ORDER BY process",
                     {options_.process, before}, [](const db::Row& row) {
                       return Gone{row.String(0), row.Time(1), row.Int(2)};
                     }));
  for (const Gone& one : gone) {
    // Who removes the row reports it.
    BW_TRY(const auto removed, tx.Execute("DELETE FROM audit_recorder WHERE process = $1 AND "
                                          "seen = $2",
                                          {one.process, one.seen}));
    if (removed == 0) continue;
    Record record =
        Own(kInterruptedAction,
            "a process ended without writing the records of its last reads and pulls: those of "
            "about a second before its end may be missing");
    record.request = {{"process", json::Text(one.process)},
                      {"last_seen", json::Text(FormatRfc3339(one.seen))},
                      {"recorded", one.recorded}};
    BW_TRY_STATUS(log_.Append(tx, std::move(record)));
    ++*found;
  }
  return Ok();
}

Record Recorder::Own(std::string_view action, std::string reason) const {
  Record record;
  record.account = options_.account;
  record.action = std::string(action);
  record.outcome = Outcome::kFailure;
  record.reason_code = 500;
  record.reason = std::move(reason);
  record.severity = Severity::kCritical;
  record.initiator.kind = "system";
  record.initiator.name = "audit";
  record.target = {.crn = "", .kind = "audit", .name = "audit"};
  return record;
}

Recorder::Counts Recorder::counts() const {
  const MutexLock lock(mutex_);
  Counts counts = counts_;
  counts.waiting = waiting_.size();
  return counts;
}

}  // namespace breakwater::audit
