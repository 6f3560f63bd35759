#include "governance/repair.h"

#include <algorithm>

#include "governance/related.h"

namespace breakwater::governance {

struct Repairs::Found {
  AttachedRulePtr rule;
  control::Resource resource;
  condition::Facts facts;
  bool compliant = false;
};

Result<Repairs::Found> Repairs::Find(const AccountId& account, const std::string& rule_id,
                                     const std::string& resource) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<Found> {
    BW_TRY(const auto all, deps_.rules.Of(tx, account));
    for (const Candidate& candidate : all->candidates()) {
      if (candidate.rule->id != rule_id || candidate.rule->compiled == nullptr) continue;
      const condition::ResourceType& type = candidate.rule->compiled->target.type();
      control::FactSource* source = deps_.facts.For(type);
      if (source == nullptr) continue;
      BW_TRY(const auto resources, source->List(tx, type, account));
      const auto found = std::find_if(
          resources.begin(), resources.end(),
          [&](const control::Resource& one) { return one.crn().ToString() == resource; });
      if (found == resources.end()) continue;
      BW_TRY(const auto applicable, all->For(*found));
      BW_TRY(const auto facts, source->Read(tx, *found));
      RelatedResources resources_seen(tx, deps_.facts);
      const RelatedTo related(resources_seen, *found);
      // Attached with several parameters, it is complied with if it is under all of them.
      std::optional<Found> one;
      for (const ApplicableRule& rule : applicable.rules) {
        if (rule->id != rule_id || (one && !one->compliant)) continue;
        const bool compliant = condition::Judge(rule->compiled->condition, rule->parameters, facts,
                                                &related) == condition::Outcome::kCompliant;
        one = Found{rule->shared_from_this(), *found, facts, compliant};
      }
      if (one) return *std::move(one);
    }
    return NotFound("the rule '" + rule_id.substr(0, 64) +
                    "' does not apply to that resource, or there is no such resource here");
  });
}

control::Remedy* Repairs::RemedyFor(const control::Resource& resource) const {
  const condition::ResourceType type{resource.service, resource.kind};
  const auto found = std::find_if(deps_.remedies.begin(), deps_.remedies.end(),
                                  [&](const control::Remedy* one) { return one->Type() == type; });
  return found == deps_.remedies.end() ? nullptr : *found;
}

RepairPlan Repairs::PlanOf(const Found& found) const {
  RepairPlan plan{.rule_id = found.rule->id,
                  .resource = found.resource.crn().ToString(),
                  .compliant = found.compliant,
                  .steps = {},
                  .obstacle = {}};
  if (plan.compliant) return plan;
  const auto cure =
      condition::Cure(found.rule->compiled->condition, found.rule->parameters, found.facts);
  if (!cure) {
    plan.obstacle = "no settings are known that would make it comply";
    return plan;
  }
  const control::Remedy* remedy = RemedyFor(found.resource);
  for (const condition::Assignment& one : *cure) {
    const condition::Fact* fact = found.facts.Find(one.property);
    const condition::Value* value = fact == nullptr ? nullptr : fact->value();
    const bool possible = remedy != nullptr && !one.value.is_null() && remedy->CanSet(one.property);
    if (!possible) {
      plan.obstacle =
          "'" + one.property + "' cannot be set from here; it follows from other things";
    }
    plan.steps.push_back({.property = one.property,
                          .now = value == nullptr ? json::Value() : condition::ToJson(*value),
                          .wanted = one.value,
                          .possible = possible});
  }
  return plan;
}

Result<RepairPlan> Repairs::Plan(const AccountId& account, const std::string& rule_id,
                                 const std::string& resource) const {
  BW_TRY(const auto found, Find(account, rule_id, resource));
  return PlanOf(found);
}

Result<RepairPlan> Repairs::Apply(const control::Caller& caller, const AccountId& account,
                                  const RepairPlan& shown) {
  BW_TRY(const auto found, Find(account, shown.rule_id, shown.resource));
  RepairPlan plan = PlanOf(found);
  const bool same = std::equal(plan.steps.begin(), plan.steps.end(), shown.steps.begin(),
                               shown.steps.end(), [](const RepairStep& a, const RepairStep& b) {
                                 return a.property == b.property && a.wanted == b.wanted;
                               });
  if (!same) {
    return Conflict("what is to be done has changed since it was shown; look again")
        .Reason("plan_changed");
  }
  if (plan.compliant) return plan;
  if (!plan.obstacle.empty()) return Conflict(plan.obstacle).Reason("no_remedy");
  const condition::ResourceConfig* config =
      condition::Catalogue::BuiltIn().Find({found.resource.service, found.resource.kind});
  BW_CHECK(config != nullptr);
  control::Remedy::Assignments assignments;
  for (const RepairStep& step : plan.steps) {
    BW_TRY(auto value, condition::ValueFromJson(config->Find(step.property)->type, step.wanted));
    assignments.emplace_back(step.property, std::move(value));
  }
  BW_TRY_STATUS(RemedyFor(found.resource)->Set(caller, found.resource, assignments));
  return plan;
}

}  // namespace breakwater::governance
