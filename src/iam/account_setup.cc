#include "iam/account_setup.h"

#include <algorithm>

namespace breakwater::iam {
namespace {

Policy GroupPolicy(const AccessGroup& group, std::vector<RoleRef> roles, ServiceType type) {
  Policy policy;
  policy.id = NewUuid();
  policy.account = group.account;
  policy.subject = {SubjectKind::kAccessGroup, group.id};
  policy.description = "Made at installation";
  policy.roles = std::move(roles);
  policy.attributes = {{"accountId", group.account.value()},
                       {"serviceType", std::string(ToString(type))}};
  policy.created = policy.modified = group.created;
  policy.created_by = policy.modified_by = group.created_by;
  return policy;
}

}  // namespace

Result<NewAccount> PlanAccount(AccountId id, std::string name, User owner, Timestamp now) {
  BW_TRY_STATUS(CheckName(name));
  NewAccount plan;
  plan.owner = std::move(owner);
  plan.owner.iam_id = IamId("IBMid-" + NewUuid());
  plan.owner.account = id;
  plan.owner.state = UserState::kActive;
  plan.owner.added = now;
  const IamId& iam_id = plan.owner.iam_id;
  plan.account = {.id = std::move(id), .name = std::move(name), .owner = iam_id};
  plan.administrators = {.id = "AccessGroupId-" + NewUuid(),
                         .account = plan.account.id,
                         .name = "Administrators",
                         .description = "Administer the account and manage its registries",
                         .created = now,
                         .created_by = iam_id,
                         .modified = now,
                         .modified_by = iam_id};
  plan.policies = {
      GroupPolicy(plan.administrators, {Role::kAdministrator, Role::kManager},
                  ServiceType::kService),
      GroupPolicy(plan.administrators, {Role::kAdministrator}, ServiceType::kPlatformService)};
  return plan;
}

Status StoreAccount(db::Transaction& tx, const NewAccount& plan, Timestamp now) {
  BW_TRY_STATUS(store::InsertAccount(tx, plan.account, now));
  BW_TRY_STATUS(store::InsertUser(tx, plan.owner));
  BW_TRY_STATUS(store::InsertGroup(tx, plan.administrators));
  BW_TRY_STATUS(store::InsertMember(tx, plan.administrators.id,
                                    {.iam_id = plan.owner.iam_id,
                                     .kind = control::IdentityKind::kUser,
                                     .created = now,
                                     .created_by = plan.owner.iam_id,
                                     .name = {},
                                     .email = {}}));
  for (const Policy& policy : plan.policies) BW_TRY_STATUS(store::InsertPolicy(tx, policy));
  return Ok();
}

json::Value ToJson(const NewAccount& plan) {
  json::Array policies;
  for (const Policy& policy : plan.policies) policies.push_back(ToJson(policy));
  return {{"account", json::Text(plan.account.id.value())},
          {"name", json::Text(plan.account.name)},
          {"administrator", ToJson(plan.owner)},
          {"group", ToJson(plan.administrators)},
          {"policies", std::move(policies)}};
}

}  // namespace breakwater::iam
