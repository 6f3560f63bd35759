#include "audit/sinks/delivery.h"

#include <algorithm>

#include "audit/lines.h"
#include "base/strings.h"
#include "observe/log.h"

namespace breakwater::audit {
namespace {

constexpr std::size_t kBatchBytes = 1U << 20;
constexpr std::int64_t kManyBehind = 1'000'000;

Result<std::optional<SinkState>> Read(db::Transaction& tx, const std::string& name) {
  return tx.QueryOne(
      "SELECT sequence, failing_since, last_error, alarmed, updated, head FROM audit_sink "
      "WHERE name = $1",
      {name}, [&](const db::Row& row) {
        return SinkState{.name = name,
                         .sequence = row.Int(0),
                         .head = row.Int(5),
                         .failing_since = row.OptionalTime(1),
                         .last_error = row.String(2),
                         .alarmed = row.Bool(3),
                         .tried = row.Time(4)};
      });
}

// Whether a destination that failed is to be left alone for now.
bool Rests(const SinkState& state, Timestamp now) {
  if (!state.failing_since || !state.tried) return false;
  const auto pause = std::clamp<std::chrono::microseconds>(
      *state.tried - *state.failing_since, std::chrono::seconds{1}, std::chrono::seconds{60});
  return now - *state.tried < pause && now >= *state.tried;
}

}  // namespace

SinkDelivery::SinkDelivery(DeliveryOptions options, std::unique_ptr<Sink> sink,
                           db::Database& database, const Log& log, const Heads& heads,
                           const Segments& segments, const Clock& clock, OnAlarm on_alarm)
    : options_(std::move(options)),
      database_(database),
      log_(log),
      heads_(heads),
      segments_(segments),
      clock_(clock),
      on_alarm_(std::move(on_alarm)),
      sink_(std::move(sink)) {}

Result<SinkState> SinkDelivery::State() const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<SinkState> {
    BW_TRY(auto known, Read(tx, options_.name));
    // A new destination gets the trail from its beginning.
    return known ? *std::move(known) : SinkState{.name = options_.name};
  });
}

Status SinkDelivery::Run(std::chrono::steady_clock::time_point deadline) {
  const MutexLock lock(mutex_);
  BW_TRY(SinkState state, State());
  if (Rests(state, clock_.Now())) return Ok();
  do {
    const auto next = Next(state);
    if (!next.ok()) {
      // What cannot be read does not arrive either, and somebody must hear of it.
      observe::LogError(observe::Level::kError, "the audit trail could not be read for a sink",
                        next.error(), {{"sink", options_.name}});
      return Keep(state, {}, next.error());
    }
    const Batch& batch = *next;
    if (batch.items.empty()) return Ok();
    const Status delivered = sink_->Deliver(batch.items);
    BW_TRY_STATUS(Keep(state, batch, delivered));
    if (!delivered.ok()) return Ok();
    BW_TRY(state, State());
  } while (std::chrono::steady_clock::now() < deadline);
  return Ok();
}

Result<SinkItem> SinkDelivery::ItemOf(const EntryView& entry, std::string_view line) const {
  BW_TRY(const json::Value document, json::Parse(entry.record, kStoredRecord));
  BW_TRY(const Record record, FromJson(document));
  return SinkItem{.sequence = entry.sequence,
                  .time = record.time,
                  .id = record.id,
                  .severity = std::string(ToText(record.severity)),
                  .action = record.action,
                  .text = options_.lines ? std::string(line) : options_.encode(record)};
}

Result<SinkDelivery::Batch> SinkDelivery::Next(const SinkState& state) const {
  Batch batch{.items = {}, .last = state.sequence, .head = state.head};
  std::string lines;
  BW_TRY(const std::int64_t next,
         segments_.Export(state.sequence + 1, options_.batch, kBatchBytes, lines));
  for (const std::string_view line : Split(lines, '\n')) {
    if (line.empty()) continue;
    BW_TRY(const Line parsed, ParseLine(line));
    const auto* entry = std::get_if<EntryView>(&parsed);
    if (entry == nullptr) continue;  // heads come below, also those signed later
    BW_TRY(auto item, ItemOf(*entry, line));
    batch.items.push_back(std::move(item));
  }
  batch.last = next - 1;
  if (!options_.lines) return batch;
  BW_TRY(const auto heads, heads_.List(state.head + 1, options_.batch));
  for (const Head& head : heads) {
    if (head.sequence > batch.last) break;
    SinkItem item{.sequence = head.sequence,
                  .time = head.time,
                  .id = {},
                  .severity = "normal",
                  .action = "breakwater.audit.head",
                  .text = {}};
    AppendLine(head, item.text);
    item.text.pop_back();
    batch.items.push_back(std::move(item));
    batch.head = head.sequence;
  }
  return batch;
}

