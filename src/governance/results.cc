#include "governance/results.h"

#include <algorithm>
#include <map>

#include "base/bytes.h"
#include "governance/gate.h"
#include "governance/store.h"

namespace breakwater::governance {
namespace {

using condition::Outcome;
using json::Text;

const std::string kResultColumns =
    "SELECT rule_id, resource, service, kind, outcome, since, checked, document, account "
    "FROM governance_result ";

Result<RuleResult> ResultOf(const db::Row& row) {
  RuleResult result;
  result.rule_id = row.String(0);
  result.resource = row.String(1);
  result.type = {row.String(2), row.String(3)};
  BW_TRY(result.outcome, condition::ParseOutcome(row.Text(4)));
  result.since = row.Time(5);
  result.checked = row.Time(6);
  BW_TRY(result.document, ParseStored(row.Text(7)));
  result.account = AccountId(row.String(8));
  return result;
}

// The evidence: facts the rule looks at, as they were.
json::Value UsedFacts(const condition::Condition& condition, const condition::Facts& facts) {
  condition::Facts used;
  for (const std::string& property : condition.Properties()) {
    if (const auto* fact = facts.Find(property)) used.Set(property, *fact);
  }
  return used.ToJson();
}

RuleResult ResultOf(const control::Resource& resource, const RuleVerdict& verdict,
                    const condition::Facts& facts, Timestamp now) {
  RuleResult result;
  result.account = resource.account;
  result.rule_id = verdict.rule->id;
  result.resource = resource.crn().ToString();
  result.type = {resource.service, resource.kind};
  result.outcome = verdict.verdict.outcome;
  result.since = now;
  result.checked = now;
  json::Object document;
  document["rule_version"] = Text(verdict.rule->version);
  document["registry"] = Text(resource.registry.value());
  document["region"] = Text(resource.region);
  document["verdict"] = verdict.verdict.ToJson();
  document["facts"] = UsedFacts(verdict.rule->compiled->condition, facts);
  result.document = std::move(document);
  return result;
}

json::Value WordOf(std::optional<Outcome> outcome) {
  return outcome ? json::Value(Text(condition::ToString(*outcome))) : json::Value(nullptr);
}

// A WHERE clause and its parameters.
struct Where {
  std::string sql =
      "WHERE (account = $1 OR rule_id IN (SELECT id FROM governance_rule WHERE account = $1))";
  std::vector<db::Param> params;

  void And(std::string_view column, db::Param value) {
    params.push_back(value);
    sql += " AND " + std::string(column) + " = $" + std::to_string(params.size());
  }
};

Where WhereOf(const AccountId& account, const ResultFilter& filter) {
  Where where;
  where.params.emplace_back(account);
  if (filter.rule_id) where.And("rule_id", *filter.rule_id);
  if (filter.resource) where.And("resource", *filter.resource);
  if (filter.outcome) where.And("outcome", condition::ToString(*filter.outcome));
  return where;
}

Result<std::map<std::pair<std::string, std::string>, RuleResult>> Known(
    Result<std::vector<RuleResult>> results) {
  BW_TRY(auto all, std::move(results));
  std::map<std::pair<std::string, std::string>, RuleResult> known;
  for (RuleResult& result : all) {
    known.emplace(std::pair(result.rule_id, result.resource), std::move(result));
  }
  return known;
}

bool IsImage(const condition::ResourceType& type) {
  return type.service == "container-registry" && type.kind == "image";
}

// Types whose rules look at one of these.
std::set<condition::ResourceType> Looking(const RuleSet& rules,
                                          const std::set<condition::ResourceType>& types) {
  std::set<condition::ResourceType> all;
  for (const condition::ResourceType& type : types) {
    const auto& looking = rules.LookingAt(type);
    all.insert(looking.begin(), looking.end());
  }
  return all;
}

}  // namespace

Status Results::EvaluateType(const AccountId& account, const condition::ResourceType& type) {
  std::optional<Error> failure;
  BW_TRY_STATUS(deps_.database.Write([&](db::Transaction& tx) {
    failure.reset();
    return EvaluateIn(tx, account, type, failure);
  }));
  if (failure) return *std::move(failure);
  return Ok();
}

Status Results::EvaluateTypes(const AccountId& account, std::set<condition::ResourceType> types) {
  BW_TRY_STATUS(deps_.database.Read([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto rules, deps_.rules.Of(tx, account));
    types.merge(Looking(*rules, types));
    return Ok();
  }));
  return EvaluateEach(account, types);
}

Status Results::EvaluateEach(const AccountId& account,
                             const std::set<condition::ResourceType>& types) {
  Status first = Ok();
  for (const condition::ResourceType& type : types) {
    Status evaluated = EvaluateType(account, type);
    if (first.ok()) first = std::move(evaluated);
  }
  return first;
}

