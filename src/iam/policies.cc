#include "iam/policies.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/strings.h"
#include "iam/identity_facts.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kWhat = "policy";
constexpr std::string_view kRegistryService = "container-registry";
constexpr std::string_view kIamServices = "IAM";
constexpr std::size_t kMaxValueOctets = 1000;
constexpr std::size_t kMaxValues = 32;
constexpr std::size_t kMaxRoles = 32;
constexpr std::size_t kMaxTags = 32;
constexpr std::size_t kMaxTagOctets = 128;
constexpr std::size_t kMaxIamIdOctets = 256;

const std::vector<std::string>& KnownAttributes() {
  static const std::vector<std::string> known{
      "accountId", "serviceName", "serviceType",  "service_group_id", "serviceInstance",
      "region",    "registry",    "resourceType", "resource",         "resourceGroupId"};
  return known;
}

Error BadPolicy(std::string message) {
  return Invalid(std::move(message)).Reason("invalid_body");
}

const PolicyAttribute* Find(const std::vector<PolicyAttribute>& attributes, std::string_view name) {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const auto& attribute) { return attribute.name == name; });
  return found == attributes.end() ? nullptr : &*found;
}

// Null unless the attribute is there with one value, to be equalled.
const std::string* OneValue(const std::vector<PolicyAttribute>& attributes, std::string_view name) {
  const PolicyAttribute* found = Find(attributes, name);
  return found != nullptr && found->op == MatchOperator::kStringEquals ? &found->value : nullptr;
}

bool HasGoodSize(const std::string& value) {
  return !value.empty() && value.size() <= kMaxValueOctets;
}

Status CheckValues(const PolicyAttribute& attribute) {
  if (attribute.op == MatchOperator::kStringExists) {
    if (attribute.value == "true" || attribute.value == "false") return Ok();
    return BadPolicy("the value of " + attribute.name + " must be true or false");
  }
  if (TakesList(attribute.op)) {
    const auto& values = attribute.values;
    const bool good = !values.empty() && values.size() <= kMaxValues &&
                      std::all_of(values.begin(), values.end(), HasGoodSize);
    if (good) return Ok();
    return BadPolicy("the value of " + attribute.name +
                     " must be an array of 1 to 32 texts of 1 to 1000 bytes");
  }
  const bool may_be_empty = attribute.name == "serviceInstance" && attribute.value.empty();
  if (may_be_empty || HasGoodSize(attribute.value)) return Ok();
  return BadPolicy("the value of " + attribute.name + " must have 1 to 1000 bytes");
}

Status CheckAttribute(const PolicyAttribute& attribute) {
  const auto& known = KnownAttributes();
  if (std::find(known.begin(), known.end(), attribute.name) == known.end()) {
    const std::string nearest = Nearest(attribute.name, known);
    return BadPolicy("unknown resource attribute" +
                     (nearest.empty() ? std::string() : "; did you mean " + nearest + "?"));
  }
  return CheckValues(attribute);
}

bool IsNamespaceType(const PolicyAttribute& type) {
  switch (type.op) {
    case MatchOperator::kStringEquals: return type.value == "namespace";
    case MatchOperator::kStringExists: return type.value == "true";
    case MatchOperator::kStringEqualsAnyOf:
      return type.values == std::vector<std::string>{"namespace"};
    case MatchOperator::kStringMatch:
    case MatchOperator::kStringMatchAnyOf: return false;
  }
  BW_UNREACHABLE();
}

Status CheckRegistryAttributes(const std::vector<PolicyAttribute>& attributes) {
  const std::string* service = OneValue(attributes, "serviceName");
  if (service == nullptr || *service != kRegistryService) return Ok();
  const PolicyAttribute* type = Find(attributes, "resourceType");
  if (type != nullptr && !IsNamespaceType(*type)) {
    return BadPolicy("resourceType must be exactly \"namespace\": nothing else would ever match");
  }
  const PolicyAttribute* instance = Find(attributes, "serviceInstance");
  const bool none =
      instance == nullptr || (instance->op == MatchOperator::kStringExists
                                  ? instance->value == "false"
                                  : instance->value.empty() && instance->values.empty());
  if (!none) return BadPolicy("serviceInstance must be empty: the registry has no instances");
  return Ok();
}

