#include "iam/decision.h"

#include <algorithm>

#include "base/check.h"
#include "iam/actions.h"
#include "iam/authorizer.h"

namespace breakwater::iam {
namespace {

// What users do with what is their own, named by their iam_id.
constexpr std::string_view kOwn[] = {"iam-identity.user-apikey.", "iam-identity.user-password.",
                                     "iam-identity.session."};
constexpr std::string_view kRestrictionActions = "context-based-restrictions.rule.";
// The reference's service group: account management of identities and access.
constexpr std::string_view kIamServices = "IAM";

// What administering a service includes: assigning access to it and restricting it.
bool IsAdministering(std::string_view action) {
  return IsPolicyAction(action) || action.starts_with(kRestrictionActions);
}

bool IsOwn(const Identity& identity, std::string_view action, const control::Resource& resource) {
  // A trusted profile that is acted as has sessions, and nothing else of its own.
  const bool user = identity.kind == control::IdentityKind::kUser;
  return (user || action.starts_with("iam-identity.session.")) &&
         resource.name == identity.iam_id.value() &&
         std::any_of(std::begin(kOwn), std::end(kOwn),
                     [&](std::string_view prefix) { return action.starts_with(prefix); });
}

bool IsIamService(std::string_view service) {
  return service.starts_with("iam-") || service == "user-management";
}

bool IsNarrowing(AttributeKind kind) {
  return kind == AttributeKind::kResourceType || kind == AttributeKind::kResource ||
         kind == AttributeKind::kResourceGroup;
}

// What the resource does not have (an empty value) never matches, not even "*".
bool FitsValue(const PolicyAttribute& attribute, std::string_view value) {
  const auto equals = [&](const std::string& one) { return one == value; };
  const auto matches = [&](const std::string& one) { return WildcardMatch(one, value); };
  const auto& values = attribute.values;
  if (attribute.op == MatchOperator::kStringExists) {
    return !value.empty() == (attribute.value == "true");
  }
  if (value.empty()) return false;
  switch (attribute.op) {
    case MatchOperator::kStringEquals: return equals(attribute.value);
    case MatchOperator::kStringMatch: return matches(attribute.value);
    case MatchOperator::kStringExists: break;
    case MatchOperator::kStringEqualsAnyOf:
      return std::any_of(values.begin(), values.end(), equals);
    case MatchOperator::kStringMatchAnyOf:
      return std::any_of(values.begin(), values.end(), matches);
  }
  BW_UNREACHABLE();
}

// The registry has no instances: an empty value names what is there.
bool FitsInstance(const PolicyAttribute& attribute) {
  return attribute.op == MatchOperator::kStringExists
             ? attribute.value == "false"
             : attribute.value.empty() && attribute.values.empty();
}

std::string_view ServiceValue(AttributeKind kind, const ActionService& service) {
  if (kind == AttributeKind::kServiceName) return service.name;
  if (kind == AttributeKind::kServiceType) return ToString(service.type);
  return IsIamService(service.name) ? kIamServices : std::string_view();
}

// Greater where policies of one identity differ more often.
int Selectivity(AttributeKind kind) {
  switch (kind) {
    case AttributeKind::kUnknown: return 9;
    case AttributeKind::kResource: return 8;
    case AttributeKind::kResourceGroup: return 7;
    case AttributeKind::kRegistry: return 6;
    case AttributeKind::kRegion: return 5;
    case AttributeKind::kServiceName: return 4;
    case AttributeKind::kServiceType: return 3;
    case AttributeKind::kServiceGroup: return 2;
    case AttributeKind::kResourceType: return 1;
    case AttributeKind::kServiceInstance:
    case AttributeKind::kAccount: return 0;
  }
  BW_UNREACHABLE();
}

std::optional<Role> GivingRole(RoleSet held, RoleSet giving) {
  for (Role role : kAllRoles) {
    if (held.Has(role) && giving.Has(role)) return role;
  }
  return std::nullopt;
}

class ResourceInRule final : public RuleSubject {
 public:
  ResourceInRule(const Question& question, const control::Resource& resource, Timestamp now)
      : question_(question), resource_(resource), now_(now) {}
  Timestamp now() const override { return now_; }
  std::string_view Value(std::string_view attribute) const override {
    // What only things within a namespace have, an account-level action must not be given by.
    const AttributeKind kind = attribute == "path" ? AttributeKind::kResource : KindOf(attribute);
    const ActionRule* rule = question_.rule();
    if (IsNarrowing(kind) && rule != nullptr && rule->scope == ActionScope::kAccount) return {};
    return attribute == "path" ? RepositoryOf(resource_) : question_.ValueOf(kind);
  }

