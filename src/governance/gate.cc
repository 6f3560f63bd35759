#include "governance/gate.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/strings.h"
#include "condition/cure.h"
#include "json/reader.h"

namespace breakwater::governance {
namespace {

using condition::LeafReport;
using condition::Outcome;
using json::Text;

// Longer lists of refusing rules are counted, not told.
constexpr std::size_t kMostTold = 3;

std::string RequiredValue(const LeafReport& leaf) {
  if (!leaf.quantifier.empty()) return leaf.quantifier + " " + json::Serialize(leaf.required);
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
  const AttachedRule& rule = *verdict.rule;
  return condition::Cure(rule.compiled->condition, rule.parameters, facts);
}

std::string Sentence(const RuleVerdict& verdict, const Curing& cure,
                     const std::string& verb = "forbids this") {
  std::vector<std::string> reasons;
  for (const LeafReport* leaf : verdict.verdict.Failing()) reasons.push_back(leaf->reason);
  std::string text = "configuration rule '" + verdict.rule->name + "' (" + verdict.rule->id + ") ";
  text += verdict.verdict.outcome == Outcome::kUnable ? "cannot be judged" : verb;
  text += ": " + Join(reasons, ", ");
  if (cure && !cure->empty()) text += ". To comply, " + condition::Describe(*cure);
  return text;
}

Error RefusalOf(const std::vector<const RuleVerdict*>& refusing, const condition::Facts& facts) {
  std::vector<std::string> sentences;
  std::vector<std::string> ids;
  for (const RuleVerdict* verdict : refusing) {
    ids.push_back(verdict->rule->id);
    if (sentences.size() < kMostTold)
      sentences.push_back(Sentence(*verdict, CureOf(*verdict, facts)));
  }
  std::string message = Join(sentences, "; ");
  if (refusing.size() > kMostTold) {
    message += "; and " + std::to_string(refusing.size() - kMostTold) + " more rules";
  }
  const RuleVerdict& first = *refusing.front();
  const LeafReport& leaf = Culprit(first.verdict);
  Error error =
      Denied(std::move(message))
          .Reason("config_rule_denied")
          .Detail("rule_id", first.rule->id)
          .Detail("rule_name", first.rule->name)
          .Detail("property", leaf.property)
          .Detail("operator", leaf.quantifier.empty() ? std::string(condition::ToString(leaf.op))
                                                      : leaf.quantifier)
          .Detail("required", RequiredValue(leaf))
          .Detail("offered", json::Serialize(leaf.found))
          .Detail("rules", Join(ids, ","));
  if (const Curing cure = CureOf(first, facts); cure && !cure->empty()) {
    return std::move(error).Detail("cure", json::Serialize(condition::ToJson(*cure)));
  }
  return error;
}

std::string_view ToString(Consequence consequence) {
  switch (consequence) {
    case Consequence::kNone: return "recorded";
    case Consequence::kObserved: return "observed";
    case Consequence::kLifted: return "lifted";
    case Consequence::kExcepted: return "excepted";
    case Consequence::kWeighed: return "weighed";
    case Consequence::kRefused: return "refused";
  }
  BW_UNREACHABLE();
}

json::Value RecordOf(const RuleVerdict& verdict, Consequence consequence) {
  const AttachedRule& rule = *verdict.rule;
  json::Object record;
  record["rule_id"] = Text(rule.id);
  record["rule_name"] = Text(rule.name);
  record["version"] = Text(rule.version);
  record["enforcement_actions"] = ActionNames(rule.actions);
  record["evaluation_type"] = rule.actions.empty() ? "monitored" : "enforced";
  record["is_compliant"] = false;
  record["is_allowed"] = consequence != Consequence::kRefused;
  record["consequence"] = Text(ToString(consequence));
  record["verdict"] = verdict.verdict.ToJson();
  return record;
}

// As the reference system grades evaluations (ibm-scc 1.13), and worse where break-glass was
// needed.
audit::Severity SeverityOf(Consequence consequence) {
  const bool critical = consequence == Consequence::kRefused ||
                        consequence == Consequence::kLifted || consequence == Consequence::kWeighed;
  return critical ? audit::Severity::kCritical : audit::Severity::kWarning;
}

// Of what is not known, nobody can say that it is what it was.
bool IsUnchanged(const condition::Fact* was, const condition::Fact* is) {
  const auto known = [](const condition::Fact* fact) {
    return fact != nullptr && fact->state() != condition::FactState::kUnavailable;
  };
  if (!known(was) || !known(is) || was->state() != is->state()) return false;
  return was->value() == nullptr || *was->value() == *is->value();
}

// Whether a condition may hold no longer once resources of a type are gone: a sub-rule needs one
// that complies, or that there is one at all.
bool MayMiss(const condition::Condition& condition, const condition::ResourceType& gone,
             const condition::Related& related) {
  return std::ranges::any_of(condition.sub_rules(), [&](const condition::SubRule& sub_rule) {
    if (sub_rule.target.type() != gone) return false;
    if (sub_rule.quantifier == condition::SubRule::Quantifier::kAny) return true;
    if (sub_rule.if_exists) return false;
    const auto* left = related.Of(gone);
    return left == nullptr || std::ranges::none_of(*left, [&](const auto& one) {
             return sub_rule.target.Matches(gone, one.attributes);
           });
  });
}

// What a change touched in one account, as sub-rules see it: by type and registry, each once.
class Sights {
 public:
  Sights(const AccountId& account, const control::Effect& effect)
      : changed_(Of(account, effect.governed)), gone_(Of(account, effect.gone)) {}

