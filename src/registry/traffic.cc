#include "registry/traffic.h"

#include <algorithm>
#include <cstdio>
#include <tuple>

#include "base/wait.h"
#include "registry/quota_warnings.h"

namespace breakwater::registry {
namespace {

constexpr std::chrono::seconds kMaxAge{1};
// Entries kept in memory; beyond it those that hold nothing are forgotten.
constexpr std::size_t kMaxEntries = 10'000;

BookKey WholeAccount(const BookKey& key) {
  return {.account = key.account, .registry = key.registry, .name_space = {}};
}

struct Row {
  std::int64_t bytes = 0;
  std::int64_t warned = 0;
  std::optional<Timestamp> reached;
};

Result<Row> ReadRow(db::Transaction& tx, const BookKey& key, std::chrono::year_month month) {
  BW_TRY(const auto found,
         tx.QueryOne(
             "SELECT bytes, warned, reached FROM pull_traffic WHERE account = $1 AND "
             "registry = $2 AND name_space = $3 AND month = $4",
             {key.account, key.registry, key.name_space, ToString(month)},
             [](const db::Row& row) { return Row{row.Int(0), row.Int(1), row.OptionalTime(2)}; }));
  return found.value_or(Row{});
}

}  // namespace

std::chrono::year_month MonthOf(Timestamp t) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(t));
  return day.year() / day.month();
}

std::string ToString(std::chrono::year_month month) {
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02u", static_cast<int>(month.year()),
                static_cast<unsigned>(month.month()));
  return text;
}

Timestamp EndOf(std::chrono::year_month month) {
  return std::chrono::sys_days((month + std::chrono::months{1}) / std::chrono::day{1});
}

Result<std::int64_t> PulledBytes(db::Transaction& tx, const BookKey& key,
                                 std::chrono::year_month month) {
  BW_TRY(const Row row, ReadRow(tx, key, month));
  return row.bytes;
}

void Traffic::Add(const BookKey& key, std::chrono::year_month month, std::int64_t bytes) {
  Entry& entry = entries_[key];
  if (entry.month != month) {
    if (entry.pending > 0) earlier_.push_back({key, entry.month, entry.pending});
    entry = Entry();
    entry.month = month;
  }
  entry.pending += bytes;
}

void Traffic::Count(const BookKey& name_space, std::uint64_t bytes) {
  const std::chrono::year_month month = MonthOf(clock_.Now());
  const auto count = static_cast<std::int64_t>(bytes);
  const MutexLock lock(mutex_);
  Add(name_space, month, count);
  Add(WholeAccount(name_space), month, count);
  pending_.fetch_add(bytes, std::memory_order_relaxed);
  counted_.fetch_add(bytes, std::memory_order_relaxed);
}

Traffic::State Traffic::StateOf(Entry& entry, Timestamp now) {
  const std::int64_t used = entry.flushed + entry.pending;
  const bool over = entry.limits.traffic != kUnlimited && used >= entry.limits.traffic;
  if (!over) entry.reached.reset();
  if (over && !entry.reached) entry.reached = now;
  return {.limits = entry.limits, .used = used, .reached = entry.reached, .read = *entry.read};
}

Result<Traffic::State> Traffic::Get(const BookKey& key) {
  const Timestamp now = clock_.Now();
  {
    const MutexLock lock(mutex_);
    const auto known = entries_.find(key);
    if (known != entries_.end() && known->second.read && *known->second.read <= now &&
        now - *known->second.read < kMaxAge && known->second.month == MonthOf(now) &&
        known->second.quotas_version == quotas_.version()) {
      return StateOf(known->second, now);
    }
  }
  return GetNow(key);
}

Result<Traffic::State> Traffic::GetNow(const BookKey& key) {
  BW_TRY_STATUS(BeforeWaiting());
  const MutexLock reading(flush_mutex_);
  const Timestamp now = clock_.Now();
  const std::chrono::year_month month = MonthOf(now);
  const std::uint64_t version = quotas_.version();
  Limits limits;
  BW_TRY(const Row row, database_.ReadValue([&](db::Transaction& tx) -> Result<Row> {
    if (key.name_space.empty()) {
      BW_TRY(const AccountPlan plan, quotas_.Get(tx, key.account, key.registry));
      limits = plan.limits();
    } else {
      BW_TRY(limits, Quotas::GetNamespace(tx, key.registry, key.name_space));
    }
    return ReadRow(tx, key, month);
  }));
  const MutexLock lock(mutex_);
  if (entries_.size() >= kMaxEntries) {
    std::erase_if(entries_, [](const auto& one) { return one.second.pending == 0; });
  }
  Add(key, month, 0);
  Entry& entry = entries_[key];
  // Raised since: what comes to the limit again does so anew.
  if (entry.limits != limits) entry.reached.reset();
  entry.flushed = row.bytes;
  entry.limits = limits;
  if (row.reached) entry.reached = row.reached;
  entry.read = now;
  entry.quotas_version = version;
  return StateOf(entry, now);
}

