#include "iam/policies.h"

#include <algorithm>
#include <set>

#include "base/strings.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kWhat = "policy";
constexpr std::string_view kRegistryService = "container-registry";
constexpr std::size_t kMaxValueOctets = 256;

const std::vector<std::string>& KnownAttributes() {
  static const std::vector<std::string> known{"accountId",       "serviceName", "serviceType",
                                              "serviceInstance", "region",      "registry",
                                              "resourceType",    "resource",    "resourceGroupId"};
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

Status CheckAttribute(const PolicyAttribute& attribute) {
  const auto& known = KnownAttributes();
  if (std::find(known.begin(), known.end(), attribute.name) == known.end()) {
    const std::string nearest = Nearest(attribute.name, known);
    return BadPolicy("unknown resource attribute" +
                     (nearest.empty() ? std::string() : "; did you mean " + nearest + "?"));
  }
  const bool may_be_empty = attribute.name == "serviceInstance";
  if (attribute.value.size() > kMaxValueOctets || (attribute.value.empty() && !may_be_empty)) {
    return BadPolicy("the value of " + attribute.name + " must have 1 to 256 bytes");
  }
  return Ok();
}

Status CheckRegistryAttributes(const std::vector<PolicyAttribute>& attributes) {
  const PolicyAttribute* service = Find(attributes, "serviceName");
  if (service == nullptr || service->value != kRegistryService) return Ok();
  const PolicyAttribute* type = Find(attributes, "resourceType");
  if (type != nullptr && (type->value != "namespace" || type->op != MatchOperator::kStringEquals)) {
    return BadPolicy("resourceType must be exactly \"namespace\": nothing else would ever match");
  }
  const PolicyAttribute* instance = Find(attributes, "serviceInstance");
  if (instance != nullptr && !instance->value.empty()) {
    return BadPolicy("serviceInstance must be empty: the registry has no instances");
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
  const PolicyAttribute* of = Find(attributes, "accountId");
  if (of == nullptr || of->value != account.value() || of->op != MatchOperator::kStringEquals) {
    return BadPolicy("the resource attribute accountId must be there and name your account");
  }
  if (!names.contains("serviceName") && !names.contains("serviceType") &&
      !names.contains("resourceGroupId")) {
    return BadPolicy(
        "one of the resource attributes serviceName, serviceType and resourceGroupId must be "
        "there");
  }
  return CheckRegistryAttributes(attributes);
}

bool IsPublic(const Subject& subject) {
  return subject.kind == SubjectKind::kAccessGroup && subject.id == kPublicAccessGroup;
}

// What everybody on the network can do must not be more than reading images.
Status CheckPublic(const PolicyContent& content) {
  const PolicyAttribute* service = Find(content.attributes, "serviceName");
  const bool registry = service != nullptr && service->op == MatchOperator::kStringEquals &&
                        service->value == kRegistryService;
  if (registry && content.roles == std::vector<Role>{Role::kReader}) return Ok();
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
  BW_TRY(const auto user, store::FindUser(tx, IamId(subject.id)));
  if (user && user->account == account) return Ok();
  BW_TRY(const auto profile, store::FindProfileByIamId(tx, IamId(subject.id)));
  if (profile && profile->account == account) return Ok();
  BW_TRY_STATUS(Existing(store::FindServiceIdByIamId(tx, IamId(subject.id)), account,
                         "user, service ID or trusted profile"));
  return Ok();
}

Status CheckUnique(db::Transaction& tx, const Policy& policy) {
  BW_TRY(const auto same, store::FindPolicyByFingerprint(tx, policy.account, Fingerprint(policy)));
  if (!same || same->id == policy.id) return Ok();
  return Conflict("another policy grants the same roles on the same resources to the same subject")
      .Reason("policy_conflict_error")
      .Detail("conflicts_with", same->id);
}

Status CheckRoom(db::Transaction& tx, const AccountId& account) {
  BW_TRY(const auto known, store::ListPolicies(tx, account, std::nullopt, {0, 1}));
  if (known.total < Limits::kPoliciesPerAccount) return Ok();
  return Conflict("an account may have at most " + std::to_string(Limits::kPoliciesPerAccount) +
                  " policies")
      .Reason("limit_exceeded");
}

void Put(const PolicyContent& content, Policy& policy) {
  policy.subject = content.subject;
  policy.description = content.description;
  policy.roles = content.roles;
  policy.attributes = content.attributes;
}

}  // namespace

Status CheckPolicy(const PolicyContent& content, const AccountId& account) {
  if (content.subject.id.empty()) return BadPolicy("a policy must name its subject");
  if (content.roles.empty() || content.roles.size() > std::size(kAllRoles)) {
    return BadPolicy("a policy must have one to seven roles");
  }
  BW_TRY_STATUS(CheckDescription(content.description));
  BW_TRY_STATUS(CheckAttributes(content.attributes, account));
  return IsPublic(content.subject) ? CheckPublic(content) : Ok();
}

control::Resource PolicyResource(const AccountId& account,
                                 const std::vector<PolicyAttribute>& attributes, std::string id) {
  const PolicyAttribute* service = Find(attributes, "serviceName");
  // A pattern may cover more than one service: that takes the right on all policies.
  const bool one = service != nullptr && service->op == MatchOperator::kStringEquals;
  return IamResource(account, one ? service->value : "iam-access-management", "policy",
                     std::move(id));
}

Result<Policy> Policies::Create(const control::Caller& caller, const AccountId& account,
                                const PolicyContent& content) {
  BW_TRY_STATUS(CheckPolicy(content, account));
  const Timestamp now = deps_.clock.Now();
  Policy made;
  made.id = NewUuid();
  made.account = account;
  Put(content, made);
  made.created = made.modified = now;
  made.created_by = made.modified_by = caller.actor.iam_id;
  BW_TRY_STATUS(
      deps_.changes.Submit(caller, {.action = "iam-am.policy.create",
                                    .resource = PolicyResource(account, made.attributes, made.id),
                                    .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                                      BW_TRY_STATUS(CheckSubject(tx, account, made.subject));
                                      BW_TRY_STATUS(CheckRoom(tx, account));
                                      BW_TRY_STATUS(CheckUnique(tx, made));
                                      BW_TRY_STATUS(store::InsertPolicy(tx, made));
                                      return ChangedAccess(tx, account, nullptr, ToJson(made));
                                    }}));
  return made;
}

