#include "posture/attainable.h"

#include <optional>

#include "condition/evaluate.h"

namespace breakwater::posture {
namespace {

// A goal that is one comparison of a number.
struct Bound {
  std::string property;
  bool at_least = false;
  double value = 0;
};

std::optional<double> NumberIn(const json::Value* value, const json::Value& parameters) {
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) {
    std::string_view name = json::View(value->get_string());
    if (!name.starts_with("${") || !name.ends_with("}")) return std::nullopt;
    name.remove_prefix(2);
    name.remove_suffix(1);
    value = json::Find(parameters, name);
    if (value == nullptr) return std::nullopt;
  }
  if (value->is_int64()) return static_cast<double>(value->as_int64());
  if (value->is_double()) return value->as_double();
  return std::nullopt;
}

std::optional<Bound> BoundOf(const BoundGoal& goal) {
  // Where they apply may differ, so that both can be met.
  if (goal.goal->applies) return std::nullopt;
  const json::Value& condition = goal.goal->condition.source();
  const std::string_view op = json::FindText(condition, "operator");
  const bool at_least = op == "num_greater_than_equals";
  if (!at_least && op != "num_less_than_equals") return std::nullopt;
  const auto value = NumberIn(json::Find(condition, "value"), goal.parameters.ToJson());
  if (!value) return std::nullopt;
  return Bound{std::string(json::FindText(condition, "property")), at_least, *value};
}

}  // namespace

std::string WhyUnattainable(const BoundGoal& goal, const condition::Facts& facts) {
  if (!goal.goal->attainable) return {};
  const auto verdict = condition::Evaluate(*goal.goal->attainable, goal.parameters, facts);
  if (verdict.outcome != condition::Outcome::kViolated) return {};
  std::string why;
  for (const condition::LeafReport* leaf : verdict.Failing()) {
    if (!why.empty()) why += "; ";
    why += leaf->property + ": " + leaf->reason;
  }
  return "it cannot be met by what there is now: " + why;
}

std::vector<std::string> Contradictions(const std::vector<BoundGoal>& goals) {
  std::vector<std::string> found;
  for (const BoundGoal& lower : goals) {
    const auto least = BoundOf(lower);
    if (!least || !least->at_least) continue;
    for (const BoundGoal& upper : goals) {
      const auto most = BoundOf(upper);
      if (!most || most->at_least || most->property != least->property) continue;
      if (most->value >= least->value) continue;
      found.push_back("goals " + lower.goal->id + " and " + upper.goal->id +
                      " cannot both be met: " + lower.goal->id + " asks for " +
                      WithParameters(lower.goal->expected, *lower.goal, lower.parameters) + ", " +
                      upper.goal->id + " for " +
                      WithParameters(upper.goal->expected, *upper.goal, upper.parameters));
    }
  }
  return found;
}

}  // namespace breakwater::posture
