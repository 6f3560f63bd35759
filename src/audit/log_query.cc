#include "audit/log_query.h"

#include <algorithm>
#include <iterator>
#include <thread>

#include "base/strings.h"
#include "crypto/hash.h"

namespace breakwater::audit {
namespace {

// The records of one actor, or of one image, lie far from each other: where they are not in memory,
// a query of many is waiting for a disk, once for each. So its parts wait at the same time.
constexpr std::size_t kParts = 4;
constexpr std::size_t kWorthParting = 32;  // records
// So many entries are looked through where they are; of more, an index of what is asked for tells.
constexpr std::int64_t kFewSealed = 10'000;
// A third of what PostgreSQL takes into an index.
constexpr std::size_t kMaxCompared = 900;

// By which index a statement finds its way. The other columns are spelled as expressions, which no
// index has: SQLite keeps no statistics, and would as soon walk over all records of an account.
enum class Lead { kSequence, kRequest, kNarrow, kAccount };

Lead LeadOf(const Filter& f) {
  if (f.request_id) return Lead::kRequest;
  return f.initiator || f.target || f.action ? Lead::kNarrow : Lead::kAccount;
}

// A WHERE of what is asked for alone, so that an index can be used.
class Conditions {
 public:
  explicit Conditions(Lead lead) : lead_(lead) {}

  // All that a filter says, but for where to begin.
  void Add(const Filter& f) {
    Text("account", f.account, lead_ == Lead::kAccount);
    Text("action", f.action, lead_ == Lead::kNarrow);
    Text("initiator", f.initiator, lead_ == Lead::kNarrow);
    Text("target", f.target, lead_ == Lead::kNarrow);
    Text("request_id", f.request_id, lead_ == Lead::kRequest);
    // Not a parameter: an index of failures alone is found by the word.
    if (f.outcome) Say("outcome = '" + std::string(ToText(*f.outcome)) + "'");
    Add("time >= ", f.since);
    Add("time < ", f.until);
    Add(sequence() + " <= ", f.sealed_until);
  }
  template <class T>
  void Add(const std::string& column_and_operator, const std::optional<T>& value) {
    if (value) Say(column_and_operator + Next(*value));
  }
  void After(const std::optional<Position>& position) {
    if (!position) return;
    const std::string time = Next(position->time);
    Say("(time > " + time + " OR (time = " + time + " AND row > " + Next(position->row) + "))");
    // Said once more for what finds its way by the first column of an index.
    Add("time >= ", std::optional(position->time));
  }
  void UpTo(const std::optional<Position>& position) {
    if (!position) return;
    const std::string time = Next(position->time);
    Say("(time < " + time + " OR (time = " + time + " AND row <= " + Next(position->row) + "))");
    Add("time <= ", std::optional(position->time));
  }
  std::string sequence() const { return lead_ == Lead::kSequence ? "sequence" : "sequence + 0"; }

  Statement Select(std::string_view columns, const std::string& order, std::int64_t most) {
    const std::string limit = Next(most);
    return {"SELECT " + std::string(columns) + " FROM audit_record " + sql_ + " ORDER BY " + order +
                " LIMIT " + limit,
            std::move(params_)};
  }

 private:
  template <class T>
  void Text(const std::string& column, const std::optional<T>& value, bool leads) {
    Add(column + (leads ? " = " : " || '' = "), value);
  }
  void Say(const std::string& condition) {
    sql_ += sql_.empty() ? "WHERE " : " AND ";
    sql_ += condition;
  }
  std::string Next(const db::Param& value) {
    params_.push_back(value);
    return "$" + std::to_string(params_.size());
  }

