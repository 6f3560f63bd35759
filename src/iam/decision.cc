#include "iam/decision.h"

#include <algorithm>

#include "base/check.h"

namespace breakwater::iam {
namespace {

// What users do with what is their own, named by their iam_id.
constexpr std::string_view kOwn[] = {"iam-identity.user-apikey.", "iam-identity.user-password.",
                                     "iam-identity.session."};
constexpr std::string_view kPolicyActions = "iam-am.policy.";
constexpr std::string_view kRestrictionActions = "context-based-restrictions.rule.";

bool IsOwn(const Identity& identity, std::string_view action, const control::Resource& resource) {
  return identity.kind == control::IdentityKind::kUser &&
         resource.name == identity.iam_id.value() &&
         std::any_of(std::begin(kOwn), std::end(kOwn),
                     [&](std::string_view prefix) { return action.starts_with(prefix); });
}

bool IsNarrowing(std::string_view attribute) {
  return attribute == "resourceType" || attribute == "resource" || attribute == "resourceGroupId";
}

bool Fits(const PolicyAttribute& attribute, std::string_view value) {
  switch (attribute.op) {
    case MatchOperator::kStringEquals: return attribute.value == value;
    case MatchOperator::kStringMatch: return WildcardMatch(attribute.value, value);
  }
  BW_UNREACHABLE();
}

// What the resource does not have never matches, not even "*".
bool FitsPresent(const PolicyAttribute& attribute, std::string_view value) {
  return !value.empty() && Fits(attribute, value);
}

bool FitsService(const PolicyAttribute& attribute, const ActionService& service) {
  return attribute.name == "serviceName" ? Fits(attribute, service.name)
                                         : Fits(attribute, ToString(service.type));
}

bool CoversAttribute(const PolicyAttribute& attribute, const ActionService& service,
                     ActionScope scope, const control::Resource& resource) {
  const std::string& name = attribute.name;
  if (name == "accountId") return Fits(attribute, resource.account.value());
  if (name == "serviceName" || name == "serviceType") return FitsService(attribute, service);
  if (name == "serviceInstance") return attribute.value.empty();  // the registry has no instances
  if (name == "region") return FitsPresent(attribute, resource.region);
  if (name == "registry") return FitsPresent(attribute, resource.registry.value());
  if (IsNarrowing(name)) {
    if (scope == ActionScope::kAccount) return false;
    if (name == "resourceGroupId") return FitsPresent(attribute, resource.resource_group);
    if (resource.name_space.empty()) return false;
    return name == "resource" ? Fits(attribute, resource.name_space) : Fits(attribute, "namespace");
  }
  return false;  // an attribute we do not know may narrow to anything
}

bool Covers(const Policy& policy, const ActionService& service, ActionScope scope,
            const control::Resource& resource) {
  return policy.account == resource.account &&
         std::all_of(policy.attributes.begin(), policy.attributes.end(),
                     [&](const PolicyAttribute& attribute) {
                       return CoversAttribute(attribute, service, scope, resource);
                     });
}

bool AppliesTo(const Policy& policy, const Identity& identity,
               std::span<const std::string> groups) {
  switch (policy.subject.kind) {
    case SubjectKind::kIdentity: return policy.subject.id == identity.iam_id.value();
    case SubjectKind::kAccessGroup:
      return std::find(groups.begin(), groups.end(), policy.subject.id) != groups.end();
  }
  BW_UNREACHABLE();
}

std::optional<Role> GivingRole(const Policy& policy, RoleSet giving) {
  for (Role role : policy.roles) {
    if (giving.Has(role)) return role;
  }
  return std::nullopt;
}

// Who administers a service may assign access to it and restrict it (ibm-registry 3.3, 3.13), but
// must administer the whole of it. Account management is not such a service: whoever could assign
// access to it from below would have everything.
bool AdministersService(const Policy& policy, std::string_view action,
                        const control::Resource& resource) {
  return (action.starts_with(kPolicyActions) || action.starts_with(kRestrictionActions)) &&
         TypeOfService(resource.service) == ServiceType::kService &&
         GivingRole(policy, {Role::kAdministrator}).has_value() &&
         CoverageOf(policy, resource.service, ServiceType::kService) == Coverage::kWhole;
}

Decision Allow(Decision::Reason reason) {
  Decision decision;
  decision.allowed = true;
  decision.reason = reason;
  return decision;
}

Decision AllowBy(const Policy& policy, Role role) {
  Decision decision = Allow(Decision::Reason::kPolicy);
  decision.policy = policy.id;
  decision.role = role;
  return decision;
}

}  // namespace

Coverage CoverageOf(const Policy& policy, std::string_view service, ServiceType type) {
  Coverage coverage = Coverage::kWhole;
  for (const PolicyAttribute& attribute : policy.attributes) {
    if (attribute.name == "accountId") {
      if (!Fits(attribute, policy.account.value())) return Coverage::kNone;
    } else if (attribute.name == "serviceName" || attribute.name == "serviceType") {
      if (!FitsService(attribute, {service, type})) return Coverage::kNone;
    } else if (attribute.name == "serviceInstance") {
      if (!attribute.value.empty()) return Coverage::kNone;
    } else {
      coverage = Coverage::kPart;
    }
  }
  return coverage;
}

Decision Decide(const Identity& identity, std::span<const std::string> groups,
                std::span<const Policy> policies, std::string_view action,
                const control::Resource& resource) {
  Decision refused;
  if (identity.account != resource.account) {
    refused.reason = Decision::Reason::kOtherAccount;
    return refused;
  }
  if (identity.owner) return Allow(Decision::Reason::kOwner);
  if (IsOwn(identity, action, resource)) return Allow(Decision::Reason::kSelf);
  const ActionRule* rule = RuleFor(action);
  if (rule == nullptr) return refused;
  const ActionService service = ServiceOf(action);
  for (const Policy& policy : policies) {
    if (!AppliesTo(policy, identity, groups)) continue;
    const auto role = GivingRole(policy, rule->roles);
    if (role && Covers(policy, service, rule->scope, resource)) return AllowBy(policy, *role);
    if (AdministersService(policy, action, resource)) {
      return AllowBy(policy, Role::kAdministrator);
    }
  }
  refused.giving_roles = rule->roles.ToVector();
  return refused;
}

std::string ExplainRefusal(const Decision& decision, std::string_view action,
                           const control::Resource& resource) {
  if (decision.reason == Decision::Reason::kOtherAccount) return "access denied";
  std::string text = "you are not allowed to do " + std::string(action);
  const std::string& name = resource.name.empty() ? resource.name_space : resource.name;
  text += " on " + resource.kind;
  if (!name.empty()) text += " " + name;
  if (!resource.registry.empty()) text += " in " + resource.registry.value();
  if (decision.giving_roles.empty()) return text + ": only the account's owner is";
  text += ": it takes the role ";
  for (std::size_t i = 0; i < decision.giving_roles.size(); ++i) {
    if (i > 0) text += i + 1 == decision.giving_roles.size() ? " or " : ", ";
    text += ToString(decision.giving_roles[i]);
  }
  return text + " on " + std::string(ServiceOf(action).name);
}

}  // namespace breakwater::iam