Status Results::EvaluateBelow(const AccountId& root,
                              const std::set<condition::ResourceType>& types) {
  BW_TRY(const auto places, deps_.database.ReadValue([&](db::Transaction& tx) {
    return deps_.hierarchy.Ruled(tx, root);
  }));
  Status first = Ok();
  for (const control::Place& place : places) {
    Status evaluated = EvaluateTypes(place.account, types);
    if (first.ok()) first = std::move(evaluated);
  }
  return first;
}

Status Results::EvaluateAllBelow(const AccountId& root) {
  return EvaluateBelow(root, Which::kAll);
}

Status Results::EvaluateBelow(const AccountId& root, Which which) {
  BW_TRY(const auto places, deps_.database.ReadValue([&](db::Transaction& tx) {
    return deps_.hierarchy.Ruled(tx, root);
  }));
  Status first = Ok();
  for (const control::Place& place : places) {
    BW_TRY(auto types, AttachedTypes(place.account));
    if (which == Which::kAging) std::erase_if(types, IsImage);
    Status evaluated = EvaluateTypes(place.account, types);
    if (first.ok()) first = std::move(evaluated);
  }
  return first;
}

// What has a rule there, or a result of one that it had.
Result<std::set<condition::ResourceType>> Results::AttachedTypes(const AccountId& account) const {
  std::set<condition::ResourceType> types;
  BW_TRY_STATUS(deps_.database.Read([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto place, deps_.hierarchy.PlaceOf(tx, account));
    return tx.Query(
        "SELECT DISTINCT r.service, r.kind FROM governance_attachment a "
        "JOIN governance_rule r ON r.id = a.rule_id WHERE a.account = $1 OR a.account = $2 "
        "UNION SELECT DISTINCT service, kind FROM governance_result WHERE account = $1",
        {account, place.root}, [&](const db::Row& row) {
          types.insert({row.String(0), row.String(1)});
          return Ok();
        });
  }));
  return types;
}

Status Results::EvaluateTouched(const AccountId& account, const control::Touched& touched) {
  // Many of a type are looked at best with all of it.
  constexpr std::size_t kManyOfAType = 100;
  std::map<condition::ResourceType, std::vector<control::Resource>> by_type;
  for (const control::Resource& resource : touched.resources) {
    by_type[{resource.service, resource.kind}].push_back(resource);
  }
  std::set<condition::ResourceType> whole = touched.types;
  BW_TRY_STATUS(deps_.database.Read([&](db::Transaction& tx) -> Status {
    whole = touched.types;
    BW_TRY(const auto rules, deps_.rules.Of(tx, account));
    std::set<condition::ResourceType> all = touched.types;
    for (const auto& [type, resources] : by_type) {
      all.insert(type);
      if (resources.size() > kManyOfAType) whole.insert(type);
    }
    whole.merge(Looking(*rules, all));
    std::erase_if(by_type, [&](const auto& one) { return !rules->Judges(one.first); });
    return Ok();
  }));
  Status first = EvaluateEach(account, whole);
  for (const auto& [type, resources] : by_type) {
    if (whole.contains(type)) continue;
    for (const control::Resource& resource : resources) {
      Status evaluated = deps_.database.Write(
          [&](db::Transaction& tx) { return EvaluateOneIn(tx, account, resource); });
      if (first.ok()) first = std::move(evaluated);
    }
  }
  return first;
}

Status Results::Settle(db::Transaction& tx, const AccountId& account, KnownResults known,
                       std::vector<RuleResult> now) {
  for (RuleResult& result : now) {
    const auto before = known.extract({result.rule_id, result.resource});
    BW_TRY_STATUS(
        Store(tx, account, std::move(result), before.empty() ? nullptr : &before.mapped()));
  }
  for (const auto& [key, gone] : known) BW_TRY_STATUS(Remove(tx, account, gone));
  return Ok();
}

Status Results::EvaluateOneIn(db::Transaction& tx, const AccountId& account,
                              control::Resource resource) {
  const condition::ResourceType type{resource.service, resource.kind};
  control::FactSource* source = deps_.facts.For(type);
  if (source == nullptr) return Ok();
  BW_TRY(auto known,
         Known(tx.QueryAll(kResultColumns + "WHERE account = $1 AND resource = $2 AND service = $3 "
                                            "AND kind = $4",
                           {account, resource.crn().ToString(), type.service, type.kind},
                           [](const db::Row& row) { return ResultOf(row); })));
  BW_TRY(const auto rules, deps_.rules.Of(tx, account));
  BW_TRY_STATUS(source->Complete(tx, resource));
  const auto found = source->Read(tx, resource);
  std::vector<RuleResult> results;
  const bool gone = !found.ok() && found.error().code() == ErrorCode::kNotFound;
  if (!gone) {
    RelatedResources related(tx, deps_.facts);
    BW_TRY_STATUS(EvaluateOne(*rules, resource, FactsFrom(resource, found), related, results));
  }
  return Settle(tx, account, std::move(known), std::move(results));
}