  const Lead lead_;
  std::string sql_;
  std::vector<db::Param> params_;  // of values that live as long as the filter
};

constexpr std::string_view kColumns = "row, sequence, time, document";

Result<std::vector<Found>> Ask(db::Database& database, const Statement& statement) {
  return database.ReadValue([&](db::Transaction& tx) -> Result<std::vector<Found>> {
    std::vector<Found> all;
    BW_TRY_STATUS(tx.QueryWith(statement.sql, statement.params, [&](const db::Row& row) -> Status {
      Found found{.position = {row.Time(2), row.Int(0)}, .sequence = std::nullopt, .record = {}};
      if (!row.IsNull(1)) found.sequence = row.Int(1);
      auto document = json::Parse(row.Text(3), kStoredRecord);
      if (!document.ok()) {
        return DataCorrupt("an audit record is damaged").Log(document.error().message());
      }
      BW_TRY(found.record, FromJson(*document));
      all.push_back(std::move(found));
      return Ok();
    }));
    return all;
  });
}

// Where the parts of a query end: with which of its records, as an index tells without reading
// them. None where it is not worth it.
Result<std::vector<Position>> PartsOf(db::Database& database, const Filter& f) {
  std::vector<Position> ends;
  if (LeadOf(f) != Lead::kNarrow) return ends;
  Conditions where(Lead::kNarrow);
  // What all of the index's columns are enough for.
  Filter one{.since = f.since, .until = f.until};
  if (f.initiator) {
    one.initiator = f.initiator;
  } else if (f.target) {
    one.target = f.target;
  } else {
    one.action = f.action;
  }
  where.Add(one);
  where.After(f.after);
  const Statement statement = where.Select("time, row", "time, row", f.limit);
  std::vector<Position> all;
  BW_TRY_STATUS(database.Read([&](db::Transaction& tx) {
    all.clear();
    return tx.QueryWith(statement.sql, statement.params, [&](const db::Row& row) -> Status {
      all.push_back({row.Time(0), row.Int(1)});
      return Ok();
    });
  }));
  if (all.size() < kWorthParting) return ends;
  for (std::size_t i = 1; i <= kParts; ++i) ends.push_back(all[all.size() * i / kParts - 1]);
  return ends;
}

void Shorten(std::vector<Found>& all, std::int64_t most) {
  if (std::ssize(all) > most) all.erase(all.begin() + static_cast<std::ptrdiff_t>(most), all.end());
}

Filter Compared(Filter filter) {
  if (filter.target) filter.target = ComparedTarget(*filter.target);
  return filter;
}

}  // namespace

Statement SelectRecords(const Filter& filter, const std::optional<Position>& to) {
  Conditions where(LeadOf(filter));
  where.Add(filter);
  where.After(filter.after);
  where.UpTo(to);
  return where.Select(kColumns, "time, row", filter.limit);
}

Statement SelectLate(const Filter& filter) {
  const std::int64_t sealed = *filter.after->sealed;
  const bool few = *filter.sealed_until - sealed <= kFewSealed;
  Conditions where(few ? Lead::kSequence : LeadOf(filter));
  where.Add(filter);
  where.UpTo(filter.after);
  where.Add("time >= ", std::optional(filter.after->time - kLate));
  where.Add(where.sequence() + " > ", std::optional(sealed));
  return where.Select(kColumns, where.sequence(), filter.limit);
}

std::string ComparedTarget(std::string_view name) {
  std::string text = ReplaceInvalidUtf8(name);
  for (std::size_t at = text.find('\0'); at != std::string::npos; at = text.find('\0', at)) {
    text.replace(at, 1, "\xef\xbf\xbd");
  }
  if (text.size() <= kMaxCompared) return text;
  return "sha256:" + crypto::Sha256Hex(text);
}

Result<std::vector<Found>> Log::Query(const Filter& given) const {
  const Filter filter = Compared(given);
  BW_TRY(const std::vector<Position> ends, PartsOf(database_, filter));
  std::vector<Result<std::vector<Found>>> parts(ends.size(), std::vector<Found>());
  const auto query = [&](std::size_t i) {
    Filter part = filter;
    if (i > 0) part.after = ends[i - 1];
    parts[i] = Ask(database_, SelectRecords(part, ends[i]));
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < parts.size(); ++i) others.emplace_back(query, i);
    if (!parts.empty()) query(0);
  }
  std::vector<Found> all;
  for (auto& part : parts) {
    if (!part.ok()) return std::move(part).error();
    std::ranges::move(*part, std::back_inserter(all));
  }
  // Where another condition has left out some of the parts' records, or there are no parts.
  Filter rest = filter;
  if (!ends.empty()) rest.after = ends.back();
  rest.limit -= std::ssize(all);
  if (rest.limit > 0) {
    BW_TRY(auto last, Ask(database_, SelectRecords(rest)));
    std::ranges::move(last, std::back_inserter(all));
  }
  // Records that came between the parts' reading may be more than were asked for.
  Shorten(all, filter.limit);
  return all;
}

Result<Page> Log::List(const Filter& given) const {
  // What cannot be sealed just now is listed as soon as it is.
  static_cast<void>(Seal());
  BW_TRY(const ChainEnd sealed, End());
  Filter filter = Compared(given);
  filter.sealed_until = sealed.sequence;
  Page page{.end = filter.after.value_or(Position{})};
  if (page.end.sealed) {
    BW_TRY(page.found, Ask(database_, SelectLate(filter)));
    page.full = std::ssize(page.found) >= filter.limit;
    if (page.full) {
      // There may be more of these, before what lies behind.
      page.end.sealed = page.found.back().sequence;
      return page;
    }
  }
  filter.limit -= std::ssize(page.found);
  BW_TRY(auto behind, Query(filter));
  page.full = std::ssize(behind) >= filter.limit;
  if (!behind.empty()) page.end = behind.back().position;
  page.end.sealed = sealed.sequence;
  std::ranges::move(behind, std::back_inserter(page.found));
  return page;
}

}  // namespace breakwater::audit
