#include "iam/sessions.h"

#include <algorithm>

#include "iam/store_sql.h"

namespace breakwater::iam {
namespace {

using std::chrono::seconds;

constexpr std::string_view kWhat = "session";
constexpr std::string_view kPrefix = "Session-";
constexpr seconds kLongestGrain{60};
constexpr std::int64_t kSweptAtOnce = 5000;
constexpr std::size_t kMaxAgent = 256;

constexpr std::string_view kColumns =
    "SELECT id, account_id, iam_id, source, address, agent, refresh_generation, created_at, "
    "last_used_at, expires_at, idle_seconds, revoked_at, revoked_why, proved_at, checked_at FROM "
    "iam_session ";

Session MakeSession(const db::Row& row) {
  return {.id = row.String(0),
          .account = AccountId(row.String(1)),
          .iam_id = IamId(row.String(2)),
          .source = row.String(3),
          .address = row.String(4),
          .agent = row.String(5),
          .refresh_generation = row.Int(6),
          .created = row.Time(7),
          .last_used = row.Time(8),
          .expires = row.Time(9),
          .idle = seconds(row.Int(10)),
          .proved = row.Time(13),
          .checked = row.Time(14),
          .revoked = row.OptionalTime(11),
          .revoked_why = row.String(12)};
}

Status Insert(db::Transaction& tx, const Session& s) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_session (id, account_id, iam_id, source, address, agent, "
      "refresh_generation, created_at, last_used_at, expires_at, idle_seconds, revoked_at, "
      "revoked_why, proved_at, checked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
      "NULL, '', $12, $13)",
      {s.id, s.account, s.iam_id, s.source, s.address, s.agent, s.refresh_generation, s.created,
       s.last_used, s.expires, s.idle.count(), s.proved, s.checked}));
  return Ok();
}

// What still counts at a moment: $2 of the statement it is put into.
constexpr std::string_view kStands =
    "revoked_at IS NULL AND expires_at > $2 AND last_used_at + idle_seconds * 1000000 > $2 ";

// Ends the oldest, so that one more finds room. Whether any was.
Result<bool> MakeRoom(db::Transaction& tx, const Session& coming, std::int64_t most) {
  BW_TRY(const auto standing,
         tx.QueryAll(store::Sql("SELECT id FROM iam_session WHERE iam_id = $1 AND account_id = $3 "
                                "AND ",
                                kStands) +
                         "ORDER BY created_at DESC, id",
                     {coming.iam_id, coming.created, coming.account},
                     [](const db::Row& row) { return row.String(0); }));
  const auto kept = static_cast<std::size_t>(std::max<std::int64_t>(most - 1, 0));
  for (std::size_t i = kept; i < standing.size(); ++i) {
    BW_TRY_STATUS(store::EndSession(tx, standing[i], coming.created, "too_many_sessions"));
  }
  return standing.size() > kept;
}