Status CheckServices(const std::vector<PolicyAttribute>& attributes) {
  const PolicyAttribute* group = Find(attributes, "service_group_id");
  if (group != nullptr &&
      (group->op != MatchOperator::kStringEquals || group->value != kIamServices)) {
    return BadPolicy("service_group_id must be IAM: there is no other group of services");
  }
  const std::string* type = OneValue(attributes, "serviceType");
  if (type != nullptr && *type != ToString(ServiceType::kService) &&
      *type != ToString(ServiceType::kPlatformService)) {
    return BadPolicy("serviceType must be service or platform_service");
  }
  return Ok();
}

Status CheckAttributes(const std::vector<PolicyAttribute>& attributes, const AccountId& account) {
  std::set<std::string_view> names;
  for (const PolicyAttribute& attribute : attributes) {
    BW_TRY_STATUS(CheckAttribute(attribute));
    if (!names.insert(attribute.name).second) {
      return BadPolicy("each resource attribute may be there once");
    }
  }
  const std::string* of = OneValue(attributes, "accountId");
  if (of == nullptr || *of != account.value()) {
    return BadPolicy("the resource attribute accountId must be there and name your account");
  }
  if (!names.contains("serviceName") && !names.contains("serviceType") &&
      !names.contains("resourceGroupId") && !names.contains("service_group_id")) {
    return BadPolicy(
        "one of the resource attributes serviceName, serviceType, resourceGroupId and "
        "service_group_id must be there");
  }
  BW_TRY_STATUS(CheckServices(attributes));
  return CheckRegistryAttributes(attributes);
}

Status CheckTags(const std::vector<PolicyTag>& tags) {
  if (tags.size() > kMaxTags) return BadPolicy("a policy may have at most 32 tags");
  for (const PolicyTag& tag : tags) {
    if (tag.op != MatchOperator::kStringEquals && tag.op != MatchOperator::kStringMatch) {
      return BadPolicy("the operator of a tag must be stringEquals or stringMatch");
    }
    if (tag.name.empty() || tag.name.size() > kMaxTagOctets || tag.value.empty() ||
        tag.value.size() > kMaxTagOctets) {
      return BadPolicy("the name and the value of a tag must have 1 to 128 bytes");
    }
  }
  return Ok();
}

Status CheckRule(const PolicyContent& content, Timestamp now) {
  const std::string wrong = WrongPattern(content.pattern, content.rule ? &*content.rule : nullptr);
  if (!wrong.empty()) return BadPolicy(wrong);
  if (content.rule && IsOver(*content.rule, now)) {
    return BadPolicy("the time of the rule is over: the policy would never count");
  }
  return Ok();
}

bool IsPublic(const Subject& subject) {
  return subject.kind == SubjectKind::kAccessGroup && subject.id == kPublicAccessGroup;
}

// What everybody on the network can do must not be more than reading images.
Status CheckPublic(const PolicyContent& content) {
  const PolicyAttribute* service = Find(content.attributes, "serviceName");
  const bool registry = service != nullptr && service->op == MatchOperator::kStringEquals &&
                        service->value == kRegistryService;
  if (registry && content.roles == std::vector<RoleRef>{Role::kReader}) return Ok();
  return BadPolicy(
      "the group Public Access holds everybody, signed in or not: its policies can give the role "
      "Reader on container-registry and nothing else");
}

Status CheckSubject(db::Transaction& tx, const AccountId& account, const Subject& subject) {
  if (IsPublic(subject)) return Ok();
  if (subject.kind == SubjectKind::kAccessGroup) {
    BW_TRY_STATUS(Existing(store::FindGroup(tx, subject.id), account, "access group"));
    return Ok();
  }
  // Whether it is in the account is not asked: it may come yet, and of what other accounts have
  // nothing is told.
  BW_TRY(const auto service_id, store::FindServiceIdByIamId(tx, IamId(subject.id)));
  const bool ours = service_id && service_id->account == account;
  return ours && service_id->locked ? Status(Locked("service ID")) : Ok();
}

