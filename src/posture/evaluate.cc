#include "posture/evaluate.h"

#include "base/check.h"
#include "condition/evaluate.h"
#include "crypto/hash.h"

namespace breakwater::posture {
namespace {

ResultStatus StatusOf(condition::Outcome outcome) {
  switch (outcome) {
    case condition::Outcome::kCompliant: return ResultStatus::kPass;
    case condition::Outcome::kViolated: return ResultStatus::kFail;
    case condition::Outcome::kUnable: return ResultStatus::kUnableToPerform;
  }
  BW_UNREACHABLE();
}

// One found value stands alone, several are named.
std::string ActualOf(const condition::Verdict& verdict) {
  if (verdict.leaves.size() == 1) return json::Serialize(verdict.leaves.front().found);
  json::Object found;
  for (const auto& leaf : verdict.leaves) found[leaf.property] = leaf.found;
  return json::Serialize(found);
}

std::string ReasonsOf(const condition::Verdict& verdict) {
  std::string reasons;
  for (const condition::LeafReport* leaf : verdict.Failing()) {
    if (!reasons.empty()) reasons += "; ";
    reasons += leaf->property + ": " + leaf->reason;
  }
  return reasons;
}

// Evidence holds the facts the goal used, not all there are.
json::Value FactsUsed(const condition::Condition& condition, const condition::Facts& facts) {
  json::Object used;
  for (const std::string& property : condition.Properties()) {
    const condition::Fact* fact = facts.Find(property);
    used[property] = fact == nullptr ? json::Value() : fact->ToJson();
  }
  return used;
}

ResourceResult EvaluateResource(const Goal& goal, const condition::Parameters& parameters,
                                const ObservedResource& observed) {
  const control::Resource& resource = observed.resource;
  ResourceResult result;
  result.name = !resource.name.empty()       ? resource.name
                : !resource.registry.empty() ? resource.registry.value()
                                             : resource.account.value();
  result.crn = resource.crn().ToString();
  result.type = condition::ToString(goal.type);
  result.expected = WithParameters(goal.expected, goal, parameters);
  if (!observed.facts.ok()) {
    result.status = ResultStatus::kUnableToPerform;
    result.info = "the facts could not be read: " + observed.facts.error().message();
    return result;
  }
  const condition::Verdict verdict =
      condition::Evaluate(goal.condition, parameters, *observed.facts);
  result.status = StatusOf(verdict.outcome);
  result.actual = ActualOf(verdict);
  if (result.status != ResultStatus::kPass) result.info = ReasonsOf(verdict);
  result.facts = FactsUsed(goal.condition, *observed.facts);
  result.facts_digest = "sha256:" + crypto::Sha256Hex(json::Canonical(result.facts));
  return result;
}

}  // namespace

GoalResult Evaluate(const Goal& goal, const condition::Parameters& parameters,
                    const Observation& observation, Timestamp now) {
  GoalResult result;
  result.goal_id = goal.id;
  result.completed = now;
  result.parameters = parameters.ToJson();
  if (observation.failure) {
    result.status = ResultStatus::kUnableToPerform;
    result.error = "the resources could not be listed: " + observation.failure->message();
    return result;
  }
  std::vector<ResultStatus> statuses;
  for (const ObservedResource& observed : observation.resources) {
    result.resources.push_back(EvaluateResource(goal, parameters, observed));
    statuses.push_back(result.resources.back().status);
  }
  result.status = RollUp(statuses);
  return result;
}

std::string WithParameters(std::string_view text, const Goal& goal,
                           const condition::Parameters& parameters) {
  const json::Value values = parameters.ToJson();
  std::string out;
  std::size_t next = 0;
  for (const char c : text) {
    if (c != '#' || next >= goal.parameters.size()) {
      out += c;
      continue;
    }
    const json::Value* value = json::Find(values, goal.parameters[next++].name);
    out += value == nullptr ? "#" : json::Serialize(*value);
  }
  return out;
}

}  // namespace breakwater::posture
