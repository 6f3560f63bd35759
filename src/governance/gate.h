// The gate in front of every change: the attached rules, judged on the facts a resource would have
// after the change, inside the change's own transaction.
#pragma once

#include <span>
#include <vector>

#include "base/time.h"
#include "condition/evaluate.h"
#include "control/change.h"
#include "control/exceptions.h"
#include "control/facts.h"
#include "governance/attached_rules.h"
#include "governance/break_glass.h"
#include "governance/related.h"

namespace breakwater::governance {

// What one rule says of one resource.
struct RuleVerdict {
  const AttachedRule* rule = nullptr;
  condition::Verdict verdict;
};

// The rules' verdicts by the one evaluator, in their order. Pure.
std::vector<RuleVerdict> EvaluateRules(const ApplicableRuleList& rules,
                                       const condition::Facts& facts,
                                       const condition::Related* related);
// The same, only of those that are not complied with.
std::vector<RuleVerdict> Violations(const ApplicableRuleList& rules, const condition::Facts& facts,
                                    const condition::Related* related);

// What softens rules that disallow: the time, before they are enforced, open break-glass, and
// exceptions that count.
struct Enforcement {
  Timestamp now;
  std::vector<BreakGlass> open = {};
  std::vector<control::Exception> exceptions = {};
};

// What comes of a rule's violation: it refuses, or why it does not.
enum class Consequence {
  kNone,      // the rule does not disallow
  kObserved,  // it will, from a later time on
  kLifted,    // it would, but for an open break-glass
  kExcepted,  // it would, but for an exception that covers the resource
  kWeighed,   // it would, but it was violated before, and the change makes nothing worse
  kRefused,
};
Consequence ConsequenceOf(const AttachedRule& rule, const control::Resource& resource,
                          const Enforcement& enforcement);

// Whether a rule that is violated now was so before, by a change that leaves all it asks for as it
// was or only takes away (control::Weighed). Never of a rule with sub-rules: what these saw before
// the change nobody knows any more.
bool MakesNothingWorse(const AttachedRule& rule, const condition::Facts& facts,
                       const control::Before& before);

// The effect of the rules on one resource. A rule that disallows refuses what violates it, and what
// cannot be judged: lack of data is never a pass. Everything else is allowed and recorded. Pure.
control::Judgement JudgeRules(const ApplicableRules& applicable, const control::Resource& resource,
                              const condition::Facts& facts, const condition::Related* related,
                              const Enforcement& enforcement,
                              const control::Before* before = nullptr);

// The member of a judgement that is true where the resource was judged only by looking at what the
// change touched: by rules with sub-rules alone.
inline constexpr std::string_view kLooks = "looks";

// Thread-safe. Judges in writing transactions.
class RuleGate final : public control::Gate {
 public:
  RuleGate(db::Dialect dialect, const AttachedRules& rules, const control::FactSources& sources,
           const Clock& clock)
      : dialect_(dialect), rules_(rules), sources_(sources), clock_(clock) {}

  Result<control::Judgement> Judge(db::Transaction& tx, const control::Caller& caller,
                                   const control::Resource& resource, const condition::Facts& facts,
                                   const control::Before* before) override;
  // By their sub-rules that look at something of the types that changed, and by those alone. Of
  // what is gone only these matter that need something to be there: who looks may be violated for
  // other reasons, and must not keep it from going.
  Result<std::vector<control::Judgement>> JudgeWhoLooks(db::Transaction& tx,
                                                        const control::Effect& effect) override;

  // Of resources of one account: whether a rule applies to each, or looks at its kind. For changes
  // too frequent to be judged without one. Holds what it says until the transaction ends.
  Result<std::vector<bool>> Asks(db::Transaction& tx,
                                 std::span<const control::Resource> resources) const;

 private:
  Result<control::Judgement> JudgeOne(db::Transaction& tx, const control::Resource& resource,
                                      const ApplicableRules& applicable,
                                      const condition::Facts& facts, RelatedResources& related,
                                      const control::Before* before) const;
  Status JudgeWhoLooksIn(db::Transaction& tx, const AccountId& account,
                         const control::Effect& effect, RelatedResources& related,
                         std::vector<control::Judgement>& judgements) const;

  const db::Dialect dialect_;
  const AttachedRules& rules_;
  const control::FactSources& sources_;
  const Clock& clock_;
};

// The members of a judgement's "target", and back: what a rule's target and scopes are matched
// against. One that was recorded without its account is of `account`.
json::Value TargetOf(const control::Resource& resource);
Result<control::Resource> ResourceFrom(const AccountId& account, const json::Value& target);

}  // namespace breakwater::governance
