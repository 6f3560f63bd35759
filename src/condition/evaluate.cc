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

// Kleene's logic over the tree: unknown parts matter only if they decide. `truth_of` says what a
// leaf or a sub-rule comes to.
template <class TruthOfNode>
Truth TruthOf(const std::vector<Node>& nodes, std::uint32_t at, const TruthOfNode& truth_of) {
  const Node& node = nodes[at];
  if (node.kind == Node::Kind::kLeaf || node.kind == Node::Kind::kSubRule) return truth_of(node);
  const bool is_and = node.kind == Node::Kind::kAnd;
  Truth truth = is_and ? Truth::kTrue : Truth::kFalse;
  const Truth decided = is_and ? Truth::kFalse : Truth::kTrue;
  for (std::uint32_t part = at + 1; part < node.end && truth != decided; part = nodes[part].end) {
    const Truth of_part = TruthOf(nodes, part, truth_of);
    truth = is_and ? std::min(truth, of_part) : std::max(truth, of_part);
  }
  return truth;
}

Truth TruthOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCompliant: return Truth::kTrue;
    case Outcome::kViolated: return Truth::kFalse;
    case Outcome::kUnable: return Truth::kUnknown;
  }
  BW_UNREACHABLE();
}

// What a sub-rule comes to, and what was seen on the way.
struct Census {
  Truth truth = Truth::kUnknown;
  bool readable = false;
  std::int64_t resources = 0;
  std::int64_t compliant = 0;
  const RelatedResource* culprit = nullptr;  // the first that does not comply
};

Census Count(const SubRule& sub_rule, const Parameters& parameters, const Related* related) {
  Census census;
  const auto* all = related == nullptr ? nullptr : related->Of(sub_rule.target.type());
  if (all == nullptr) return census;
  census.readable = true;
  const bool any = sub_rule.quantifier == SubRule::Quantifier::kAny;
  Truth truth = any ? Truth::kFalse : Truth::kTrue;
  for (const RelatedResource& resource : *all) {
    if (!sub_rule.target.Matches(sub_rule.target.type(), resource.attributes)) continue;
    ++census.resources;
    const Truth one = TruthOf(Judge(*sub_rule.condition, parameters, resource.facts));
    if (one == Truth::kTrue) {
      ++census.compliant;
    } else if (census.culprit == nullptr) {
      census.culprit = &resource;
    }
    truth = any ? std::max(truth, one) : std::min(truth, one);
  }
  if (census.resources == 0) truth = sub_rule.if_exists ? Truth::kTrue : Truth::kFalse;
  census.truth = truth;
  return census;
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

std::string ReasonOf(const SubRule& sub_rule, const Census& census) {
  const std::string type = ToString(sub_rule.target.type());
  if (!census.readable) return "the resources " + type + " could not be read";
  if (census.resources == 0) return "there is no " + type + " that the sub-rule selects";
  std::string reason =
      std::to_string(census.compliant) + " of " + std::to_string(census.resources) + " resources " +
      type +
      " comply; required: " + (sub_rule.quantifier == SubRule::Quantifier::kAny ? "any" : "all");
  if (census.culprit != nullptr) reason += "; not " + census.culprit->name;
  return reason;
}

LeafReport Report(const SubRule& sub_rule, const Census& census) {
  LeafReport report;
  report.path = sub_rule.path;
  report.property = ToString(sub_rule.target.type());
  report.quantifier = sub_rule.Name();
  report.required = sub_rule.condition->source();
  if (census.readable) {
    report.found = json::Object{{"resources", census.resources}, {"compliant", census.compliant}};
  }
  switch (census.truth) {
    case Truth::kTrue: report.outcome = LeafOutcome::kHolds; return report;
    case Truth::kFalse: report.outcome = LeafOutcome::kFails; break;
    case Truth::kUnknown: report.outcome = LeafOutcome::kUnable; break;
  }
  report.reason = ReasonOf(sub_rule, census);
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
  object["operator"] = json::Text(quantifier.empty() ? condition::ToString(op) : quantifier);
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

Verdict Evaluate(const Condition& condition, const Parameters& parameters, const Facts& facts,
                 const Related* related) {
  Verdict verdict;
  std::vector<Truth> truths;
  std::vector<Truth> of_sub_rules;
  truths.reserve(condition.leaves().size());
  verdict.leaves.reserve(condition.leaves().size() + condition.sub_rules().size());
  for (const Leaf& leaf : condition.leaves()) {
    const Comparison comparison = CompareLeaf(leaf, parameters, facts);
    truths.push_back(comparison.truth);
    verdict.leaves.push_back(Report(leaf, parameters, facts, comparison));
  }
  for (const SubRule& sub_rule : condition.sub_rules()) {
    const Census census = Count(sub_rule, parameters, related);
    of_sub_rules.push_back(census.truth);
    verdict.leaves.push_back(Report(sub_rule, census));
  }
  verdict.outcome = OutcomeOf(TruthOf(condition.nodes(), 0, [&](const Node& node) {
    return node.kind == Node::Kind::kLeaf ? truths[node.leaf] : of_sub_rules[node.leaf];
  }));
  return verdict;
}

Outcome Judge(const Condition& condition, const Parameters& parameters, const Facts& facts,
              const Related* related) {
  return OutcomeOf(TruthOf(condition.nodes(), 0, [&](const Node& node) {
    if (node.kind == Node::Kind::kLeaf) {
      return CompareLeaf(condition.leaves()[node.leaf], parameters, facts).truth;
    }
    return Count(condition.sub_rules()[node.leaf], parameters, related).truth;
  }));
}

Truth TruthOf(const SubRule& sub_rule, const Parameters& parameters, const Related* related) {
  return Count(sub_rule, parameters, related).truth;
}

}  // namespace breakwater::condition
