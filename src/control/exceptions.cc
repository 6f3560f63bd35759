#include "control/exceptions.h"

#include "base/check.h"
#include "control/exception_facts.h"
#include "control/fact_events.h"
#include "control/hierarchy.h"
#include "json/reader.h"

namespace breakwater::control {
namespace {

using json::Text;

constexpr std::string_view kExpireJob = "control.exception_ends";
constexpr std::size_t kMaxText = 4096;

constexpr std::string_view kSelect =
    "SELECT id, account, kind, subject, crn, owner, reason, ticket, expires, requested, "
    "requested_by, approved, approver, ended, ended_by FROM control_exception ";

Result<Exception> ExceptionOf(const db::Row& row) {
  Exception one{.id = row.String(0),
                .account = AccountId(row.String(1)),
                .what = {.kind = {},
                         .subject = row.String(3),
                         .crn = row.String(4),
                         .owner = row.String(5),
                         .reason = row.String(6),
                         .ticket = row.String(7),
                         .expires = row.Time(8)},
                .requested = row.Time(9),
                .requested_by = row.String(10),
                .approved = row.OptionalTime(11),
                .approver = row.String(12),
                .ended = row.OptionalTime(13),
                .ended_by = row.String(14)};
  BW_TRY(one.what.kind, ParseExceptionKind(row.Text(2)));
  return one;
}

json::Value TimeOrNull(const std::optional<Timestamp>& time) {
  return time ? json::Value(Text(FormatRfc3339(*time))) : json::Value();
}

jobs::Event Changed(const Exception& one, bool counts) {
  return {std::string(kExceptionChanged),
          {{"account", Text(one.account.value())},
           {"id", Text(one.id)},
           {"kind", Text(ToString(one.what.kind))},
           {"subject", Text(one.what.subject)},
           {"counts", counts}}};
}

Error Wrong(std::string_view what) {
  return Invalid(std::string(what)).Reason("invalid_field");
}

Status CheckText(std::string_view field, const std::string& text, bool required) {
  if (required && text.empty()) return Wrong(std::string(field) + ": must not be empty");
  if (text.size() <= kMaxText) return Ok();
  return Wrong(std::string(field) + ": must have at most 4096 characters");
}

Status Check(const ExceptionDraft& draft, Timestamp now) {
  BW_TRY_STATUS(CheckText("subject", draft.subject, true));
  BW_TRY_STATUS(CheckText("crn", draft.crn, false));
  BW_TRY_STATUS(CheckText("owner", draft.owner, true));
  BW_TRY_STATUS(CheckText("reason", draft.reason, true));
  BW_TRY_STATUS(CheckText("ticket", draft.ticket, true));
  if (draft.expires <= now) return Wrong("expires_at: must lie in the future");
  if (draft.expires > now + kLongestException) {
    return Wrong("expires_at: must lie within 366 days");
  }
  return Ok();
}

}  // namespace

std::string_view ToString(ExceptionKind kind) {
  return kind == ExceptionKind::kGoal ? "goal" : "rule";
}

Result<ExceptionKind> ParseExceptionKind(std::string_view text) {
  if (text == "goal") return ExceptionKind::kGoal;
  if (text == "rule") return ExceptionKind::kRule;
  return Wrong("kind: must be goal or rule");
}

json::Value ToJson(const Exception& one, Timestamp now) {
  return {{"id", Text(one.id)},
          {"kind", Text(ToString(one.what.kind))},
          {"subject", Text(one.what.subject)},
          {"crn", Text(one.what.crn)},
          {"owner", Text(one.what.owner)},
          {"reason", Text(one.what.reason)},
          {"ticket", Text(one.what.ticket)},
          {"expires_at", Text(FormatRfc3339(one.what.expires))},
          {"requested_at", Text(FormatRfc3339(one.requested))},
          {"requested_by", Text(one.requested_by)},
          {"approved_at", TimeOrNull(one.approved)},
          {"approver", Text(one.approver)},
          {"ended_at", TimeOrNull(one.ended)},
          {"ended_by", Text(one.ended_by)},
          {"counts", one.CountsAt(now)}};
}

Exceptions::Exceptions(db::Database& database, ChangePath& changes, jobs::Jobs& jobs,
                       const Clock& clock)
    : database_(database), changes_(changes), jobs_(jobs), clock_(clock) {
  jobs_.Register(std::string(kExpireJob), {}, [this](const jobs::Job& job) { return Expire(job); });
}

Result<Exception> Exceptions::Request(const Caller& caller, const AccountId& account,
                                      const ExceptionDraft& draft) {
  const Timestamp now = clock_.Now();
  BW_TRY_STATUS(Check(draft, now));
  const Exception one{.id = "exception-" + NewUuid(),
                      .account = account,
                      .what = draft,
                      .requested = now,
                      .requested_by = caller.actor.iam_id.value(),
                      .approved = {},
                      .approver = {},
                      .ended = {},
                      .ended_by = {}};
  BW_TRY_STATUS(changes_.Submit(
      caller, {.action = "breakwater.exception.request",
               .resource = AccountResource(account, "exception", one.id),
               .apply = [&](db::Transaction& tx) -> Result<Effect> {
                 BW_TRY(const auto count,
                        tx.QueryOne("SELECT count(*) FROM control_exception WHERE account = $1 "
                                    "AND ended IS NULL AND expires > $2",
                                    {account, now}, [](const db::Row& row) { return row.Int(0); }));
                 if (count.value_or(0) >= kMaxExceptions) {
                   return Invalid("an account has at most 1000 exceptions at a time")
                       .Reason("limit_exceeded");
                 }
                 BW_TRY_STATUS(tx.Execute(
                     "INSERT INTO control_exception (id, account, kind, subject, crn, owner, "
                     "reason, ticket, expires, requested, requested_by, approver, ended_by) "
                     "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '')",
                     {one.id, account, ToString(draft.kind), draft.subject, draft.crn, draft.owner,
                      draft.reason, draft.ticket, draft.expires, now, one.requested_by}));
                 return Effect{
                     .before = nullptr, .after = ToJson(one, now), .governed = {}, .events = {}};
               }}));
  return one;
}

Result<Exception> Exceptions::Change(
    const Caller& caller, const AccountId& account, const std::string& id, std::string_view action,
    const std::function<Status(db::Transaction&, Exception&)>& change) {
  Exception one;
  BW_TRY_STATUS(changes_.Submit(
      caller, {.action = std::string(action),
               .resource = AccountResource(account, "exception", id),
               .apply = [&](db::Transaction& tx) -> Result<Effect> {
                 BW_TRY(auto found,
                        tx.QueryOne(std::string(kSelect) + "WHERE account = $1 AND id = $2",
                                    {account, id}, ExceptionOf));
                 if (!found) return NotFound("exception " + id + " was not found");
                 one = *std::move(found);
                 const Timestamp now = clock_.Now();
                 if (one.ended || now >= one.what.expires) {
                   return Conflict("the exception has ended").Reason("ended");
                 }
                 json::Value before = ToJson(one, now);
                 BW_TRY_STATUS(change(tx, one));
                 // What is under way is judged by what counts now.
                 BW_TRY_STATUS(TouchScopes(tx));
                 return Effect{.before = std::move(before),
                               .after = ToJson(one, now),
                               .governed = {},
                               .events = {Changed(one, one.CountsAt(now)),
                                          FactsChanged(ExceptionResource(account, id))}};
               },
               .severity = audit::Severity::kCritical}));
  return one;
}

Result<Exception> Exceptions::Approve(const Caller& caller, const AccountId& account,
                                      const std::string& id) {
  return Change(
      caller, account, id, "breakwater.exception.approve",
      [&](db::Transaction& tx, Exception& one) -> Status {
        if (one.approved) return Conflict("it is approved already").Reason("approved");
        // Whoever may make service IDs would be as many as they like.
        if (caller.actor.kind != IdentityKind::kUser) {
          return Denied("a person approves an exception, not a service ID or profile")
              .Reason("not_a_person");
        }
        if (one.requested_by == caller.actor.iam_id.value()) {
          return Denied("somebody else than who asked for an exception approves it")
              .Reason("same_person");
        }
        one.approved = clock_.Now();
        one.approver = caller.actor.iam_id.value();
        BW_TRY_STATUS(
            tx.Execute("UPDATE control_exception SET approved = $2, approver = $3 WHERE id = $1",
                       {id, one.approved, one.approver}));
        return jobs_.Enqueue(tx, {.kind = std::string(kExpireJob),
                                  .payload = {{"account", Text(account.value())}, {"id", Text(id)}},
                                  .run_at = one.what.expires,
                                  .deduplication_key = {}});
      });
}

Result<Exception> Exceptions::End(const Caller& caller, const AccountId& account,
                                  const std::string& id) {
  return Change(caller, account, id, "breakwater.exception.end",
                [&](db::Transaction& tx, Exception& one) -> Status {
                  one.ended = clock_.Now();
                  one.ended_by = caller.actor.iam_id.value();
                  BW_TRY_STATUS(tx.Execute(
                      "UPDATE control_exception SET ended = $2, ended_by = $3 WHERE id = $1",
                      {id, one.ended, one.ended_by}));
                  return Ok();
                });
}

Status Exceptions::Expire(const jobs::Job& job) {
  const json::Reader in(job.payload);
  const AccountId account(in.Field("account").String());
  const std::string id = in.Field("id").String();
  BW_TRY_STATUS(in.Finish());
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto one, tx.QueryOne(std::string(kSelect) + "WHERE account = $1 AND id = $2",
                                       {account, id}, ExceptionOf));
    if (!one) return Ok();
    BW_TRY_STATUS(jobs_.Emit(tx, FactsChanged(ExceptionResource(account, id))));
    return jobs_.Emit(tx, Changed(*one, false));
  });
}

Result<std::vector<Exception>> Exceptions::List(const AccountId& account,
                                                std::int64_t limit) const {
  return database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(
        std::string(kSelect) + "WHERE account = $1 ORDER BY requested DESC, id LIMIT $2",
        {account, limit}, ExceptionOf);
  });
}

Result<std::vector<Exception>> Exceptions::At(db::Transaction& tx, const AccountId& account,
                                              ExceptionKind kind, Timestamp at) {
  return tx.QueryAll(std::string(kSelect) +
                         "WHERE account = $1 AND kind = $2 AND approved <= $3 AND expires > $3 "
                         "AND (ended IS NULL OR ended > $3) ORDER BY requested, id",
                     {account, ToString(kind), at}, ExceptionOf);
}

}  // namespace breakwater::control
