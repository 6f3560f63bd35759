#include "iam/bootstrap.h"

#include <algorithm>

#include "iam/api_keys.h"
#include "iam/identities.h"
#include "iam/store.h"

namespace breakwater::iam {
namespace {

struct Installation {
  Account account;
  User administrator;
  AccessGroup group;
  std::vector<Policy> policies;
  PreparedApiKey key;
};

AccountId NewAccountId() {
  std::string id = NewUuid();
  std::erase(id, '-');
  return AccountId(id);
}

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

Result<PreparedApiKey> FirstKey(const BootstrapOptions& options, const User& administrator,
                                const KeyHasher& hasher, Timestamp now) {
  NewApiKey wanted;
  wanted.name = "bootstrap";
  wanted.description = "Made at installation";
  BW_TRY(auto key, PrepareApiKey(wanted, administrator.account, administrator.iam_id,
                                 administrator.iam_id, hasher, now));
  if (options.api_key) {
    const std::string& given = options.api_key->Reveal();  // to look at its form
    const bool printable =
        std::all_of(given.begin(), given.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (given.size() < BootstrapOptions::kMinGivenKeyOctets ||
        given.size() > NewApiKey::kMaxValueOctets || !printable) {
      return Invalid(
                 "the bootstrap API key must have 8 to 256 printable ASCII characters without "
                 "spaces")
          .Reason("bootstrap_api_key");
    }
    key.value = *options.api_key;
    key.hash = hasher.Hash(key.value);
  }
  return key;
}

Result<Installation> Plan(const BootstrapOptions& options, const KeyHasher& hasher, Timestamp now) {
  BW_TRY_STATUS(CheckName(options.account_name));
  Installation plan;
  const AccountId account = options.account.empty() ? NewAccountId() : options.account;
  BW_TRY(const std::string email, ParseEmail(options.administrator_email));
  plan.administrator = {.iam_id = IamId("IBMid-" + NewUuid()),
                        .account = account,
                        .email = email,
                        .first_name = "First",
                        .last_name = "Administrator",
                        .state = UserState::kActive,
                        .added = now};
  const IamId& iam_id = plan.administrator.iam_id;
  plan.account = {.id = account, .name = options.account_name, .owner = iam_id};
  plan.group = {.id = "AccessGroupId-" + NewUuid(),
                .account = account,
                .name = "Administrators",
                .description = "Administer the account and manage its registries",
                .created = now,
                .created_by = iam_id,
                .modified = now,
                .modified_by = iam_id};
  plan.policies = {
      GroupPolicy(plan.group, {Role::kAdministrator, Role::kManager}, ServiceType::kService),
      GroupPolicy(plan.group, {Role::kAdministrator}, ServiceType::kPlatformService)};
  BW_TRY(plan.key, FirstKey(options, plan.administrator, hasher, now));
  return plan;
}

Status Store(db::Transaction& tx, const Installation& plan, Timestamp now) {
  BW_TRY_STATUS(store::InsertAccount(tx, plan.account, now));
  BW_TRY_STATUS(store::InsertUser(tx, plan.administrator));
  BW_TRY_STATUS(store::InsertGroup(tx, plan.group));
  BW_TRY_STATUS(store::InsertMember(tx, plan.group.id,
                                    {.iam_id = plan.administrator.iam_id,
                                     .kind = control::IdentityKind::kUser,
                                     .created = now,
                                     .created_by = plan.administrator.iam_id}));
  for (const Policy& policy : plan.policies) BW_TRY_STATUS(store::InsertPolicy(tx, policy));
  return StoreApiKey(tx, plan.key, Limits());
}

json::Value Document(const Installation& plan) {
  json::Array policies;
  for (const Policy& policy : plan.policies) policies.push_back(ToJson(policy));
  return {{"account", json::Text(plan.account.id.value())},
          {"administrator", ToJson(plan.administrator)},
          {"group", ToJson(plan.group)},
          {"policies", std::move(policies)},
          {"apikey", ToJson(plan.key.key)}};
}

}  // namespace

Result<std::optional<Secret>> EnsureInstalled(ChangeDeps deps, const KeyHasher& hasher,
                                              const BootstrapOptions& options) {
  BW_TRY(const auto known, deps.database.ReadValue(store::FirstAccount));
  if (known) return std::optional<Secret>{};
  const Timestamp now = deps.clock.Now();
  BW_TRY(const Installation plan, Plan(options, hasher, now));
  const Status made = deps.changes.Submit(
      control::SystemCaller(plan.account.id, "installation"),
      {.action = "breakwater.installation.create",
       .resource = IamResource(plan.account.id, "breakwater", "account", plan.account.id.value()),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(const auto other, store::FirstAccount(tx));
         if (other) return Exists("there is an account already").Reason("account_exists");
         BW_TRY_STATUS(Store(tx, plan, now));
         return ChangedAccess(tx, plan.account.id, nullptr, Document(plan));
       },
       .severity = audit::Severity::kCritical});
  if (!made.ok()) {
    // Another process that started with us was first.
    if (made.error().reason() == "account_exists") return std::optional<Secret>{};
    return made.error();
  }
  return std::optional<Secret>(plan.key.value);
}

Result<Account> FirstAccount(db::Database& database) {
  BW_TRY(const auto account, database.ReadValue(store::FirstAccount));
  if (!account) return NotFound("there is no account yet").Reason("account_unknown");
  return *account;
}

}  // namespace breakwater::iam
