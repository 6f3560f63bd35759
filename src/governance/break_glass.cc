#include "governance/break_glass.h"

#include <algorithm>

#include "control/fact_events.h"
#include "control/hierarchy.h"
#include "governance/break_glass_facts.h"
#include "governance/rule.h"
#include "governance/store.h"
#include "json/reader.h"

namespace breakwater::governance {
namespace {

using json::Text;

constexpr std::size_t kLeastReason = 10;
constexpr std::size_t kMostListed = 1000;

const std::string kColumns =
    "SELECT id, account, reason, rules, opened, opened_by, ends, closed, closed_by "
    "FROM governance_break_glass ";

Result<BreakGlass> BreakGlassOf(const db::Row& row) {
  BreakGlass one;
  one.id = row.String(0);
  one.account = AccountId(row.String(1));
  one.reason = row.String(2);
  BW_TRY(const json::Value rules, ParseStored(row.Text(3)));
  one.rules = json::Reader(rules).Strings(kMostListed);
  one.opened = row.Time(4);
  one.opened_by = row.String(5);
  one.ends = row.Time(6);
  one.closed = row.OptionalTime(7);
  one.closed_by = row.String(8);
  return one;
}

json::Array RulesOf(const BreakGlass& one) {
  json::Array rules;
  for (const std::string& id : one.rules) rules.emplace_back(Text(id));
  return rules;
}

Error BadField(std::string what) {
  return Invalid(std::move(what)).Reason("invalid_field");
}

Status CheckRequest(const BreakGlassRequest& request, const BreakGlassLimits& limits) {
  const std::size_t size = Characters(request.reason);
  if (size < kLeastReason || size > limits.reason) {
    return BadField("reason must have " + std::to_string(kLeastReason) + " to " +
                    std::to_string(limits.reason) + " characters: it stands on record");
  }
  if (request.duration.count() < 1 || request.duration > limits.longest) {
    return BadField("minutes must be from 1 to " + std::to_string(limits.longest.count()));
  }
  if (request.rules.size() > limits.rules) {
    return BadField("rules must be at most " + std::to_string(limits.rules));
  }
  return Ok();
}

control::Effect EffectOf(const BreakGlass& one, json::Value before, bool open) {
  return {.before = std::move(before),
          .after = ToJson(one),
          .governed = {},
          .events = {{std::string(kBreakGlassChanged),
                      {{"account", Text(one.account.value())},
                       {"id", Text(one.id)},
                       {"reason", Text(one.reason)},
                       {"opened_by", Text(one.opened_by)},
                       {"ends", Text(FormatRfc3339(one.ends))},
                       {"open", open}}},
                     control::FactsChanged(one.account, {BreakGlassType()})}};
}

}  // namespace

bool BreakGlass::Lifts(std::string_view rule_id) const {
  return rules.empty() || std::find(rules.begin(), rules.end(), rule_id) != rules.end();
}

json::Value ToJson(const BreakGlass& one) {
  json::Object object;
  object["id"] = Text(one.id);
  object["reason"] = Text(one.reason);
  object["rules"] = RulesOf(one);
  object["opened"] = Text(FormatRfc3339(one.opened));
  object["opened_by"] = Text(one.opened_by);
  object["ends"] = Text(FormatRfc3339(one.ends));
  if (one.closed) {
    object["closed"] = Text(FormatRfc3339(*one.closed));
    object["closed_by"] = Text(one.closed_by);
  }
  return object;
}

Result<BreakGlass> BreakGlasses::Open(const control::Caller& caller, const AccountId& account,
                                      const BreakGlassRequest& request) {
  BW_TRY_STATUS(CheckRequest(request, limits_));
  BreakGlass one{.id = "break-glass-" + NewUuid(),
                 .account = account,
                 .reason = request.reason,
                 .rules = request.rules,
                 .opened = clock_.Now(),
                 .opened_by = caller.actor.iam_id.value(),
                 .ends = clock_.Now() + request.duration,
                 .closed = std::nullopt,
                 .closed_by = {}};
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    for (const std::string& id : one.rules) {
      BW_TRY(const auto rule, SelectRule(tx, account, id));
      if (!rule) return BadField("rules names '" + id.substr(0, 64) + "', which is no rule here");
    }
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO governance_break_glass (id, account, reason, rules, opened, opened_by, ends, "
        "closed, closed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, '')",
        {one.id, one.account, one.reason, json::Serialize(RulesOf(one)), one.opened, one.opened_by,
         one.ends}));
    return EffectOf(one, nullptr, true);
  };
  BW_TRY_STATUS(
      changes_.Submit(caller, {.action = "compliance.configuration-governance.break-glass-open",
                               .resource = control::AccountResource(account, "break-glass", one.id),
                               .apply = apply,
                               .severity = audit::Severity::kCritical}));
  return one;
}

Result<BreakGlass> BreakGlasses::Close(const control::Caller& caller, const AccountId& account,
                                       const std::string& id) {
  BreakGlass one;
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(auto found,
           tx.QueryOne(kColumns + "WHERE account = $1 AND id = $2", {account, id}, BreakGlassOf));
    if (!found) return NotFound("break-glass '" + id.substr(0, 64) + "' was not found");
    one = *std::move(found);
    const Timestamp now = clock_.Now();
    if (!one.OpenAt(now)) return Conflict("it is not open any more").Reason("not_open");
    json::Value before = ToJson(one);
    BW_TRY_STATUS(control::TouchScopes(tx));  // what is under way is judged without it
    one.closed = now;
    one.closed_by = caller.actor.iam_id.value();
    BW_TRY_STATUS(
        tx.Execute("UPDATE governance_break_glass SET closed = $2, closed_by = $3 WHERE id = $1",
                   {one.id, one.closed, one.closed_by}));
    return EffectOf(one, std::move(before), false);
  };
  BW_TRY_STATUS(
      changes_.Submit(caller, {.action = "compliance.configuration-governance.break-glass-close",
                               .resource = control::AccountResource(account, "break-glass", id),
                               .apply = apply}));
  return one;
}

Result<std::vector<BreakGlass>> BreakGlasses::List(const AccountId& account) const {
  return database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(kColumns + "WHERE account = $1 ORDER BY opened DESC, id LIMIT 1000",
                       {account}, BreakGlassOf);
  });
}

Result<std::vector<BreakGlass>> BreakGlasses::OpenOnes(db::Transaction& tx,
                                                       const AccountId& account, Timestamp now) {
  return tx.QueryAll(kColumns + "WHERE account = $1 AND ends > $2 AND closed IS NULL",
                     {account, now}, BreakGlassOf);
}

Result<std::vector<BreakGlass>> BreakGlasses::OpenSince(db::Transaction& tx,
                                                        const AccountId& account, Timestamp since) {
  return tx.QueryAll(kColumns + "WHERE account = $1 AND ends > $2", {account, since}, BreakGlassOf);
}

}  // namespace breakwater::governance