  // Types of resources that rules judge by looking at some of it.
  std::set<condition::ResourceType> LookedAtFrom(const RuleSet& rules) const {
    std::set<condition::ResourceType> types;
    for (const auto* sights : {&changed_, &gone_}) {
      for (const control::Resource& one : *sights) {
        const auto& looking = rules.LookingAt({one.service, one.kind});
        types.insert(looking.begin(), looking.end());
      }
    }
    return types;
  }
  // Whether what `looking` must comply with may be another thing than before.
  bool Concern(const condition::Condition& condition, const control::Resource& looking,
               const condition::Related& seen) const {
    const auto in_sight = [&](const control::Resource& one) { return IsInSight(looking, one); };
    const auto changes = [&](const control::Resource& one) {
      return in_sight(one) && condition.LooksAt({one.service, one.kind});
    };
    const auto takes = [&](const control::Resource& one) {
      return in_sight(one) && MayMiss(condition, {one.service, one.kind}, seen);
    };
    return std::ranges::any_of(changed_, changes) || std::ranges::any_of(gone_, takes);
  }

 private:
  static std::set<control::Resource> Of(const AccountId& account,
                                        const std::vector<control::Resource>& touched) {
    std::set<control::Resource> sights;
    for (const control::Resource& one : touched) {
      if (one.account != account) continue;
      control::Resource sight = control::ServiceResource(account, one.registry, "");
      sight.service = one.service;
      sight.kind = one.kind;
      sights.insert(std::move(sight));
    }
    return sights;
  }