Result<Policy> Policies::Get(const AccountId& account, std::string_view id) {
  auto found = deps_.database.ReadValue(
      [&](db::Transaction& tx) { return Existing(store::FindPolicy(tx, id), account, kWhat); });
  if (!found.ok() && found.error().code() == ErrorCode::kNotFound) {
    return NoSuch(kWhat).Reason("policy_not_found");
  }
  return found;
}

Result<store::Listed<Policy>> Policies::List(const AccountId& account,
                                             const std::optional<Subject>& subject,
                                             const store::Page& page) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return store::ListPolicies(tx, account, subject, page); });
}

Result<Policy> Policies::Replace(const control::Caller& caller, const AccountId& account,
                                 std::string_view id, std::string_view if_match,
                                 const PolicyContent& content) {
  BW_TRY_STATUS(CheckPolicy(content, account));
  BW_TRY(const Policy before, Get(account, id));
  BW_TRY_STATUS(CheckEntityTag(if_match, before.id, before.version));
  constexpr std::string_view kAction = "iam-am.policy.update";
  const auto old_resource = PolicyResource(account, before.attributes, before.id);
  if (const Status may = authorizer_.Authorize(caller, kAction, old_resource); !may.ok()) {
    deps_.changes.RecordRefusal(caller, kAction, old_resource, may.error());
    return may.error();
  }
  Policy after = before;
  Put(content, after);
  after.modified = deps_.clock.Now();
  after.modified_by = caller.actor.iam_id;
  ++after.version;
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = std::string(kAction),
               .resource = PolicyResource(account, after.attributes, after.id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const Policy now, Existing(store::FindPolicy(tx, id), account, kWhat));
                 // The right was decided on what was read before: it must still be that.
                 BW_TRY_STATUS(CheckEntityTag(EntityTag(id, before.version), id, now.version));
                 BW_TRY_STATUS(CheckSubject(tx, account, after.subject));
                 BW_TRY_STATUS(CheckUnique(tx, after));
                 BW_TRY_STATUS(store::UpdatePolicy(tx, after));
                 return ChangedAccess(tx, account, ToJson(before), ToJson(after));
               }}));
  return after;
}

Status Policies::Delete(const control::Caller& caller, const AccountId& account,
                        std::string_view id) {
  BW_TRY(const Policy before, Get(account, id));
  return deps_.changes.Submit(
      caller, {.action = "iam-am.policy.delete",
               .resource = PolicyResource(account, before.attributes, before.id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const Policy now, Existing(store::FindPolicy(tx, id), account, kWhat));
                 BW_TRY_STATUS(CheckEntityTag(EntityTag(id, before.version), id, now.version));
                 BW_TRY_STATUS(store::DeletePolicy(tx, id));
                 return ChangedAccess(tx, account, ToJson(now), nullptr);
               }});
}

}  // namespace breakwater::iam
