#include "posture/attainable.h"

#include <optional>

#include "condition/evaluate.h"

namespace breakwater::posture {
namespace {

// A goal that is one comparison of a number.
struct Bound {
  std::string property;
  bool at_least = false;
  condition::Number value;
};

std::optional<Bound> BoundOf(const BoundGoal& goal) {
  // Where they apply may differ, so that both can be met.
  if (goal.goal->applies) return std::nullopt;
  const condition::Condition& condition = goal.goal->condition;
  if (condition.nodes().size() != 1 || condition.leaves().size() != 1) return std::nullopt;
  const condition::Leaf& leaf = condition.leaves().front();
  const bool at_least = leaf.op == condition::Operator::kNumGreaterThanEquals;
  if (!at_least && leaf.op != condition::Operator::kNumLessThanEquals) return std::nullopt;
  const condition::Operand* operand =
      leaf.parameter.empty() ? &leaf.operand : goal.parameters.Find(leaf.parameter);
  if (operand == nullptr) return std::nullopt;
  if (operand->numbers.size() != 1) return std::nullopt;
  return Bound{leaf.property, at_least, operand->numbers.front()};
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