  std::set<control::Resource> changed_;
  std::set<control::Resource> gone_;
};

}  // namespace

std::vector<RuleVerdict> EvaluateRules(const ApplicableRuleList& rules,
                                       const condition::Facts& facts,
                                       const condition::Related* related) {
  std::vector<RuleVerdict> verdicts;
  verdicts.reserve(rules.size());
  for (const ApplicableRule& rule : rules) {
    verdicts.push_back({rule.rule, condition::Evaluate(rule->compiled->condition, rule->parameters,
                                                       facts, related)});
  }
  return verdicts;
}

std::vector<RuleVerdict> Violations(const ApplicableRuleList& rules, const condition::Facts& facts,
                                    const condition::Related* related) {
  std::vector<RuleVerdict> verdicts;
  if (rules.empty()) return verdicts;
  // They are all of one kind of resource, and so are their layouts.
  const condition::FactSlots slots(rules.front()->compiled->layout, facts);
  for (const ApplicableRule& rule : rules) {
    if (rule.ready.Holds(slots, related)) continue;
    verdicts.push_back({rule.rule, condition::Evaluate(rule->compiled->condition, rule->parameters,
                                                       facts, related)});
  }
  return verdicts;
}

Consequence ConsequenceOf(const AttachedRule& rule, const control::Resource& resource,
                          const Enforcement& enforcement) {
  if (!rule.Has(Action::kDisallow)) return Consequence::kNone;
  if (rule.enforced_from && enforcement.now < *rule.enforced_from) return Consequence::kObserved;
  const std::string crn = enforcement.exceptions.empty() ? "" : resource.crn().ToString();
  const bool excepted = std::any_of(enforcement.exceptions.begin(), enforcement.exceptions.end(),
                                    [&](const control::Exception& one) {
                                      return one.account == rule.account &&
                                             one.CountsAt(enforcement.now) &&
                                             one.Covers(rule.id, crn);
                                    });
  if (excepted) return Consequence::kExcepted;
  const bool lifted =
      std::any_of(enforcement.open.begin(), enforcement.open.end(), [&](const BreakGlass& one) {
        return one.account == rule.account && one.OpenAt(enforcement.now) && one.Lifts(rule.id);
      });
  return lifted ? Consequence::kLifted : Consequence::kRefused;
}

bool MakesNothingWorse(const AttachedRule& rule, const condition::Facts& facts,
                       const control::Before& before) {
  const condition::Condition& condition = rule.compiled->condition;
  if (!condition.sub_rules().empty()) return false;
  if (condition::Compliant(condition, rule.parameters, before.facts)) return false;
  if (before.takes_away) return true;
  return std::ranges::all_of(condition.Properties(), [&](const std::string& property) {
    return IsUnchanged(before.facts.Find(property), facts.Find(property));
  });
}

control::Judgement JudgeRules(const ApplicableRules& applicable, const control::Resource& resource,
                              const condition::Facts& facts, const condition::Related* related,
                              const Enforcement& enforcement, const control::Before* before) {
  control::Judgement judgement;
  const auto violations = Violations(applicable.rules, facts, related);
  json::Array rules;
  std::vector<const RuleVerdict*> refusing;
  for (const RuleVerdict& verdict : violations) {
    Consequence consequence = ConsequenceOf(*verdict.rule, resource, enforcement);
    if (consequence == Consequence::kRefused && before != nullptr &&
        MakesNothingWorse(*verdict.rule, facts, *before)) {
      consequence = Consequence::kWeighed;
    }
    rules.push_back(RecordOf(verdict, consequence));
    judgement.severity = std::max(judgement.severity, SeverityOf(consequence));
    if (consequence == Consequence::kRefused) refusing.push_back(&verdict);
    if (verdict.rule->Has(Action::kWarn)) {
      judgement.warnings.push_back(Sentence(verdict, CureOf(verdict, facts), "is violated"));
    }
  }
  judgement.compliant = violations.empty();
  json::Object record;
  record["resource"] = Text(resource.crn().ToString());
  record["target"] = TargetOf(resource);
  record["facts"] = facts.ToJson();
  if (before != nullptr) {
    record["before"] = before->facts.ToJson();
    record["takes_away"] = before->takes_away;
  }
  record["rule_set"] = Text(applicable.digest);
  record["rules_judged"] = applicable.rules.size();
  record["is_allowed"] = refusing.empty();
  record["is_compliant"] = judgement.compliant;
  record["rules"] = std::move(rules);
  judgement.record = std::move(record);
  if (!refusing.empty()) judgement.refusal = RefusalOf(refusing, facts);
  return judgement;
}

Result<control::Judgement> RuleGate::Judge(db::Transaction& tx, const control::Caller& caller,
                                           const control::Resource& resource,
                                           const condition::Facts& facts,
                                           const control::Before* before) {
  static_cast<void>(caller);  // rules look at what would be, not at who asks
  BW_TRY_STATUS(control::HoldScopes(tx, dialect_));
  BW_TRY(const auto rules, rules_.Of(tx, resource.account));
  BW_TRY(const auto applicable, rules->For(resource));
  RelatedResources related(tx, sources_);
  return JudgeOne(tx, resource, applicable, facts, related, before);
}

Result<std::vector<bool>> RuleGate::Asks(db::Transaction& tx,
                                         std::span<const control::Resource> resources) const {
  BW_TRY_STATUS(control::HoldScopes(tx, dialect_));
  BW_TRY(const auto rules, rules_.Of(tx, resources.front().account));
  std::vector<bool> asks;
  for (const control::Resource& resource : resources) {
    bool asked = !rules->LookingAt({resource.service, resource.kind}).empty();
    if (!asked) {
      BW_TRY(const auto applicable, rules->For(resource));
      asked = !applicable.rules.empty();
    }
    asks.push_back(asked);
  }
  return asks;
}

Result<control::Judgement> RuleGate::JudgeOne(db::Transaction& tx,
                                              const control::Resource& resource,
                                              const ApplicableRules& applicable,
                                              const condition::Facts& facts,
                                              RelatedResources& resources,
                                              const control::Before* before) const {
  const RelatedTo related(resources, resource);
  Enforcement enforcement{.now = clock_.Now()};
  control::Judgement judgement =
      JudgeRules(applicable, resource, facts, &related, enforcement, before);
  if (!judgement.refusal) return judgement;
  // Whether the glass is broken, or the failure was accepted, matters and is read only where
  // something would be refused.
  std::set<AccountId> owners;
  for (const ApplicableRule& rule : applicable.rules) owners.insert(rule->account);
  for (const AccountId& owner : owners) {
    BW_TRY(auto open, BreakGlasses::OpenOnes(tx, owner, enforcement.now));
    std::ranges::move(open, std::back_inserter(enforcement.open));
    BW_TRY(auto accepted,
           control::Exceptions::At(tx, owner, control::ExceptionKind::kRule, enforcement.now));
    std::ranges::move(accepted, std::back_inserter(enforcement.exceptions));
  }
  if (enforcement.open.empty() && enforcement.exceptions.empty()) return judgement;
  return JudgeRules(applicable, resource, facts, &related, enforcement, before);
}

Result<std::vector<control::Judgement>> RuleGate::JudgeWhoLooks(db::Transaction& tx,
                                                                const control::Effect& effect) {
  BW_TRY_STATUS(control::HoldScopes(tx, dialect_));
  std::set<AccountId> accounts;
  for (const control::Resource& one : effect.governed) accounts.insert(one.account);
  for (const control::Resource& one : effect.gone) accounts.insert(one.account);
  RelatedResources related(tx, sources_);
  std::vector<control::Judgement> judgements;
  for (const AccountId& account : accounts) {
    BW_TRY_STATUS(JudgeWhoLooksIn(tx, account, effect, related, judgements));
  }
  return judgements;
}

Status RuleGate::JudgeWhoLooksIn(db::Transaction& tx, const AccountId& account,
                                 const control::Effect& effect, RelatedResources& related,
                                 std::vector<control::Judgement>& judgements) const {
  BW_TRY(const auto rules, rules_.Of(tx, account));
  const Sights sights(account, effect);
  const std::set<control::Resource> judged(effect.governed.begin(), effect.governed.end());
  for (const condition::ResourceType& type : sights.LookedAtFrom(*rules)) {
    control::FactSource* source = sources_.For(type);
    if (source == nullptr) continue;
    BW_TRY(const auto resources, source->List(tx, type, account));
    for (const control::Resource& looking : resources) {
      if (judged.contains(looking)) continue;
      const RelatedTo seen(related, looking);
      BW_TRY(auto applicable, rules->For(looking));
      std::erase_if(applicable.rules, [&](const ApplicableRule& rule) {
        return !sights.Concern(rule->compiled->condition, looking, seen);
      });
      if (applicable.rules.empty()) continue;
      BW_TRY(const condition::Facts facts, source->Read(tx, looking));
      BW_TRY(auto judgement, JudgeOne(tx, looking, applicable, facts, related, nullptr));
      judgement.record.as_object()[kLooks] = true;
      judgements.push_back(std::move(judgement));
    }
  }
  return Ok();
}

json::Value TargetOf(const control::Resource& resource) {
  json::Object target;
  target["service"] = Text(resource.service);
  target["kind"] = Text(resource.kind);
  target["account"] = Text(resource.account.value());
  target["registry"] = Text(resource.registry.value());
  target["region"] = Text(resource.region);
  target["resource_group"] = Text(resource.resource_group);
  target["namespace"] = Text(resource.name_space);
  target["name"] = Text(resource.name);
  return target;
}

Result<control::Resource> ResourceFrom(const AccountId& account, const json::Value& target) {
  const json::Reader in(target);
  control::Resource resource;
  resource.service = in.Field("service").String();
  resource.kind = in.Field("kind").String();
  resource.account = AccountId(in.String("account", account.value()));
  resource.registry = RegistryName(in.Field("registry").String());
  resource.region = in.Field("region").String();
  resource.resource_group = in.Field("resource_group").String();
  resource.name_space = in.Field("namespace").String();
  resource.name = in.Field("name").String();
  BW_TRY_STATUS(in.Finish());
  return resource;
}

}  // namespace breakwater::governance