Status Results::EvaluateIn(db::Transaction& tx, const AccountId& account,
                           const condition::ResourceType& type, std::optional<Error>& failure) {
  BW_TRY(auto known,
         Known(tx.QueryAll(kResultColumns + "WHERE account = $1 AND service = $2 AND kind = $3",
                           {account, type.service, type.kind},
                           [](const db::Row& row) { return ResultOf(row); })));
  auto evaluated = Evaluate(tx, account, type);
  if (evaluated.ok()) return Settle(tx, account, std::move(known), *std::move(evaluated));
  // What was known may hold no longer; the caller tries again.
  failure = std::move(evaluated).error();
  for (const auto& [key, before] : known) {
    RuleResult unable = before;
    unable.outcome = Outcome::kUnable;
    unable.since = unable.checked = deps_.clock.Now();
    unable.document = {{"error", Text(failure->message())}};
    BW_TRY_STATUS(Store(tx, account, std::move(unable), &before));
  }
  return Ok();
}

Result<std::vector<RuleResult>> Results::Evaluate(db::Transaction& tx, const AccountId& account,
                                                  const condition::ResourceType& type) const {
  control::FactSource* source = deps_.facts.For(type);
  if (source == nullptr) {
    return Unavailable("nothing here knows " + condition::ToString(type));
  }
  BW_TRY(const auto rules, deps_.rules.Of(tx, account));
  // There may be a million resources, and the writer waits.
  if (!rules->Judges(type)) return std::vector<RuleResult>();
  BW_TRY(const auto resources, source->List(tx, type, account));
  RelatedResources related(tx, deps_.facts);
  std::vector<RuleResult> results;
  for (const control::Resource& resource : resources) {
    BW_TRY(const auto applicable, rules->For(resource));
    if (applicable.rules.empty()) continue;
    BW_TRY_STATUS(EvaluateOne(*rules, resource, FactsFrom(resource, source->Read(tx, resource)),
                              related, results));
  }
  return results;
}

Status Results::EvaluateOne(const RuleSet& rules, const control::Resource& resource,
                            const condition::Facts& facts, RelatedResources& resources,
                            std::vector<RuleResult>& results) const {
  BW_TRY(const auto applicable, rules.For(resource));
  const RelatedTo related(resources, resource);
  const Timestamp now = deps_.clock.Now();
  for (const RuleVerdict& verdict : EvaluateRules(applicable.rules, facts, &related)) {
    RuleResult result = ResultOf(resource, verdict, facts, now);
    // Attached with several parameters, a rule is complied with if it is under all of them.
    const bool again = !results.empty() && results.back().rule_id == result.rule_id &&
                       results.back().resource == result.resource;
    if (!again) {
      results.push_back(std::move(result));
    } else if (results.back().outcome == Outcome::kCompliant) {
      results.back() = std::move(result);
    }
  }
  return Ok();
}

condition::Facts Results::FactsFrom(const control::Resource& resource,
                                    const Result<condition::Facts>& facts) const {
  if (facts.ok()) return *facts;
  condition::Facts unavailable;
  const auto* config = deps_.catalogue.Find({resource.service, resource.kind});
  if (config == nullptr) return unavailable;
  for (const condition::Property& property : config->properties) {
    unavailable.Set(property.name, condition::Fact::Unavailable(facts.error().message(),
                                                                "governance", deps_.clock.Now()));
  }
  return unavailable;
}

Status Results::Store(db::Transaction& tx, const AccountId& account, RuleResult result,
                      const RuleResult* known) {
  const bool changed = known == nullptr || known->outcome != result.outcome;
  if (!changed) result.since = known->since;
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO governance_result (account, rule_id, resource, service, kind, outcome, since, "
      "checked, document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
      "ON CONFLICT (account, rule_id, resource) DO UPDATE SET outcome = $6, since = $7, "
      "checked = $8, document = $9",
      {account, result.rule_id, result.resource, result.type.service, result.type.kind,
       condition::ToString(result.outcome), result.since, result.checked,
       json::Serialize(result.document)}));
  if (!changed) return Ok();
  const auto before = known == nullptr ? std::nullopt : std::optional(known->outcome);
  return Record(tx, account, result, before, result.outcome, result.checked);
}

Status Results::Remove(db::Transaction& tx, const AccountId& account, const RuleResult& known) {
  BW_TRY_STATUS(tx.Execute(
      "DELETE FROM governance_result WHERE account = $1 AND rule_id = $2 AND resource = $3",
      {account, known.rule_id, known.resource}));
  return Record(tx, account, known, known.outcome, std::nullopt, deps_.clock.Now());
}

