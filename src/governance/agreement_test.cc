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

// Every kind of resource of which a rule may require something, with the properties it may ask for.
const std::vector<condition::ResourceConfig>& Enforceable() {
  static const auto configs = [] {
    std::vector<condition::ResourceConfig> all = Catalogue::BuiltIn().configs();
    for (condition::ResourceConfig& config : all) {
      std::erase_if(config.properties, [](const auto& one) { return !one.enforceable; });
    }
    std::erase_if(all, [](const auto& config) { return config.properties.empty(); });
    return all;
  }();
  return configs;
}

std::vector<condition::ResourceType> EnforceableTypes() {
  std::vector<condition::ResourceType> types;
  for (const auto& config : Enforceable()) types.push_back(config.type);
  return types;
}

RuleDraft AnyRule(const AccountId& account, const condition::ResourceConfig& config) {
  RuleDraft draft;
  draft.account = account;
  draft.name = "any";
  draft.description = "any";
  json::Object target;
  target["service_name"] = json::Text(config.type.service);
  target["resource_kind"] = json::Text(config.type.kind);
  if (config.FindAttribute("registry") != nullptr && *rc::gen::arbitrary<bool>()) {
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
  resource.service = config.type.service;
  resource.kind = config.type.kind;
  return resource;
}

// Rules that the audit record's judgement on one resource finds violated, by rule id.
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

std::size_t RulesJudged(const json::Value& judgement) {
  return judgement.at(0).at("rules_judged").to_number<std::size_t>();
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
    const auto attached =
        world.governance.attachments().Attach(world.caller, world.account, rule->id, {whole});
    // What no state could comply with is not let in; the gate is asked about the others.
    if (attached.ok()) {
      rules.push_back(*std::move(rule));
    } else {
      RC_ASSERT(attached.error().code() == ErrorCode::kConflict);
    }
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
  const auto config = *rc::gen::elementOf(Enforceable());
  const std::vector<Rule> rules = AttachAnyRules(world, config);
  const control::Resource resource = AnyResource(world, config);
  const condition::Facts facts = condition::testing::AnyFacts(config);

  const Status gate = world.Change(resource, facts);
  const audit::Record record = world.LastRecord();
  const auto judged = Judged(record.judgement);
  const auto scanned = Scanned(world, resource, facts);

  bool refused = false;
  for (const auto& [rule_id, verdict] : scanned) {
    const auto one = judged.find(rule_id);
    const bool compliant = json::FindText(verdict, "outcome") == "compliant";
    RC_ASSERT((one == judged.end()) == compliant);
    if (compliant) continue;
    RC_ASSERT(one->second.at("verdict") == verdict);
    const auto rule =
        std::find_if(rules.begin(), rules.end(), [&](const Rule& r) { return r.id == rule_id; });
    RC_ASSERT(rule != rules.end());
    const auto& actions = rule->definition.actions;
    const bool disallows = std::count(actions.begin(), actions.end(), Action::kDisallow) > 0;
    RC_ASSERT(one->second.at("is_allowed").as_bool() == (compliant || !disallows));
    refused = refused || (disallows && !compliant);
  }
  RC_ASSERT(RulesJudged(record.judgement) == scanned.size());
  RC_ASSERT(gate.ok() == !refused);
  if (refused) RC_ASSERT(gate.error().reason() == "config_rule_denied");
}

// A rule that observed a history, against the same rule in force over the same changes.
void SimulationAgreesWithGate(testing::World& quiet, testing::World& enforced) {
  RemoveAllRules(enforced);
  quiet.clock.Advance(std::chrono::hours(2));  // away from what earlier cases left on record
  const auto config = *rc::gen::elementOf(Enforceable());
  RuleDraft draft = AnyRule(quiet.account, config);
  draft.actions = {Action::kDisallow};
  const auto rule = enforced.governance.CreateRule(enforced.caller, draft);
  RC_ASSERT(rule.ok());
  const auto attached = enforced.governance.attachments().Attach(enforced.caller, enforced.account,
                                                                 rule->id, {enforced.ToAccount()});
  if (!attached.ok()) return;  // contradicts itself, or locks everybody out
  std::vector<bool> refused;
  const int changes = *rc::gen::inRange(1, 8);
  for (int i = 0; i < changes; ++i) {
    const control::Resource resource = AnyResource(quiet, config);
    const condition::Facts facts = condition::testing::AnyFacts(config);
    RC_ASSERT(quiet.Change(resource, facts).ok());
    refused.push_back(!enforced.Change(resource, facts).ok());
  }
  const auto simulation = quiet.simulator.Run({.rule = draft,
                                               .attachments = {},
                                               .since = quiet.clock.Now() - std::chrono::hours(1),
                                               .until = quiet.clock.Now() + std::chrono::hours(1)});
  RC_ASSERT(simulation.ok());
  RC_ASSERT(simulation->changes == changes);
  RC_ASSERT(simulation->refused == std::count(refused.begin(), refused.end(), true));
}

TEST(Agreement, SimulationOverHistoryIsWhatEnforcementWouldHaveDone) {
  testing::World quiet(Catalogue::BuiltIn(), EnforceableTypes());
  testing::World enforced(Catalogue::BuiltIn(), EnforceableTypes());
  EXPECT_TRUE(rc::check("simulated decisions are the gate's",
                        [&] { SimulationAgreesWithGate(quiet, enforced); }));
}

TEST(Agreement, GateAndScanGiveOneVerdict) {
  testing::World world(Catalogue::BuiltIn(), EnforceableTypes());
  EXPECT_TRUE(rc::check("the gate's verdict is the scan's", [&] { GateAgreesWithScan(world); }));
}

}  // namespace
}  // namespace breakwater::governance
