#include "iam/explain.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"

namespace breakwater::iam {
namespace {

std::string RolesText(const ActionRule& rule) {
  std::vector<std::string> names;
  for (const Role role : rule.roles.ToVector()) names.emplace_back(ToString(role));
  return names.empty() ? "none" : Join(names, " or ");
}

std::string ValueText(const PolicyAttribute& attribute) {
  return TakesList(attribute.op) ? Join(attribute.values, ", ") : attribute.value;
}

Miss AttributeMiss(const Question& question, const PolicyAttribute& attribute) {
  const AttributeKind kind = KindOf(attribute.name);
  const bool narrowing = kind == AttributeKind::kResource || kind == AttributeKind::kResourceType ||
                         kind == AttributeKind::kResourceGroup;
  std::string text = attribute.name + " must be so: " + std::string(ToString(attribute.op)) + " " +
                     ValueText(attribute);
  const std::string_view found = question.ValueOf(kind);
  if (narrowing && question.rule()->scope == ActionScope::kAccount) {
    text += "; but this is done to the account as a whole, which a policy on a part does not give";
  } else if (found.empty()) {
    text += "; the resource has none";
  } else {
    text += "; it is " + std::string(found);
  }
  return {attribute.name, std::move(text)};
}

std::vector<Miss> MissesOf(const Question& question, const Policy& policy, std::size_t index,
                           bool role) {
  std::vector<Miss> misses;
  if (policy.account.value() != question.ValueOf(AttributeKind::kAccount)) {
    misses.push_back({"accountId", "it is another account's"});
  }
  if (policy.deleted) misses.push_back({"state", "it is deleted: restore it"});
  if (!role) {
    misses.push_back(
        {"role", "none of its roles gives the action; these do: " + RolesText(*question.rule())});
  }
  for (const std::size_t misfit : question.Misfits(index)) {
    misses.push_back(AttributeMiss(question, policy.attributes[misfit]));
  }
  if (question.HasTags(index)) {
    misses.push_back({"tags", "it is for what carries access tags, which nothing here does"});
  }
  if (!question.RuleHolds(index)) {
    misses.push_back({"rule", "its rule does not hold" + std::string(LooksAtResource(*policy.rule)
                                                                         ? " for this resource"
                                                                         : " at this time")});
  }
  return misses;
}

PolicyTrace TraceOf(const Question& question, const Policy& policy, std::size_t index) {
  PolicyTrace trace;
  trace.policy = policy.id;
  if (policy.subject.kind == SubjectKind::kAccessGroup) trace.group = policy.subject.id;
  trace.role = question.GivenBy(index);
  trace.gives = trace.role.has_value();
  if (trace.gives) return trace;
  trace.role = question.RoleOf(index);
  trace.misses = MissesOf(question, policy, index, trace.role.has_value());
  return trace;
}

std::string Where(const ActionRule& rule, std::string_view action,
                  const control::Resource& resource) {
  const std::string service(ServiceOf(action).name);
  if (rule.scope == ActionScope::kAccount || resource.name_space.empty()) {
    return "on the whole of " + service;
  }
  return "on the namespace " + resource.name_space + " of " + service + ", or on more";
}

std::vector<std::string> RemediesFor(const Identity& identity, const Explanation& explanation,
                                     const Question& question, std::string_view action,
                                     const control::Resource& resource) {
  const std::string who = identity.iam_id.empty() ? "everybody" : identity.iam_id.value();
  if (question.rule() == nullptr || question.rule()->roles.empty()) {
    return {"only the account's owner may do this: there is no role that gives it"};
  }
  std::vector<std::string> remedies;
  for (const PolicyTrace& trace : explanation.policies) {
    if (trace.misses.size() != 1) break;  // those that lack more come behind
    const Miss& miss = trace.misses.front();
    remedies.push_back("change policy " + trace.policy + ": " + miss.text);
  }
  remedies.push_back("give " + who + ", or an access group it is in, a policy with the role " +
                     RolesText(*question.rule()) + " " + Where(*question.rule(), action, resource));
  return remedies;
}

}  // namespace

std::string_view LayerOf(Decision::Reason reason) {
  switch (reason) {
    case Decision::Reason::kOwner: return "owner";
    case Decision::Reason::kSelf: return "self";
    case Decision::Reason::kPolicy:
    case Decision::Reason::kNoPolicy: return "policy";
    case Decision::Reason::kOtherAccount: return "account";
  }
  BW_UNREACHABLE();
}

Explanation Explain(const Identity& identity, std::span<const std::string> groups,
                    const PolicySet& policies, std::string_view action,
                    const control::Resource& resource, Timestamp now) {
  Explanation explanation;
  // What is decided before any policy, it decides for itself.
  const Decision without = Decide(identity, groups, {}, action, resource, now);
  explanation.allowed = without.allowed;
  explanation.reason = without.reason;
  const Question question(policies, action, resource, now);
  if (without.reason != Decision::Reason::kNoPolicy) return explanation;
  if (question.rule() != nullptr) {
    const std::span<const Policy> all = policies.policies();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!Question::AppliesTo(all[i], identity, groups)) continue;
      explanation.policies.push_back(TraceOf(question, all[i], i));
    }
  }
  std::stable_sort(
      explanation.policies.begin(), explanation.policies.end(),
      [](const PolicyTrace& a, const PolicyTrace& b) { return a.misses.size() < b.misses.size(); });
  if (explanation.policies.size() > kMaxTraces) explanation.policies.resize(kMaxTraces);
  explanation.allowed = !explanation.policies.empty() && explanation.policies.front().gives;
  if (explanation.allowed) {
    explanation.reason = Decision::Reason::kPolicy;
  } else {
    explanation.remedies = RemediesFor(identity, explanation, question, action, resource);
  }
  return explanation;
}

std::vector<std::size_t> PoliciesThatGive(const PolicySet& policies, std::string_view action,
                                          const control::Resource& resource, Timestamp now) {
  const Question question(policies, action, resource, now);
  std::vector<std::size_t> giving;
  for (std::size_t i = 0; i < policies.policies().size(); ++i) {
    if (question.GivenBy(i)) giving.push_back(i);
  }
  return giving;
}

}  // namespace breakwater::iam
