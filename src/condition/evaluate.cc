#include "condition/evaluate.h"

#include <algorithm>
#include <array>

namespace breakwater::condition {
namespace {

const Operand* OperandOf(const Leaf& leaf, const Parameters& parameters) {
  return leaf.parameter.empty() ? &leaf.operand : parameters.Find(leaf.parameter);
}

Comparison CompareLeaf(const Leaf& leaf, const Parameters& parameters, const Facts& facts) {
  const Operand* operand = OperandOf(leaf, parameters);
  if (operand == nullptr) return {Truth::kUnknown, Problem::kNoParameter};
  return Compare(leaf.op, *operand, facts.Find(leaf.property));
}

// Kleene's logic over the tree: unknown parts matter only if they decide.
template <class LeafTruth>
Truth TruthOf(const std::vector<Node>& nodes, std::uint32_t at, const LeafTruth& leaf_truth) {
  const Node& node = nodes[at];
  if (node.kind == Node::Kind::kLeaf) return leaf_truth(node.leaf);
  const bool is_and = node.kind == Node::Kind::kAnd;
  Truth truth = is_and ? Truth::kTrue : Truth::kFalse;
  const Truth decided = is_and ? Truth::kFalse : Truth::kTrue;
  for (std::uint32_t part = at + 1; part < node.end && truth != decided; part = nodes[part].end) {
    const Truth of_part = TruthOf(nodes, part, leaf_truth);
    truth = is_and ? std::min(truth, of_part) : std::max(truth, of_part);
  }
  return truth;
}

Outcome OutcomeOf(Truth truth) {
  switch (truth) {
    case Truth::kTrue: return Outcome::kCompliant;
    case Truth::kFalse: return Outcome::kViolated;
    case Truth::kUnknown: return Outcome::kUnable;
  }
  BW_UNREACHABLE();
}

std::string TypeProblem(const LeafReport& report, const Fact& fact, std::string_view wanted) {
  return report.property + " is " + std::string(ToString(TypeOf(*fact.value()))) + ", not " +
         std::string(wanted);
}

std::string_view WantedBy(Operator op) {
  switch (FormOf(op)) {
    case OperandForm::kNone: return "boolean";
    case OperandForm::kTexts: return "string";
    case OperandForm::kTextList: return "string_list";
    case OperandForm::kNetworks: return "ip_list";
    case OperandForm::kNumbers:
    case OperandForm::kNumber: return "numeric";
    case OperandForm::kDays: return "timestamp";
  }
  BW_UNREACHABLE();
}

std::string ReasonOf(const LeafReport& report, Problem problem, const Fact* fact) {
  switch (problem) {
    case Problem::kNone: break;
    case Problem::kUnavailable:
      if (fact == nullptr) return report.property + " was not reported";
      return report.property + " could not be read: " + fact->reason();
    case Problem::kWrongType: return TypeProblem(report, *fact, WantedBy(report.op));
    case Problem::kNotNumeric: return report.property + " or its required value is not a number";
    case Problem::kNotAddress: return report.property + " holds something that is no IP address";
    case Problem::kNotTimestamp: return report.property + " is no date and time";
    case Problem::kNoParameter: return "the parameter '" + report.parameter + "' has no value";
  }
  const bool absent = fact->state() == FactState::kAbsent;
  return report.property + " is " + (absent ? "absent" : json::Serialize(report.found)) +
         "; required: " + Requirement(report.op, report.required);
}

LeafReport Report(const Leaf& leaf, const Parameters& parameters, const Facts& facts,
                  const Comparison& comparison) {
  LeafReport report;
  report.path = leaf.path;
  report.property = leaf.property;
  report.op = leaf.op;
  report.parameter = leaf.parameter;
  if (const Operand* operand = OperandOf(leaf, parameters)) report.required = operand->given;
  const Fact* fact = facts.Find(leaf.property);
  if (fact != nullptr) {
    report.source = fact->source();
    report.observed = fact->observed();
    if (const Value* value = fact->value()) report.found = ToJson(*value);
  }
  switch (comparison.truth) {
    case Truth::kTrue: report.outcome = LeafOutcome::kHolds; return report;
    case Truth::kFalse: report.outcome = LeafOutcome::kFails; break;
    case Truth::kUnknown: report.outcome = LeafOutcome::kUnable; break;
  }
  report.reason = ReasonOf(report, comparison.problem, fact);
  return report;
}

}  // namespace

std::string_view ToString(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCompliant: return "compliant";
    case Outcome::kViolated: return "violated";
    case Outcome::kUnable: return "unable";
  }
  BW_UNREACHABLE();
}

Result<Outcome> ParseOutcome(std::string_view text) {
  for (const Outcome outcome : {Outcome::kCompliant, Outcome::kViolated, Outcome::kUnable}) {
    if (ToString(outcome) == text) return outcome;
  }
  return Invalid("'" + std::string(text.substr(0, 64)) +
                 "' is no outcome: compliant, violated and unable are");
}

std::string_view ToString(LeafOutcome outcome) {
  switch (outcome) {
    case LeafOutcome::kHolds: return "holds";
    case LeafOutcome::kFails: return "fails";
    case LeafOutcome::kUnable: return "unable";
  }
  BW_UNREACHABLE();
}

std::string Requirement(Operator op, const json::Value& required) {
  std::string text(ToString(op));
  if (!required.is_null()) text += " " + json::Serialize(required);
  return text;
}

json::Value LeafReport::ToJson() const {
  json::Object object;
  object["path"] = json::Text(path);
  object["property"] = json::Text(property);
  object["operator"] = json::Text(condition::ToString(op));
  object["expected_value"] = required;
  if (!parameter.empty()) object["parameter"] = json::Text(parameter);
  object["found_value"] = found;
  object["outcome"] = json::Text(condition::ToString(outcome));
  if (!reason.empty()) object["reason"] = json::Text(reason);
  if (!source.empty()) object["source"] = json::Text(source);
  if (observed) object["observed"] = json::Text(FormatRfc3339(*observed));
  return object;
}

json::Value Verdict::ToJson() const {
  json::Array properties;
  for (const LeafReport& leaf : leaves) properties.push_back(leaf.ToJson());
  json::Object object;
  object["outcome"] = json::Text(condition::ToString(outcome));
  object["properties"] = std::move(properties);
  return object;
}

std::vector<const LeafReport*> Verdict::Failing() const {
  std::vector<const LeafReport*> failing;
  for (const LeafReport& leaf : leaves) {
    if (leaf.outcome != LeafOutcome::kHolds) failing.push_back(&leaf);
  }
  return failing;
}

Verdict Evaluate(const Condition& condition, const Parameters& parameters, const Facts& facts) {
  Verdict verdict;
  std::vector<Truth> truths;
  truths.reserve(condition.leaves().size());
  verdict.leaves.reserve(condition.leaves().size());
  for (const Leaf& leaf : condition.leaves()) {
    const Comparison comparison = CompareLeaf(leaf, parameters, facts);
    truths.push_back(comparison.truth);
    verdict.leaves.push_back(Report(leaf, parameters, facts, comparison));
  }
  verdict.outcome =
      OutcomeOf(TruthOf(condition.nodes(), 0, [&](std::uint32_t leaf) { return truths[leaf]; }));
  return verdict;
}

Outcome Judge(const Condition& condition, const Parameters& parameters, const Facts& facts) {
  return OutcomeOf(TruthOf(condition.nodes(), 0, [&](std::uint32_t leaf) {
    return CompareLeaf(condition.leaves()[leaf], parameters, facts).truth;
  }));
}

}  // namespace breakwater::condition