std::vector<Traffic::Counted> Traffic::Take() {
  const MutexLock lock(mutex_);
  std::vector<Counted> all = earlier_;
  for (const auto& [key, entry] : entries_) {
    if (entry.pending > 0) all.push_back({key, entry.month, entry.pending});
  }
  return all;
}

void Traffic::Written(const std::vector<Counted>& written) {
  const MutexLock lock(mutex_);
  std::uint64_t bytes = 0;
  for (const Counted& one : written) {
    if (!one.key.name_space.empty()) bytes += static_cast<std::uint64_t>(one.bytes);
    const auto entry = entries_.find(one.key);
    if (entry != entries_.end() && entry->second.month == one.month) {
      entry->second.pending -= one.bytes;
      entry->second.flushed += one.bytes;
      continue;
    }
    // Its month has ended meanwhile, or had before: take it from what is left of that.
    for (Counted& late : earlier_) {
      if (late.key != one.key || late.month != one.month) continue;
      late.bytes -= one.bytes;
      break;
    }
  }
  std::erase_if(earlier_, [](const Counted& late) { return late.bytes <= 0; });
  pending_.fetch_sub(bytes, std::memory_order_relaxed);
}

Status Traffic::Write(db::Transaction& tx, const Counted& counted) {
  const BookKey& key = counted.key;
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO pull_traffic (account, registry, name_space, month, bytes, warned, "
      "reached) VALUES ($1, $2, $3, $4, $5, 0, NULL) ON CONFLICT (account, registry, "
      "name_space, month) DO UPDATE SET bytes = pull_traffic.bytes + excluded.bytes",
      {key.account, key.registry, key.name_space, ToString(counted.month), counted.bytes}));
  return Judge(tx, counted);
}

// Others may judge the same row at once: only who changes it has something to say.
Status Traffic::Judge(db::Transaction& tx, const Counted& counted) {
  const BookKey& key = counted.key;
  Limits limits;
  if (key.name_space.empty()) {
    BW_TRY(const AccountPlan plan, quotas_.Get(tx, key.account, key.registry));
    limits = plan.limits();
  } else {
    BW_TRY(limits, Quotas::GetNamespace(tx, key.registry, key.name_space));
  }
  if (limits.traffic == kUnlimited) return Ok();
  const std::string month = ToString(counted.month);
  BW_TRY(const Row row, ReadRow(tx, key, counted.month));
  const std::int64_t percent = ThresholdOf(row.bytes, limits.traffic);
  BW_TRY_STATUS(
      tx.Execute("UPDATE pull_traffic SET warned = $5 WHERE account = $1 AND registry = "
                 "$2 AND name_space = $3 AND month = $4 AND warned > $5",
                 {key.account, key.registry, key.name_space, month, percent}));
  if (percent == 100 && !row.reached) {
    BW_TRY_STATUS(
        tx.Execute("UPDATE pull_traffic SET reached = $5 WHERE account = $1 AND "
                   "registry = $2 AND name_space = $3 AND month = $4 AND reached IS NULL",
                   {key.account, key.registry, key.name_space, month, clock_.Now()}));
  }
  BW_TRY(const auto risen,
         tx.Execute("UPDATE pull_traffic SET warned = $5 WHERE account = $1 AND registry = $2 AND "
                    "name_space = $3 AND month = $4 AND warned < $5",
                    {key.account, key.registry, key.name_space, month, percent}));
  if (risen == 0) return Ok();
  return jobs_.Emit(tx, QuotaWarning(key, "traffic", percent, row.bytes, limits.traffic));
}

Status Traffic::Flush() {
  const MutexLock flushing(flush_mutex_);
  std::vector<Counted> all = Take();
  if (all.empty()) return Ok();
  // One order in all processes, so that none waits for a row of another in a circle.
  std::ranges::sort(all, {}, [](const Counted& one) { return std::tie(one.key, one.month); });
  const Status written = database_.Write(
      [&](db::Transaction& tx) -> Status {
        for (const Counted& one : all) BW_TRY_STATUS(Write(tx, one));
        return Ok();
      },
      db::Isolation::kStatement);
  if (!written.ok()) {
    failed_.fetch_add(1, std::memory_order_relaxed);
    return written;
  }
  Written(all);
  return Ok();
}

}  // namespace breakwater::registry