Status CheckRoles(db::Transaction& tx, const Policy& policy) {
  const std::string* service = OneValue(policy.attributes, "serviceName");
  for (const RoleRef& role : policy.roles) {
    if (role.custom().empty()) continue;
    BW_TRY(const auto known, store::FindCustomRoleByName(tx, policy.account, role.custom()));
    if (!known) {
      return Invalid("there is no custom role of this name: create it first")
          .Reason("role_not_found");
    }
    if (service != nullptr && *service != known->service) {
      return BadPolicy("the role " + known->name + " is one of " + known->service +
                       ": it would give nothing on this service");
    }
  }
  return Ok();
}

Status CheckUnique(db::Transaction& tx, const Policy& policy) {
  BW_TRY(const auto same, store::FindPolicyByFingerprint(tx, policy.account, Fingerprint(policy)));
  if (!same || same->id == policy.id) return Ok();
  return Conflict("another policy grants the same roles on the same resources to the same subject")
      .Reason("policy_conflict_error")
      .Detail("policy", same->id)
      .Detail("etag", EntityTag(same->id, same->version));
}

Status CheckSubjectRoom(db::Transaction& tx, const Policy& policy, const Limits& limits) {
  BW_TRY(const std::int64_t own, store::CountPolicies(tx, policy.account, policy.subject));
  return CheckRoom(own, limits.policies_per_subject, "a subject", "policies");
}

Status CheckPolicyRoom(db::Transaction& tx, const Policy& policy, const Limits& limits) {
  BW_TRY(const std::int64_t all, store::CountPolicies(tx, policy.account));
  BW_TRY_STATUS(CheckRoom(all, limits.policies_per_account, "an account", "policies"));
  return CheckSubjectRoom(tx, policy, limits);
}

// All that has to be so in the account for a policy to count in it.
Status CheckInAccount(db::Transaction& tx, const Policy& policy) {
  BW_TRY_STATUS(CheckSubject(tx, policy.account, policy.subject));
  BW_TRY_STATUS(CheckRoles(tx, policy));
  return CheckUnique(tx, policy);
}

Result<Policy> FindHere(db::Transaction& tx, const AccountId& account, std::string_view id) {
  auto found = Existing(store::FindPolicy(tx, id), account, kWhat);
  if (!found.ok() && found.error().code() == ErrorCode::kNotFound) {
    return NoSuch(kWhat).Reason("policy_not_found");
  }
  return found;
}

// The same as when the right to change it was decided.
Result<Policy> FindUnchanged(db::Transaction& tx, const Policy& before) {
  BW_TRY(auto now, FindHere(tx, before.account, before.id));
  BW_TRY_STATUS(CheckEntityTag(EntityTag(before.id, before.version), before.id, now.version));
  return now;
}

void Put(const PolicyContent& content, Policy& policy) {
  policy.subject = content.subject;
  policy.description = content.description;
  policy.roles = content.roles;
  policy.attributes = content.attributes;
  policy.tags = content.tags;
  policy.pattern = content.pattern;
  policy.rule = content.rule;
}

// The end of a change after which a policy is there: it is judged, and what it gives.
Result<control::Effect> ChangedPolicy(db::Transaction& tx, json::Value before,
                                      const Policy& after) {
  BW_TRY(auto effect, ChangedAccess(tx, after.account, std::move(before), ToJson(after)));
  effect.governed.push_back(GovernedPolicy(after));
  return effect;
}

}  // namespace

