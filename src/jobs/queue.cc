#include "jobs/queue.h"

#include <utility>

#include "db/lazy_flush.h"

namespace breakwater::jobs {
namespace {

constexpr std::size_t kMaxPayload = 1 << 20;
constexpr std::size_t kMaxErrorText = 500;

// Selects a claim that is still ours; parameters of these numbers.
constexpr const char* kStillOurs =
    " WHERE id = $1 AND attempt = $2 AND owner = $3 AND state = 'running'";

std::string ErrorText(const Error& error) {
  std::string text = error.message();
  if (!error.reason().empty()) text += " (" + error.reason() + ")";
  if (text.size() <= kMaxErrorText) return text;
  std::size_t end = kMaxErrorText;
  // Not inside a character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

// A claim or its end that a power cut undoes makes the job run again, which it must bear anyway.
Status Run(db::Database& database, std::string_view sql, std::initializer_list<db::Param> params) {
  const db::LazyFlush lazy;
  return database.Write(
      [&](db::Transaction& tx) -> Status {
        BW_TRY_STATUS(tx.Execute(sql, params));
        return Ok();
      },
      db::Isolation::kStatement);
}

}  // namespace

Queue::Queue(db::Database& database, const Clock& clock, std::string owner,
             std::chrono::microseconds lease)
    : database_(database), clock_(clock), owner_(std::move(owner)), lease_(lease) {}

void Queue::SetKinds(std::vector<std::string> kinds) {
  kinds_ = std::move(kinds);
  std::string among;
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    among += (i == 0 ? "$" : ", $") + std::to_string(i + 2);
  }
  // '+': not by the index of what is due, through which all others would be passed to find them.
  const std::string recurring =
      " FROM job WHERE recurring = 1 AND +due <= $1 AND kind IN (" + among + ")";
  const std::string due = " FROM job WHERE due <= $1 AND kind IN (" + among + ")";
  // What another process is claiming at this moment is not waited for.
  const std::string unlocked =
      database_.dialect() == db::Dialect::kPostgres ? " FOR UPDATE SKIP LOCKED" : "";
  const std::string first_recurring =
      "(SELECT id" + recurring + " ORDER BY +due, +id LIMIT 1" + unlocked + ")";
  const std::string first = "(SELECT id" + due + " ORDER BY due, id LIMIT 1" + unlocked + ")";
  const auto claim = [&](const std::string& id) {
    const auto after = [&](std::size_t n) { return "$" + std::to_string(kinds_.size() + 1 + n); };
    return "UPDATE job SET state = 'running', attempt = attempt + 1, owner = " + after(1) +
           ", due = " + after(2) + " WHERE id = " + id +
           " RETURNING id, kind, payload, attempt, created";
  };
  all_ = {.any_due = "SELECT 1" + due + " LIMIT 1",
          .claim = claim("COALESCE(" + first_recurring + ", " + first + ")")};
  recurring_ = {.any_due = "SELECT 1" + recurring + " LIMIT 1", .claim = claim(first_recurring)};
}

Status Queue::Add(db::Transaction& tx, const NewJob& job, Timestamp due) {
  BW_CHECK(!job.kind.empty());
  const std::string payload = json::Serialize(job.payload);
  if (payload.size() > kMaxPayload) return TooLarge("a background job's data is too large");
  const auto key =
      job.deduplication_key.empty() ? std::nullopt : std::optional(job.deduplication_key);
  while (true) {
    BW_TRY(const std::int64_t added,
           tx.Execute("INSERT INTO job (kind, payload, deduplication_key, state, recurring, "
                      "attempt, due, created)"
                      " VALUES ($1, $2, $3, 'pending', 0, 0, $4, $5) ON CONFLICT DO NOTHING",
                      {job.kind, payload, key, due, clock_.Now()}));
    if (added > 0 || database_.dialect() != db::Dialect::kPostgres) return Ok();
    // The one that waits does for both only if it runs after this transaction: Next passes over it
    // until then. If it runs already, there is room for another.
    BW_TRY(const auto waiting,
           tx.QueryOne("SELECT 1 FROM job WHERE kind = $1 AND deduplication_key = $2"
                       " AND state = 'pending' FOR SHARE",
                       {job.kind, key}, [](const db::Row&) { return true; }));
    if (waiting) return Ok();
  }
}

Status Queue::AddRecurring(const std::string& kind, std::chrono::microseconds interval) {
  const Timestamp now = clock_.Now();
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO job (kind, payload, state, recurring, attempt, due, created)"
                   " SELECT $1, 'null', 'pending', 1, 0, $2, $2"
                   " WHERE NOT EXISTS (SELECT 1 FROM job WHERE kind = $1)",
                   {kind, now}));
    // The interval may have been longer in the program before this one.
    BW_TRY_STATUS(
        tx.Execute("UPDATE job SET due = $2 WHERE kind = $1 AND state = 'pending' AND due > $2",
                   {kind, now + interval}));
    return Ok();
  });
}

