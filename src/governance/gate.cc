#include "governance/gate.h"

#include <algorithm>

#include "base/strings.h"
#include "condition/cure.h"
#include "crypto/hash.h"

namespace breakwater::governance {
namespace {

using condition::LeafReport;
using condition::Outcome;
using json::Text;

// Longer lists of refusing rules are counted, not told.
constexpr std::size_t kMostTold = 3;

bool Refuses(const RuleVerdict& verdict) {
  return verdict.verdict.outcome != Outcome::kCompliant && verdict.rule.Has(Action::kDisallow);
}

std::string RequiredValue(const LeafReport& leaf) {
  if (leaf.op == condition::Operator::kIsTrue) return "true";
  if (leaf.op == condition::Operator::kIsFalse) return "false";
  return leaf.required.is_null() ? std::string(condition::ToString(leaf.op))
                                 : json::Serialize(leaf.required);
}

// The leaf to show first: one that was judged and fails, if there is one.
const LeafReport& Culprit(const condition::Verdict& verdict) {
  const auto failing = verdict.Failing();
  BW_CHECK(!failing.empty());
  const auto fails = std::find_if(failing.begin(), failing.end(), [](const LeafReport* leaf) {
    return leaf->outcome == condition::LeafOutcome::kFails;
  });
  return fails == failing.end() ? *failing.front() : **fails;
}

using Curing = std::optional<std::vector<condition::Assignment>>;

Curing CureOf(const RuleVerdict& verdict, const condition::Facts& facts) {
  if (verdict.verdict.outcome != Outcome::kViolated) return std::nullopt;
  return condition::Cure(verdict.rule.compiled->condition, {}, facts);
}

std::string Sentence(const RuleVerdict& verdict, const Curing& cure) {
  std::vector<std::string> reasons;
  for (const LeafReport* leaf : verdict.verdict.Failing()) reasons.push_back(leaf->reason);
  std::string text = "configuration rule '" + verdict.rule.name + "' (" + verdict.rule.id + ") ";
  text += verdict.verdict.outcome == Outcome::kUnable ? "cannot be judged" : "forbids this";
  text += ": " + Join(reasons, ", ");
  if (cure && !cure->empty()) text += ". To comply, " + condition::Describe(*cure);
  return text;
}

Error RefusalOf(const std::vector<const RuleVerdict*>& refusing, const condition::Facts& facts) {
  std::vector<std::string> sentences;
  std::vector<std::string> ids;
  for (const RuleVerdict* verdict : refusing) {
    ids.push_back(verdict->rule.id);
    if (sentences.size() < kMostTold)
      sentences.push_back(Sentence(*verdict, CureOf(*verdict, facts)));
  }
  std::string message = Join(sentences, "; ");
  if (refusing.size() > kMostTold) {
    message += "; and " + std::to_string(refusing.size() - kMostTold) + " more rules";
  }
  const RuleVerdict& first = *refusing.front();
  const LeafReport& leaf = Culprit(first.verdict);
  Error error = Denied(std::move(message))
                    .Reason("config_rule_denied")
                    .Detail("rule_id", first.rule.id)
                    .Detail("rule_name", first.rule.name)
                    .Detail("property", leaf.property)
                    .Detail("operator", std::string(condition::ToString(leaf.op)))
                    .Detail("required", RequiredValue(leaf))
                    .Detail("offered", json::Serialize(leaf.found))
                    .Detail("rules", Join(ids, ","));
  if (const Curing cure = CureOf(first, facts); cure && !cure->empty()) {
    return std::move(error).Detail("cure", json::Serialize(condition::ToJson(*cure)));
  }
  return error;
}

json::Value RecordOf(const RuleVerdict& verdict) {
  const bool compliant = verdict.verdict.outcome == Outcome::kCompliant;
  json::Object record;
  record["rule_id"] = Text(verdict.rule.id);
  record["rule_name"] = Text(verdict.rule.name);
  record["version"] = Text(verdict.rule.version);
  record["enforcement_actions"] = ActionNames(verdict.rule.actions);
  record["evaluation_type"] = verdict.rule.actions.empty() ? "monitored" : "enforced";
  record["is_compliant"] = compliant;
  record["is_allowed"] = !Refuses(verdict);
  record["verdict"] = verdict.verdict.ToJson();
  return record;
}

// Names the exact rules that judged, so that a record can be held against them later.
std::string DigestOf(const std::vector<RuleVerdict>& verdicts) {
  json::Array versions;
  for (const RuleVerdict& verdict : verdicts) {
    versions.push_back(
        {{"rule_id", Text(verdict.rule.id)}, {"version", Text(verdict.rule.version)}});
  }
  return "sha256:" + crypto::Sha256Hex(json::Canonical(versions));
}

}  // namespace

std::vector<RuleVerdict> EvaluateRules(std::vector<AttachedRule> rules,
                                       const condition::Facts& facts) {
  std::vector<RuleVerdict> verdicts;
  verdicts.reserve(rules.size());
  for (AttachedRule& rule : rules) {
    condition::Verdict verdict = condition::Evaluate(rule.compiled->condition, {}, facts);
    verdicts.push_back({std::move(rule), std::move(verdict)});
  }
  return verdicts;
}

control::Judgement JudgeVerdicts(const std::vector<RuleVerdict>& verdicts,
                                 const control::Resource& resource, const condition::Facts& facts) {
  control::Judgement judgement;
  if (verdicts.empty()) return judgement;
  json::Array rules;
  std::vector<const RuleVerdict*> refusing;
  for (const RuleVerdict& verdict : verdicts) {
    rules.push_back(RecordOf(verdict));
    if (verdict.verdict.outcome != Outcome::kCompliant) judgement.compliant = false;
    if (Refuses(verdict)) refusing.push_back(&verdict);
  }
  json::Object record;
  record["resource"] = Text(resource.crn().ToString());
  record["rule_set"] = Text(DigestOf(verdicts));
  record["is_allowed"] = refusing.empty();
  record["is_compliant"] = judgement.compliant;
  record["rules"] = std::move(rules);
  judgement.record = std::move(record);
  if (!refusing.empty()) judgement.refusal = RefusalOf(refusing, facts);
  return judgement;
}

Result<control::Judgement> RuleGate::Judge(db::Transaction& tx, const control::Caller& caller,
                                           const control::Resource& resource,
                                           const condition::Facts& facts) {
  static_cast<void>(caller);  // rules look at what would be, not at who asks
  BW_TRY(auto rules, rules_.For(tx, resource));
  return JudgeVerdicts(EvaluateRules(std::move(rules), facts), resource, facts);
}

}  // namespace breakwater::governance