Status CheckPolicy(const PolicyContent& content, const AccountId& account, Timestamp now) {
  if (content.subject.id.empty() || content.subject.id.size() > kMaxIamIdOctets) {
    return BadPolicy("a policy must name its subject");
  }
  if (content.roles.empty() || content.roles.size() > kMaxRoles) {
    return BadPolicy("a policy must have 1 to 32 roles");
  }
  BW_TRY_STATUS(CheckDescription(content.description));
  BW_TRY_STATUS(CheckAttributes(content.attributes, account));
  BW_TRY_STATUS(CheckTags(content.tags));
  BW_TRY_STATUS(CheckRule(content, now));
  return IsPublic(content.subject) ? CheckPublic(content) : Ok();
}

control::Resource PolicyResource(const AccountId& account,
                                 const std::vector<PolicyAttribute>& attributes, std::string id) {
  // A pattern may cover more than one service: that takes the right on all policies.
  const std::string* service = OneValue(attributes, "serviceName");
  return IamResource(account, service != nullptr ? *service : "iam-access-management", "policy",
                     std::move(id));
}

Policy Policies::Plan(const control::Caller& caller, const AccountId& account,
                      const PolicyContent& content) const {
  Policy made;
  made.id = NewUuid();
  made.account = account;
  Put(content, made);
  made.created = made.modified = deps_.clock.Now();
  made.created_by = made.modified_by = caller.actor.iam_id;
  return made;
}

Status Policies::Store(db::Transaction& tx, const Policy& made) const {
  BW_TRY_STATUS(CheckInAccount(tx, made));
  BW_TRY_STATUS(CheckPolicyRoom(tx, made, deps_.limits));
  return store::InsertPolicy(tx, made);
}

Status Policies::MayCreate(const control::Caller& caller, const AccountId& account,
                           const PolicyContent& content) {
  return MayChange(caller, "iam-am.policy.create", Plan(caller, account, content));
}

Result<Policy> Policies::CreateIn(db::Transaction& tx, const control::Caller& caller,
                                  const AccountId& account, const PolicyContent& content) {
  BW_TRY_STATUS(CheckPolicy(content, account, deps_.clock.Now()));
  Policy made = Plan(caller, account, content);
  BW_TRY_STATUS(Store(tx, made));
  return made;
}

Result<Policy> Policies::Create(const control::Caller& caller, const AccountId& account,
                                const PolicyContent& content) {
  BW_TRY_STATUS(CheckPolicy(content, account, deps_.clock.Now()));
  const Policy made = Plan(caller, account, content);
  BW_TRY_STATUS(
      deps_.changes.Submit(caller, {.action = "iam-am.policy.create",
                                    .resource = PolicyResource(account, made.attributes, made.id),
                                    .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                                      BW_TRY_STATUS(Store(tx, made));
                                      return ChangedPolicy(tx, nullptr, made);
                                    }}));
  return made;
}

Result<Policy> Policies::Get(const AccountId& account, std::string_view id) {
  return deps_.database.ReadValue([&](db::Transaction& tx) { return FindHere(tx, account, id); });
}

Result<Policies::Listed> Policies::List(const AccountId& account, const store::PolicyFilter& filter,
                                        const store::PolicyPage& page) {
  store::PolicyPage one_more = page;
  ++one_more.limit;
  Listed listed;
  BW_TRY(listed.items, deps_.database.ReadValue([&](db::Transaction& tx) {
    return store::ListPolicies(tx, account, filter, one_more);
  }));
  if (static_cast<std::int64_t>(listed.items.size()) > page.limit) {
    listed.items.pop_back();
    listed.next = store::PlaceOf(listed.items.back(), page.order);
  }
  return listed;
}

Status Policies::MayChange(const control::Caller& caller, std::string_view action,
                           const Policy& policy) {
  const auto resource = PolicyResource(policy.account, policy.attributes, policy.id);
  Status may = authorizer_.Authorize(caller, action, resource);
  if (!may.ok()) deps_.changes.RecordRefusal(caller, action, resource, may.error());
  return may;
}