Status Results::Record(db::Transaction& tx, const AccountId& account, const RuleResult& result,
                       std::optional<Outcome> before, std::optional<Outcome> outcome,
                       Timestamp at) {
  const std::string_view word = outcome ? condition::ToString(*outcome) : "removed";
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO governance_history (account, rule_id, resource, at, outcome, document) "
      "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, rule_id, resource, at) "
      "DO UPDATE SET outcome = $5, document = $6",
      {account, result.rule_id, result.resource, at, word,
       outcome ? json::Serialize(result.document) : std::string("{}")}));
  return deps_.jobs.Emit(tx, {std::string(kResultChanged),
                              {{"account", Text(account.value())},
                               {"rule_id", Text(result.rule_id)},
                               {"resource", Text(result.resource)},
                               {"service", Text(result.type.service)},
                               {"kind", Text(result.type.kind)},
                               {"registry", Text(json::FindText(result.document, "registry"))},
                               {"before", WordOf(before)},
                               {"after", WordOf(outcome)}}});
}

Status Results::EvaluateAll() {
  Status first = EvaluateEverywhere(Which::kAll);
  const Timestamp oldest = deps_.clock.Now() - deps_.history_retention;
  Status forgotten = deps_.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("DELETE FROM governance_history WHERE at < $1", {oldest}));
    return Ok();
  });
  return first.ok() ? forgotten : first;
}

Status Results::EvaluateAging() {
  return EvaluateEverywhere(Which::kAging);
}

Status Results::EvaluateEverywhere(Which which) {
  BW_TRY(const auto accounts, deps_.database.ReadValue([](db::Transaction& tx) {
    return tx.QueryAll(
        "SELECT DISTINCT account FROM governance_attachment "
        "UNION SELECT DISTINCT account FROM governance_result ORDER BY 1",
        {}, [](const db::Row& row) { return AccountId(row.String(0)); });
  }));
  Status first = Ok();
  for (const AccountId& account : accounts) {
    Status evaluated = EvaluateBelow(account, which);
    if (first.ok()) first = std::move(evaluated);
  }
  return first;
}

Result<ResultPage> Results::Find(const AccountId& account, const ResultFilter& filter) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<ResultPage> {
    ResultPage page;
    Where where = WhereOf(account, filter);
    BW_TRY_STATUS(tx.QueryWith("SELECT count(*) FROM governance_result " + where.sql, where.params,
                               [&](const db::Row& row) {
                                 page.total = row.Int(0);
                                 return Ok();
                               }));
    const std::size_t n = where.params.size();
    where.params.emplace_back(filter.limit);
    where.params.emplace_back(filter.offset);
    BW_TRY_STATUS(tx.QueryWith(kResultColumns + where.sql + " ORDER BY rule_id, resource LIMIT $" +
                                   std::to_string(n + 1) + " OFFSET $" + std::to_string(n + 2),
                               where.params, [&](const db::Row& row) -> Status {
                                 BW_TRY(auto result, ResultOf(row));
                                 page.results.push_back(std::move(result));
                                 return Ok();
                               }));
    return page;
  });
}

Result<HistoryPage> Results::History(const AccountId& account, const std::string& rule_id,
                                     const std::string& resource, std::int64_t offset,
                                     std::int64_t limit) const {
  constexpr std::string_view kOfIt =
      "FROM governance_history WHERE rule_id = $2 AND resource = $3 AND (account = $1 OR rule_id "
      "IN (SELECT id FROM governance_rule WHERE account = $1)) ";
  BW_TRY(auto page, deps_.database.ReadValue([&](db::Transaction& tx) -> Result<HistoryPage> {
    HistoryPage found;
    BW_TRY(const auto count,
           tx.QueryOne("SELECT count(*) " + std::string(kOfIt), {account, rule_id, resource},
                       [](const db::Row& row) { return row.Int(0); }));
    found.total = count.value_or(0);
    BW_TRY(found.entries, tx.QueryAll("SELECT at, outcome, document " + std::string(kOfIt) +
                                          "ORDER BY at LIMIT $4 OFFSET $5",
                                      {account, rule_id, resource, limit, offset},
                                      [](const db::Row& row) -> Result<HistoryEntry> {
                                        BW_TRY(auto document, ParseStored(row.Text(2)));
                                        return HistoryEntry{row.Time(0), row.String(1),
                                                            std::move(document)};
                                      }));
    return found;
  }));
  if (page.total > 0) return page;
  return NotFound("no result of rule '" + rule_id + "' was found for that resource");
}

}  // namespace breakwater::governance