// An idle server writes nothing.
Result<bool> Queue::AnyDue(const Statements& statements, Timestamp now) {
  std::vector<db::Param> params{now};
  params.insert(params.end(), kinds_.begin(), kinds_.end());
  bool any = false;
  BW_TRY_STATUS(database_.Read([&](db::Transaction& tx) {
    return tx.QueryWith(statements.any_due, params, [&](const db::Row&) {
      any = true;
      return Ok();
    });
  }));
  return any;
}

Result<std::optional<Claim>> Queue::Next(Taken taken) {
  if (kinds_.empty()) return std::optional<Claim>{};
  const Statements& statements = taken == Taken::kAll ? all_ : recurring_;
  const Timestamp now = clock_.Now();
  BW_TRY(const bool any, AnyDue(statements, now));
  if (!any) return std::optional<Claim>{};
  std::vector<db::Param> params{now};
  params.insert(params.end(), kinds_.begin(), kinds_.end());
  params.emplace_back(owner_);
  params.emplace_back(now + lease_);
  std::optional<Claim> claim;
  const db::LazyFlush lazy;
  BW_TRY_STATUS(database_.Write(
      [&](db::Transaction& tx) {
        claim.reset();
        return tx.QueryWith(statements.claim, params, [&](const db::Row& row) {
          claim = Claim{.id = row.Int(0),
                        .kind = row.String(1),
                        .payload = row.String(2),
                        .attempt = static_cast<int>(row.Int(3)),
                        .created = row.Time(4)};
          return Ok();
        });
      },
      db::Isolation::kStatement));
  return claim;
}

Status Queue::Renew(std::span<const Claim> claims) {
  const Timestamp until = clock_.Now() + lease_;
  const std::string sql = std::string("UPDATE job SET due = $4") + kStillOurs;
  const db::LazyFlush lazy;
  return database_.Write(
      [&](db::Transaction& tx) -> Status {
        for (const Claim& claim : claims) {
          BW_TRY_STATUS(tx.Execute(sql, {claim.id, claim.attempt, owner_, until}));
        }
        return Ok();
      },
      db::Isolation::kStatement);
}

Status Queue::Remove(const Claim& claim) {
  return Run(database_, std::string("DELETE FROM job") + kStillOurs,
             {claim.id, claim.attempt, owner_});
}

Status Queue::Repeat(const Claim& claim, Timestamp due) {
  return Run(database_,
             std::string("UPDATE job SET state = 'pending', owner = NULL, attempt = 0, due = $4,"
                         " last_error = NULL") +
                 kStillOurs,
             {claim.id, claim.attempt, owner_, due});
}

Status Queue::Retry(const Claim& claim, Timestamp due, const Error& error) {
  const std::string text = ErrorText(error);
  return database_.Write([&](db::Transaction& tx) -> Status {
    // While it ran, another of its kind and key came to wait: that one does for both.
    BW_TRY(const auto superseded,
           tx.Execute(std::string("DELETE FROM job") + kStillOurs +
                          " AND EXISTS (SELECT 1 FROM job AS other WHERE other.state = 'pending'"
                          " AND other.kind = job.kind"
                          " AND other.deduplication_key = job.deduplication_key)",
                      {claim.id, claim.attempt, owner_}));
    if (superseded != 0) return Ok();
    BW_TRY_STATUS(tx.Execute(
        std::string("UPDATE job SET state = 'pending', owner = NULL, due = $4, last_error = $5") +
            kStillOurs,
        {claim.id, claim.attempt, owner_, due, text}));
    return Ok();
  });
}

Status Queue::Bury(const Claim& claim, const Error& error) {
  const std::string text = ErrorText(error);
  return Run(database_,
             std::string("UPDATE job SET state = 'dead', owner = NULL, due = NULL,"
                         " last_error = $4") +
                 kStillOurs,
             {claim.id, claim.attempt, owner_, text});
}

Result<Counts> Queue::Count() {
  return database_.ReadValue([](db::Transaction& tx) -> Result<Counts> {
    Counts counts;
    BW_TRY_STATUS(tx.Query("SELECT state, count(*) FROM job WHERE recurring = 0 GROUP BY state", {},
                           [&](const db::Row& row) {
                             const std::int64_t count = row.Int(1);
                             if (row.Text(0) == "pending") counts.pending = count;
                             if (row.Text(0) == "running") counts.running = count;
                             if (row.Text(0) == "dead") counts.dead = count;
                             return Ok();
                           }));
    return counts;
  });
}

}  // namespace breakwater::jobs