Status SinkDelivery::Keep(const SinkState& state, const Batch& batch, const Status& delivered) {
  const Timestamp now = clock_.Now();
  return database_.Write([&](db::Transaction& tx) -> Status {
    SinkState after = state;
    if (delivered.ok()) {
      after.sequence = batch.last;
      after.head = batch.head;
      after.failing_since.reset();
      after.last_error.clear();
      after.alarmed = false;
    } else {
      if (!after.failing_since) after.failing_since = now;
      after.last_error = ReplaceInvalidUtf8(delivered.error().message());
      after.alarmed = after.alarmed || now - *after.failing_since >= options_.alarm_after;
    }
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO audit_sink (name, sequence, head, failing_since, last_error, "
                   "alarmed, updated) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO UPDATE SET "
                   "sequence = excluded.sequence, head = excluded.head, "
                   "failing_since = excluded.failing_since, last_error = excluded.last_error, "
                   "alarmed = excluded.alarmed, updated = excluded.updated",
                   {after.name, after.sequence, after.head, after.failing_since, after.last_error,
                    after.alarmed, now}));
    const bool turned =
        !state.tried || after.failing_since.has_value() != state.failing_since.has_value();
    if (turned && options_.on_turn) BW_TRY_STATUS(options_.on_turn(tx));
    return after.alarmed == state.alarmed ? Ok() : Tell(tx, after);
  });
}

Status SinkDelivery::Tell(db::Transaction& tx, const SinkState& state) const {
  Record record;
  record.account = options_.account;
  record.action = std::string(state.alarmed ? kDownAction : kUpAction);
  record.initiator.kind = "system";
  record.initiator.name = "audit";
  record.target = {.crn = "", .kind = "audit-sink", .name = state.name};
  if (state.alarmed) {
    record.outcome = Outcome::kFailure;
    record.reason_code = 503;
    record.reason = state.last_error;
    record.severity = Severity::kCritical;
  }
  BW_TRY_STATUS(log_.Append(tx, std::move(record)));
  return on_alarm_ ? on_alarm_(tx, state) : Ok();
}

Result<SinkDelivery::Lag> SinkDelivery::Behind() const {
  BW_TRY(const SinkState state, State());
  BW_TRY(const ChainEnd end, log_.End());
  Lag lag{.entries = std::max<std::int64_t>(end.sequence - state.sequence, 0)};
  // A continued trail has left out numbers, more than these.
  if (lag.entries >= kManyBehind) {
    BW_TRY(lag.entries, segments_.CountAfter(state.sequence));
  }
  if (lag.entries == 0) return lag;
  // Of a trail that cannot be read, Run tells.
  const auto oldest = TimeOf(state.sequence + 1);
  if (oldest.ok() && *oldest) {
    lag.oldest = std::chrono::duration_cast<std::chrono::seconds>(clock_.Now() - **oldest);
  }
  return lag;
}

// Also of an entry that is in a segment alone, which is read once: this is asked for often.
Result<std::optional<Timestamp>> SinkDelivery::TimeOf(std::int64_t sequence) const {
  {
    const MutexLock lock(oldest_mutex_);
    if (oldest_ && oldest_->first == sequence) return std::optional(oldest_->second);
  }
  std::string lines;
  BW_TRY_STATUS(segments_.Export(sequence, 1, kBatchBytes, lines));
  for (const std::string_view line : Split(lines, '\n')) {
    if (line.empty()) continue;
    BW_TRY(const Line parsed, ParseLine(line));
    const auto* entry = std::get_if<EntryView>(&parsed);
    if (entry == nullptr || entry->sequence < sequence) continue;
    BW_TRY(const SinkItem item, ItemOf(*entry, line));
    const MutexLock lock(oldest_mutex_);
    oldest_ = {sequence, item.time};
    return std::optional(item.time);
  }
  return std::optional<Timestamp>();
}

}  // namespace breakwater::audit