std::string Shortened(std::string text) {
  if (text.size() > kMaxAgent) text.resize(kMaxAgent);
  std::replace_if(text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

// Those from a browser, which have no session that they die with. `account` empty: wherever.
Status EndPasscodes(db::Transaction& tx, const IamId& iam_id, const AccountId& account = {}) {
  BW_TRY_STATUS(
      tx.Execute("DELETE FROM iam_one_time WHERE iam_id = $1 AND session_id = '' AND "
                 "($2 = '' OR account_id = $2)",
                 {iam_id, account}));
  return Ok();
}

control::Resource SessionResource(const AccountId& account, const IamId& iam_id) {
  return IamResource(account, "iam-identity", "session", iam_id.value());
}

Error Refused(std::string message, std::string reason) {
  return Unauthenticated(std::move(message)).Reason(std::move(reason));
}

}  // namespace

bool IsSessionId(std::string_view credential_id) {
  return credential_id.starts_with(kPrefix);
}

seconds UseGrain(const Session& session) {
  return std::clamp(session.idle / 8, seconds{1}, kLongestGrain);
}

Timestamp EndOf(const Session& session) {
  return std::min(session.expires, session.last_used + session.idle);
}

Status CheckSession(const std::optional<Session>& session, Timestamp now) {
  if (!session) return Refused("the session is unknown: sign in again", "session_unknown");
  if (session->revoked) return Refused("the session was ended: sign in again", "session_revoked");
  if (session->expires <= now) {
    return Refused("the session has expired: sign in again", "session_expired");
  }
  if (session->last_used + session->idle <= now) {
    return Refused("the session was not used for too long: sign in again", "session_idle");
  }
  return Ok();
}

json::Value ToJson(const Session& session) {
  json::Object out{{"id", json::Text(session.id)},
                   {"iam_id", json::Text(session.iam_id.value())},
                   {"source", json::Text(session.source)},
                   {"address", json::Text(session.address)},
                   {"user_agent", json::Text(session.agent)},
                   {"created_at", json::Text(FormatRfc3339(session.created))},
                   {"last_used_at", json::Text(FormatRfc3339(session.last_used))},
                   {"expires_at", json::Text(FormatRfc3339(session.expires))},
                   {"idle_seconds", session.idle.count()}};
  if (session.revoked) {
    out["revoked_at"] = json::Text(FormatRfc3339(*session.revoked));
    out["revoked_because"] = json::Text(session.revoked_why);
  }
  return out;
}

namespace store {

Result<std::optional<Session>> FindSession(db::Transaction& tx, std::string_view id) {
  return tx.QueryOne(Sql(kColumns, "WHERE id = $1"), {id}, MakeSession);
}

Status TouchSession(db::Transaction& tx, std::string_view id, Timestamp now) {
  BW_TRY_STATUS(
      tx.Execute("UPDATE iam_session SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2 "
                 "AND revoked_at IS NULL",
                 {id, now}));
  return Ok();
}

Status MarkSessionChecked(db::Transaction& tx, std::string_view id, Timestamp now) {
  BW_TRY_STATUS(tx.Execute(
      "UPDATE iam_session SET checked_at = $2 WHERE id = $1 AND checked_at < $2", {id, now}));
  return Ok();
}

Status EndSession(db::Transaction& tx, std::string_view id, Timestamp now, std::string_view why) {
  BW_TRY_STATUS(tx.Execute(
      "UPDATE iam_session SET revoked_at = $2, revoked_why = $3 WHERE id = $1 AND revoked_at IS "
      "NULL",
      {id, now, why}));
  return Ok();
}

Result<std::int64_t> EndSessionsOf(db::Transaction& tx, const IamId& iam_id,
                                   std::string_view spared, Timestamp now, std::string_view why) {
  BW_TRY_STATUS(EndPasscodes(tx, iam_id));
  return tx.Execute(
      "UPDATE iam_session SET revoked_at = $2, revoked_why = $3 WHERE iam_id = $1 "
      "AND revoked_at IS NULL AND expires_at > $2 AND id <> $4",
      {iam_id, now, why, spared});
}

Result<std::int64_t> EndSessionsOfOtherSources(db::Transaction& tx,
                                               const std::vector<std::string>& sources,
                                               Timestamp now) {
  BW_TRY(const auto standing,
         tx.QueryAll("SELECT DISTINCT account_id, source FROM iam_session WHERE revoked_at IS NULL "
                     "AND expires_at > $1 ORDER BY account_id, source",
                     {now}, [](const db::Row& row) {
                       return std::pair(AccountId(row.String(0)), row.String(1));
                     }));
  std::int64_t ended = 0;
  for (const auto& [account, source] : standing) {
    if (std::ranges::find(sources, source) != sources.end()) continue;
    BW_TRY_STATUS(tx.Execute("DELETE FROM iam_one_time WHERE account_id = $1 AND source = $2",
                             {account, source}));
    BW_TRY(const std::int64_t of_these,
           tx.Execute("UPDATE iam_session SET revoked_at = $3, revoked_why = 'source_removed' "
                      "WHERE account_id = $1 AND source = $2 AND revoked_at IS NULL AND "
                      "expires_at > $3",
                      {account, source, now}));
    ended += of_these;
    BW_TRY_STATUS(BumpVersion(tx, account));
  }
  return ended;
}

}  // namespace store

Result<Session> Sessions::Begin(const control::Caller& who, std::string source,
                                SessionLimits limits, audit::Severity severity,
                                std::vector<jobs::Event> events) {
  const Timestamp now = deps_.clock.Now();
  const Session session{.id = std::string(kPrefix) + NewUuid(),
                        .account = who.actor.account,
                        .iam_id = who.actor.iam_id,
                        .source = std::move(source),
                        .address = who.origin.address,
                        .agent = Shortened(who.origin.user_agent),
                        .created = now,
                        .last_used = now,
                        .expires = now + limits.life,
                        .idle = limits.idle,
                        .proved = limits.proved.value_or(now),
                        .checked = now};
  BW_TRY_STATUS(deps_.changes.Submit(
      who, {.action = "iam-identity.session.create",
            .resource = SessionResource(session.account, session.iam_id),
            .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
              BW_TRY(const bool ended, MakeRoom(tx, session, limits.most));
              BW_TRY_STATUS(Insert(tx, session));
              if (ended) BW_TRY_STATUS(store::BumpVersion(tx, session.account));
              return control::Effect{
                  .before = nullptr, .after = ToJson(session), .governed = {}, .events = events};
            },
            .severity = severity}));
  return session;
}

