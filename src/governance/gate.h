// The gate in front of every change: the attached rules, judged on the facts a resource would have
// after the change, inside the change's own transaction.
#pragma once

#include <vector>

#include "condition/evaluate.h"
#include "control/change.h"
#include "governance/attached_rules.h"

namespace breakwater::governance {

// What one rule says of one resource.
struct RuleVerdict {
  AttachedRule rule;
  condition::Verdict verdict;
};

// The rules' verdicts by the one evaluator, in their order. Pure.
std::vector<RuleVerdict> EvaluateRules(std::vector<AttachedRule> rules,
                                       const condition::Facts& facts);

// The effect of verdicts. A rule that disallows refuses what violates it, and what cannot be
// judged: lack of data is never a pass. Everything else is allowed and recorded. Pure.
control::Judgement JudgeVerdicts(const std::vector<RuleVerdict>& verdicts,
                                 const control::Resource& resource, const condition::Facts& facts);

// Thread-safe.
class RuleGate final : public control::Gate {
 public:
  explicit RuleGate(const AttachedRules& rules) : rules_(rules) {}

  Result<control::Judgement> Judge(db::Transaction& tx, const control::Caller& caller,
                                   const control::Resource& resource,
                                   const condition::Facts& facts) override;

 private:
  const AttachedRules& rules_;
};

}  // namespace breakwater::governance
