// What is refused in front of a change and what is reported behind it never disagree: for random
// rules and random changes, the gate's verdict is the scan's on the state the change would produce.
#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "condition/testing.h"
#include "governance/testing.h"

namespace breakwater::governance {
namespace {

using condition::Catalogue;
using condition::Outcome;

const std::vector<condition::ResourceType> kTypes{{"container-registry", "service"},
                                                  {"container-registry", "access"}};

RuleDraft AnyRule(const AccountId& account, const condition::ResourceConfig& config) {
  RuleDraft draft;
  draft.account = account;
  draft.name = "any";
  draft.description = "any";
  json::Object target;
  target["service_name"] = json::Text(config.type.service);
  target["resource_kind"] = json::Text(config.type.kind);
  if (!config.attributes.empty() && *rc::gen::arbitrary<bool>()) {
    json::Object filter;
    filter["name"] = "registry";
    filter["operator"] = *rc::gen::arbitrary<bool>() ? "string_equals" : "string_not_equals";
    filter["value"] = "us.icr.io";
    target["additional_target_attributes"] = json::Array{std::move(filter)};
  }
  draft.target = std::move(target);
  draft.required_config = condition::testing::AnyCondition(config);
  if (*rc::gen::arbitrary<bool>()) draft.actions.push_back(Action::kDisallow);
  if (*rc::gen::arbitrary<bool>()) draft.actions.push_back(Action::kAuditLog);
  return draft;
}

control::Resource AnyResource(const testing::World& world,
                              const condition::ResourceConfig& config) {
  control::Resource resource =
      world.Service(*rc::gen::element<std::string>("us.icr.io", "de.icr.io"));
  resource.kind = config.type.kind;
  return resource;
}

// Rules of the audit record's judgement on one resource, by rule id.
std::map<std::string, json::Value> Judged(const json::Value& judgement) {
  std::map<std::string, json::Value> rules;
  if (!judgement.is_array()) return rules;
  for (const json::Value& one : judgement.get_array()) {
    for (const json::Value& rule : one.at("rules").as_array()) {
      rules[std::string(json::FindText(rule, "rule_id"))] = rule;
    }
  }
  return rules;
}

// Puts the facts there by force, past the gate, and scans.
std::map<std::string, json::Value> Scanned(testing::World& world, const control::Resource& resource,
                                           const condition::Facts& facts) {
  RC_ASSERT(
      world.database()
          .Write([&](db::Transaction& tx) { return testing::FactTable::Put(tx, resource, facts); })
          .ok());
  RC_ASSERT(world.results.EvaluateType(world.account, {resource.service, resource.kind}).ok());
  std::map<std::string, json::Value> verdicts;
  for (const RuleResult& result :
       world.Found({.resource = resource.crn().ToString(), .limit = 1000})) {
    verdicts[result.rule_id] = result.document.at("verdict");
  }
  return verdicts;
}

std::vector<Rule> AttachAnyRules(testing::World& world, const condition::ResourceConfig& config) {
  std::vector<Rule> rules;
  const int count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) {
    RuleDraft draft = AnyRule(world.account, config);
    auto rule = world.governance.CreateRule(world.caller, draft);
    RC_ASSERT(rule.ok());
    const AttachmentDraft whole{.account = world.account,
                                .included = {ScopeType::kAccount, world.account.value(), ""},
                                .excluded = {}};
    RC_ASSERT(world.governance.Attach(world.caller, world.account, rule->id, {whole}).ok());
    rules.push_back(*std::move(rule));
  }
  return rules;
}

// Also what a failed case left behind.
void RemoveAllRules(testing::World& world) {
  const auto page = world.governance.ListRules(world.account, {});
  RC_ASSERT(page.ok());
  for (const Rule& rule : page->rules) {
    RC_ASSERT(world.governance.DeleteRule(world.caller, world.account, rule.id).ok());
  }
}

void GateAgreesWithScan(testing::World& world) {
  RemoveAllRules(world);
  const auto& config = *Catalogue::BuiltIn().Find(*rc::gen::elementOf(kTypes));
  const std::vector<Rule> rules = AttachAnyRules(world, config);
  const control::Resource resource = AnyResource(world, config);
  const condition::Facts facts = condition::testing::AnyFacts(config);

  const Status gate = world.Change(resource, facts);
  const auto judged = Judged(world.LastRecord().judgement);
  const auto scanned = Scanned(world, resource, facts);

  RC_ASSERT(judged.size() == scanned.size());
  bool refused = false;
  for (const auto& [rule_id, verdict] : scanned) {
    const auto one = judged.find(rule_id);
    RC_ASSERT(one != judged.end());
    RC_ASSERT(one->second.at("verdict") == verdict);
    const bool compliant = json::FindText(verdict, "outcome") == "compliant";
    RC_ASSERT(one->second.at("is_compliant").as_bool() == compliant);
    const auto rule =
        std::find_if(rules.begin(), rules.end(), [&](const Rule& r) { return r.id == rule_id; });
    RC_ASSERT(rule != rules.end());
    const auto& actions = rule->definition.actions;
    const bool disallows = std::count(actions.begin(), actions.end(), Action::kDisallow) > 0;
    RC_ASSERT(one->second.at("is_allowed").as_bool() == (compliant || !disallows));
    refused = refused || (disallows && !compliant);
  }
  RC_ASSERT(gate.ok() == !refused);
  if (refused) RC_ASSERT(gate.error().reason() == "config_rule_denied");
}

TEST(Agreement, GateAndScanGiveOneVerdict) {
  testing::World world(Catalogue::BuiltIn(), kTypes);
  EXPECT_TRUE(rc::check("the gate's verdict is the scan's", [&] { GateAgreesWithScan(world); }));
}

}  // namespace
}  // namespace breakwater::governance