Result<Session> Sessions::Rotate(const control::Origin& origin, std::string_view id,
                                 std::int64_t generation) {
  const Timestamp now = deps_.clock.Now();
  bool replayed = false;
  BW_TRY(Session session, deps_.database.WriteValue([&](db::Transaction& tx) -> Result<Session> {
    BW_TRY(auto found, store::FindSession(tx, id));
    BW_TRY_STATUS(CheckSession(found, now));
    replayed = found->refresh_generation != generation;
    if (replayed) return *found;
    ++found->refresh_generation;
    found->last_used = now;
    BW_TRY_STATUS(tx.Execute(
        "UPDATE iam_session SET refresh_generation = $2, last_used_at = $3 WHERE id = $1",
        {id, found->refresh_generation, now}));
    return *found;
  }));
  if (!replayed) return session;
  return EndReplayed(origin, session).error();
}

Status Sessions::EndReplayed(const control::Origin& origin, const Session& session) {
  control::Caller caller =
      control::SystemCaller(session.account, "a used refresh token was presented");
  caller.origin = origin;
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "iam-identity.session.delete",
               .resource = SessionResource(session.account, session.iam_id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY_STATUS(store::EndSession(tx, session.id, deps_.clock.Now(),
                                                 "refresh_token_replayed"));
                 return Changed(tx, session.account, ToJson(session), nullptr);
               },
               .severity = audit::Severity::kCritical}));
  return Refused("this refresh token was used before, so its session was ended: sign in again",
                 "refresh_token_replayed");
}

Result<store::Listed<Session>> Sessions::List(const control::Caller& caller,
                                              const AccountId& account, const SessionFilter& filter,
                                              const store::Page& page) {
  if (filter.iam_id != caller.actor.iam_id) {
    BW_TRY_STATUS(authorizer_.Authorize(caller, "iam-identity.session.list",
                                        SessionResource(account, filter.iam_id)));
  }
  const Timestamp now = deps_.clock.Now();
  const std::string where = "WHERE account_id = $1 AND ($3 = '' OR iam_id = $3) AND ($4 = 1 OR (" +
                            std::string(kStands) + ")) ";
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<store::Listed<Session>> {
    store::Listed<Session> listed;
    BW_TRY(listed.total, store::Number(tx, "SELECT count(*) FROM iam_session " + where,
                                       {account, now, filter.iam_id, filter.ended}));
    BW_TRY(listed.items,
           tx.QueryAll(
               store::Sql(kColumns, where) + "ORDER BY created_at DESC, id LIMIT $5 OFFSET $6",
               {account, now, filter.iam_id, filter.ended, page.limit, page.offset}, MakeSession));
    return listed;
  });
}

Result<Session> Sessions::Get(const control::Caller& caller, const AccountId& account,
                              std::string_view id) {
  BW_TRY(auto session, deps_.database.ReadValue([&](db::Transaction& tx) {
    return Existing(store::FindSession(tx, id), account, kWhat);
  }));
  if (session.iam_id == caller.actor.iam_id) return session;
  const Status may = authorizer_.Authorize(caller, "iam-identity.session.read",
                                           SessionResource(account, session.iam_id));
  if (!may.ok()) return may.error().code() == ErrorCode::kDenied ? NoSuch(kWhat) : may.error();
  return session;
}

Status Sessions::Revoke(const control::Caller& caller, const AccountId& account,
                        std::string_view id) {
  BW_TRY(const Session found, Get(caller, account, id));
  return deps_.changes.Submit(
      caller, {.action = "iam-identity.session.delete",
               .resource = SessionResource(account, found.iam_id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const Session session,
                        Existing(store::FindSession(tx, id), account, kWhat));
                 BW_TRY_STATUS(store::EndSession(tx, id, deps_.clock.Now(), "revoked"));
                 return Changed(tx, account, ToJson(session), nullptr);
               }});
}

Result<std::int64_t> Sessions::RevokeAll(const control::Caller& caller, const AccountId& account,
                                         const IamId& iam_id) {
  std::int64_t count = 0;
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "iam-identity.session.delete",
               .resource = SessionResource(account, iam_id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY_STATUS(EndPasscodes(tx, iam_id, account));
                 BW_TRY(count, tx.Execute("UPDATE iam_session SET revoked_at = $2, revoked_why = "
                                          "'revoked' WHERE iam_id = $1 AND account_id = $3 AND "
                                          "revoked_at IS NULL AND expires_at > $2",
                                          {iam_id, deps_.clock.Now(), account}));
                 return Changed(tx, account, {{"sessions", count}}, {{"sessions", 0}});
               }}));
  return count;
}

Status Sessions::Sweep() {
  const Timestamp before = deps_.clock.Now() - kKeptAfterEnd;
  return deps_.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute(
        "DELETE FROM iam_session WHERE id IN (SELECT id FROM iam_session WHERE expires_at < $1 "
        "ORDER BY expires_at LIMIT $2)",
        {before, kSweptAtOnce}));
    return Ok();
  });
}

}  // namespace breakwater::iam
