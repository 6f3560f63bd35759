// Sealed entries on their way out: at least once, in order, from where each destination's row says
// it has come to. A destination that stays down is told of, once, and again when it is back.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "audit/heads.h"
#include "audit/lines.h"
#include "audit/log.h"
#include "audit/segments.h"
#include "audit/sinks/sink.h"
#include "base/sync.h"
#include "db/database.h"

namespace breakwater::audit {

struct SinkState {
  std::string name;
  std::int64_t sequence = 0;  // the last entry that was taken
  std::int64_t head = 0;      // the last signed head
  std::optional<Timestamp> failing_since = {};
  std::string last_error = {};
  bool alarmed = false;
  std::optional<Timestamp> tried = {};  // the last attempt
};

struct DeliveryOptions {
  std::string name;  // of the destination; its row
  // As they were hashed, with the signed heads, so that they can be verified; else each record by
  // `encode`.
  bool lines = false;
  std::function<std::string(const Record&)> encode = {};
  std::int64_t batch = 500;
  std::chrono::seconds alarm_after{300};  // of failing
  AccountId account = {};                 // whose trail tells of it
  // Called in the transaction that keeps it: the first attempt was made, one failed after others
  // had not, or one got through again. Long before there is an alarm.
  std::function<Status(db::Transaction& tx)> on_turn = {};
};

// Thread-safe. One process at a time delivers to one destination (a lease of jobs); if two do, the
// destination gets entries twice.
class SinkDelivery {
 public:
  static constexpr std::string_view kDownAction = "breakwater.audit.sink-down";
  static constexpr std::string_view kUpAction = "breakwater.audit.sink-up";
  // Called in the transaction that keeps it: the destination went down, or came back.
  using OnAlarm = std::function<Status(db::Transaction& tx, const SinkState& state)>;

  SinkDelivery(DeliveryOptions options, std::unique_ptr<Sink> sink, db::Database& database,
               const Log& log, const Heads& heads, const Segments& segments, const Clock& clock,
               OnAlarm on_alarm);

  // Delivers until nothing is left, a delivery fails, or `deadline` has passed. A failed delivery
  // is no error, nor is a trail that cannot be read: it is in the state, and raises the alarm.
  // Where deliveries fail, the pauses between them grow to a minute, so that a dead destination
  // does not keep a worker busy.
  Status Run(std::chrono::steady_clock::time_point deadline) BW_EXCLUDES(mutex_);

  Result<SinkState> State() const;
  struct Lag {
    std::int64_t entries = 0;        // sealed and not taken (Segments::CountAfter)
    std::chrono::seconds oldest{0};  // age of the first of them
  };
  Result<Lag> Behind() const;
  const std::string& name() const { return options_.name; }

 private:
  struct Batch {
    std::vector<SinkItem> items;
    std::int64_t last = 0;  // entry
    std::int64_t head = 0;
  };
  // Without items at the end.
  Result<Batch> Next(const SinkState& state) const;
  Result<std::optional<Timestamp>> TimeOf(std::int64_t sequence) const BW_EXCLUDES(oldest_mutex_);
  Result<SinkItem> ItemOf(const EntryView& entry, std::string_view line) const;
  Status Keep(const SinkState& state, const Batch& batch, const Status& delivered);
  Status Tell(db::Transaction& tx, const SinkState& state) const;

  const DeliveryOptions options_;
  db::Database& database_;
  const Log& log_;
  const Heads& heads_;
  const Segments& segments_;
  const Clock& clock_;
  const OnAlarm on_alarm_;
  // The first entry that is behind, and its time.
  mutable Mutex oldest_mutex_;
  mutable std::optional<std::pair<std::int64_t, Timestamp>> oldest_ BW_GUARDED_BY(oldest_mutex_);
  Mutex mutex_;
  const std::unique_ptr<Sink> sink_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::audit