 private:
  const Question& question_;
  const control::Resource& resource_;
  const Timestamp now_;
};

Decision Allow(Decision::Reason reason) {
  Decision decision;
  decision.allowed = true;
  decision.reason = reason;
  return decision;
}

Decision AllowBy(const Policy& policy, RoleRef role) {
  Decision decision = Allow(Decision::Reason::kPolicy);
  decision.policy = policy.id;
  decision.role = std::move(role);
  if (policy.subject.kind == SubjectKind::kAccessGroup) decision.group = policy.subject.id;
  return decision;
}

}  // namespace

PolicySet::PolicySet(std::vector<Policy> policies, std::vector<CustomRole> custom_roles)
    : policies_(std::move(policies)), custom_roles_(std::move(custom_roles)) {
  for (CustomRole& role : custom_roles_) {
    for (std::string& action : role.actions) action = CanonicalAction(action);
    std::sort(role.actions.begin(), role.actions.end());
  }
  ready_.reserve(policies_.size());
  for (const Policy& policy : policies_) {
    Ready ready;
    for (const RoleRef& role : policy.roles) {
      if (const auto system = role.system()) {
        ready.roles.Add(*system);
        continue;
      }
      for (std::uint32_t i = 0; i < custom_roles_.size(); ++i) {
        const CustomRole& known = custom_roles_[i];
        if (known.name == role.custom() && known.account == policy.account) {
          ready.custom.push_back(i);
        }
      }
    }
    for (std::uint32_t i = 0; i < policy.attributes.size(); ++i) {
      ready.checks.push_back({KindOf(policy.attributes[i].name), i});
    }
    std::stable_sort(ready.checks.begin(), ready.checks.end(), [](const Check& a, const Check& b) {
      return Selectivity(a.kind) > Selectivity(b.kind);
    });
    ready_.push_back(std::move(ready));
  }
}

Question::Question(const PolicySet& policies, std::string_view action,
                   const control::Resource& resource, Timestamp now)
    : set_(policies),
      action_(NeededAction(action)),
      resource_(resource),
      now_(now),
      rule_(RuleFor(action_)),
      service_(ServiceOf(action_)),
      administers_(IsAdministering(action_) &&
                   TypeOfService(resource.service) == ServiceType::kService) {}

bool Question::AppliesTo(const Policy& policy, const Identity& identity,
                         std::span<const std::string> groups) {
  switch (policy.subject.kind) {
    case SubjectKind::kIdentity:
      return !identity.iam_id.empty() && policy.subject.id == identity.iam_id.value();
    case SubjectKind::kAccessGroup:
      return std::find(groups.begin(), groups.end(), policy.subject.id) != groups.end();
  }
  BW_UNREACHABLE();
}

std::string_view Question::ValueOf(AttributeKind kind) const {
  switch (kind) {
    case AttributeKind::kAccount: return resource_.account.value();
    case AttributeKind::kServiceName:
    case AttributeKind::kServiceType:
    case AttributeKind::kServiceGroup: return ServiceValue(kind, service_);
    case AttributeKind::kServiceInstance: return {};
    case AttributeKind::kRegion: return resource_.region;
    case AttributeKind::kRegistry: return resource_.registry.value();
    case AttributeKind::kResourceType: return resource_.name_space.empty() ? "" : "namespace";
    case AttributeKind::kResource: return resource_.name_space;
    case AttributeKind::kResourceGroup: return resource_.resource_group;
    case AttributeKind::kUnknown: return {};  // may narrow to anything
  }
  BW_UNREACHABLE();
}

bool Question::Fits(const PolicySet::Check& check, const Policy& policy) const {
  const PolicyAttribute& attribute = policy.attributes[check.attribute];
  if (check.kind == AttributeKind::kUnknown) return false;
  if (check.kind == AttributeKind::kServiceInstance) return FitsInstance(attribute);
  if (IsNarrowing(check.kind) && rule_->scope == ActionScope::kAccount) return false;
  return FitsValue(attribute, ValueOf(check.kind));
}

bool Question::Covers(std::size_t index) const {
  const Policy& policy = set_.policies_[index];
  if (policy.account != resource_.account) return false;
  for (const PolicySet::Check& check : set_.ready_[index].checks) {
    if (!Fits(check, policy)) return false;
  }
  return true;
}

std::vector<std::size_t> Question::Misfits(std::size_t index) const {
  std::vector<std::size_t> misfits;
  if (rule_ == nullptr) return misfits;
  const Policy& policy = set_.policies_[index];
  for (const PolicySet::Check& check : set_.ready_[index].checks) {
    if (!Fits(check, policy)) misfits.push_back(check.attribute);
  }
  std::sort(misfits.begin(), misfits.end());
  return misfits;
}

bool Question::CustomRoleGives(std::size_t index) const {
  const CustomRole& role = set_.custom_roles_[index];
  // Of other services it gives nothing, even in a policy that covers them: what it holds on access
  // policies is about its own service (AdministeredBy).
  return role.service == service_.name &&
         std::binary_search(role.actions.begin(), role.actions.end(), action_);
}

std::optional<RoleRef> Question::RoleOf(std::size_t index) const {
  if (rule_ == nullptr) return std::nullopt;
  const PolicySet::Ready& ready = set_.ready_[index];
  if (const auto role = GivingRole(ready.roles, rule_->roles)) return *role;
  for (const std::uint32_t role : ready.custom) {
    if (CustomRoleGives(role)) return RoleRef::Custom(set_.custom_roles_[role].name);
  }
  return std::nullopt;
}

// Who administers a service may assign access to it and restrict it (ibm-registry 3.3, 3.13), but
// must administer the whole of it. Account management is not such a service: whoever could assign
// access to it from below would have everything.
std::optional<RoleRef> Question::AdministeredBy(std::size_t index) const {
  if (!administers_) return std::nullopt;
  const PolicySet::Ready& ready = set_.ready_[index];
  const Policy& policy = set_.policies_[index];
  std::optional<RoleRef> role;
  if (ready.roles.Has(Role::kAdministrator)) role = Role::kAdministrator;
  for (const std::uint32_t custom : ready.custom) {
    if (role) break;
    const CustomRole& held = set_.custom_roles_[custom];
    if (held.service == resource_.service &&
        std::binary_search(held.actions.begin(), held.actions.end(), action_)) {
      role = RoleRef::Custom(held.name);
    }
  }
  if (!role || policy.account != resource_.account ||
      CoverageOf(policy, resource_.service, ServiceType::kService) != Coverage::kWhole) {
    return std::nullopt;
  }
  return role;
}

bool Question::RuleHolds(std::size_t index) const {
  const Policy& policy = set_.policies_[index];
  return !policy.rule || Holds(*policy.rule, ResourceInRule(*this, resource_, now_));
}

bool Question::HasTags(std::size_t index) const {
  return !set_.policies_[index].tags.empty();
}

std::optional<RoleRef> Question::GivenBy(std::size_t index) const {
  std::optional<RoleRef> role;
  if (rule_ != nullptr && Covers(index)) role = RoleOf(index);
  if (!role) role = AdministeredBy(index);
  if (!role || HasTags(index) || set_.policies_[index].deleted || !RuleHolds(index)) {
    return std::nullopt;
  }
  return role;
}

Coverage CoverageOf(const Policy& policy, std::string_view service, ServiceType type) {
  Coverage coverage = Coverage::kWhole;
  if (!policy.tags.empty() || (policy.rule && LooksAtResource(*policy.rule))) {
    coverage = Coverage::kPart;
  }
  for (const PolicyAttribute& attribute : policy.attributes) {
    const AttributeKind kind = KindOf(attribute.name);
    switch (kind) {
      case AttributeKind::kAccount:
        if (!FitsValue(attribute, policy.account.value())) return Coverage::kNone;
        break;
      case AttributeKind::kServiceName:
      case AttributeKind::kServiceType:
      case AttributeKind::kServiceGroup:
        if (!FitsValue(attribute, ServiceValue(kind, {service, type}))) return Coverage::kNone;
        break;
      case AttributeKind::kServiceInstance:
        if (!FitsInstance(attribute)) return Coverage::kNone;
        break;
      case AttributeKind::kRegion:
      case AttributeKind::kRegistry:
      case AttributeKind::kResourceType:
      case AttributeKind::kResource:
      case AttributeKind::kResourceGroup:
      case AttributeKind::kUnknown: coverage = Coverage::kPart;
    }
  }
  return coverage;
}

Decision Decide(const Identity& identity, std::span<const std::string> groups,
                const PolicySet& policies, std::string_view action,
                const control::Resource& resource, Timestamp now) {
  Decision refused;
  if (identity.account != resource.account) {
    refused.reason = Decision::Reason::kOtherAccount;
    return refused;
  }
  if (identity.owner) return Allow(Decision::Reason::kOwner);
  if (IsOwn(identity, action, resource)) return Allow(Decision::Reason::kSelf);
  const Question question(policies, action, resource, now);
  if (question.rule() == nullptr) return refused;
  const std::span<const Policy> all = policies.policies();
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto role = question.GivenBy(i);
    if (role && Question::AppliesTo(all[i], identity, groups)) {
      return AllowBy(all[i], *std::move(role));
    }
  }
  refused.giving_roles = question.rule()->roles.ToVector();
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