Result<Policy> Policies::Replace(const control::Caller& caller, const AccountId& account,
                                 std::string_view id, std::string_view if_match,
                                 const PolicyContent& content) {
  const Timestamp now = deps_.clock.Now();
  BW_TRY_STATUS(CheckPolicy(content, account, now));
  BW_TRY(const Policy before, Get(account, id));
  BW_TRY_STATUS(CheckEntityTag(if_match, before.id, before.version));
  if (before.deleted) {
    return Conflict("the policy is deleted: restore it first").Reason("unable_to_process");
  }
  constexpr std::string_view kAction = "iam-am.policy.update";
  BW_TRY_STATUS(MayChange(caller, kAction, before));
  Policy after = before;
  Put(content, after);
  after.modified = now;
  after.modified_by = caller.actor.iam_id;
  ++after.version;
  BW_TRY_STATUS(
      deps_.changes.Submit(caller, {.action = std::string(kAction),
                                    .resource = PolicyResource(account, after.attributes, after.id),
                                    .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                                      BW_TRY_STATUS(FindUnchanged(tx, before));
                                      BW_TRY_STATUS(CheckSubject(tx, account, before.subject));
                                      BW_TRY_STATUS(CheckInAccount(tx, after));
                                      if (after.subject != before.subject) {
                                        BW_TRY_STATUS(CheckSubjectRoom(tx, after, deps_.limits));
                                      }
                                      BW_TRY_STATUS(store::UpdatePolicy(tx, after));
                                      return ChangedPolicy(tx, ToJson(before), after);
                                    }}));
  return after;
}

Status Policies::Delete(const control::Caller& caller, const AccountId& account,
                        std::string_view id) {
  BW_TRY(const Policy before, Get(account, id));
  if (before.deleted) return NoSuch(kWhat).Reason("policy_not_found");
  const Timestamp now = deps_.clock.Now();
  Policy after = before;
  after.deleted = after.modified = now;
  after.modified_by = caller.actor.iam_id;
  ++after.version;
  return deps_.changes.Submit(
      caller, {.action = "iam-am.policy.delete",
               .resource = PolicyResource(account, before.attributes, before.id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY_STATUS(FindUnchanged(tx, before));
                 BW_TRY_STATUS(CheckSubject(tx, account, before.subject));
                 BW_TRY_STATUS(store::UpdatePolicy(tx, after));
                 BW_TRY_STATUS(store::PurgeDeletedPolicies(tx, account, now - kDeletedPolicyLife,
                                                           deps_.limits.policies_per_account));
                 BW_TRY(auto effect, ChangedAccess(tx, account, ToJson(before), ToJson(after)));
                 effect.gone.push_back(GovernedPolicy(before));
                 return effect;
               },
               .weighed = control::WeighTaking(AccessResource(account))});
}

Result<Policy> Policies::Restore(const control::Caller& caller, const AccountId& account,
                                 std::string_view id, std::string_view if_match) {
  BW_TRY(const Policy before, Get(account, id));
  BW_TRY_STATUS(CheckEntityTag(if_match, before.id, before.version));
  constexpr std::string_view kAction = "iam-am.policy.update";
  if (!before.deleted) {
    BW_TRY_STATUS(MayChange(caller, kAction, before));
    return before;
  }
  const Timestamp now = deps_.clock.Now();
  if (before.rule && IsOver(*before.rule, now)) {
    return BadPolicy("the time of the rule is over: the policy would never count");
  }
  Policy after = before;
  after.deleted.reset();
  after.modified = now;
  after.modified_by = caller.actor.iam_id;
  ++after.version;
  BW_TRY_STATUS(
      deps_.changes.Submit(caller, {.action = std::string(kAction),
                                    .resource = PolicyResource(account, after.attributes, after.id),
                                    .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                                      BW_TRY_STATUS(FindUnchanged(tx, before));
                                      BW_TRY_STATUS(CheckInAccount(tx, after));
                                      BW_TRY_STATUS(CheckPolicyRoom(tx, after, deps_.limits));
                                      BW_TRY_STATUS(store::UpdatePolicy(tx, after));
                                      return ChangedPolicy(tx, ToJson(before), after);
                                    }}));
  return after;
}

}  // namespace breakwater::iam
