#include "organization/resource_groups.h"

#include <algorithm>

#include "organization/store.h"

namespace breakwater::organization {
namespace {

constexpr std::string_view kWhat = "resource group";

// The stored group; the default one cannot be changed.
Result<ResourceGroup> Changeable(db::Transaction& tx, const AccountId& account,
                                 std::string_view id) {
  if (id == account.value()) {
    return Conflict("the default resource group stays as it is").Reason("default_group");
  }
  return iam::Existing(store::FindResourceGroup(tx, id), account, kWhat);
}

Status CheckUnused(const std::vector<ResourceGroup>& groups, const ResourceGroup& wanted) {
  const bool taken = wanted.name == DefaultResourceGroup(wanted.account).name ||
                     std::ranges::any_of(groups, [&](const ResourceGroup& group) {
                       return group.id != wanted.id && group.name == wanted.name;
                     });
  if (!taken) return Ok();
  return Exists("there is a resource group of this name already").Reason("name_exists");
}

}  // namespace

Result<bool> HasResourceGroup(db::Transaction& tx, const AccountId& account, std::string_view id) {
  if (id == account.value()) return true;
  BW_TRY(const auto found, store::FindResourceGroup(tx, id));
  return found && found->account == account;
}

control::Resource ResourceGroupResource(const AccountId& account, std::string_view id) {
  return iam::IamResource(account, "resource-controller", "resource-group", std::string(id));
}

Result<ResourceGroup> ResourceGroups::Create(const control::Caller& caller,
                                             const AccountId& account, const std::string& name) {
  BW_TRY_STATUS(iam::CheckName(name));
  const Timestamp now = deps_.changes.clock.Now();
  const ResourceGroup made{.id = iam::NewHexId(),
                           .account = account,
                           .name = name,
                           .is_default = false,
                           .created = now,
                           .modified = now};
  BW_TRY_STATUS(deps_.changes.changes.Submit(
      caller, {.action = "resource-controller.group.create",
               .resource = ResourceGroupResource(account, made.id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const auto groups, store::ListResourceGroups(tx, account));
                 BW_TRY_STATUS(iam::CheckRoom(std::ssize(groups), deps_.limits.resource_groups,
                                              "an account", "resource groups"));
                 BW_TRY_STATUS(CheckUnused(groups, made));
                 BW_TRY_STATUS(store::Insert(tx, made));
                 return control::Effect{nullptr, ToJson(made), {}, {}};
               }}));
  return made;
}

Result<ResourceGroup> ResourceGroups::Get(const AccountId& account, std::string_view id) {
  if (id == account.value()) return DefaultResourceGroup(account);
  return deps_.changes.database.ReadValue([&](db::Transaction& tx) {
    return iam::Existing(store::FindResourceGroup(tx, id), account, kWhat);
  });
}

Result<std::vector<ResourceGroup>> ResourceGroups::List(const AccountId& account) {
  BW_TRY(auto groups, deps_.changes.database.ReadValue([&](db::Transaction& tx) {
    return store::ListResourceGroups(tx, account);
  }));
  groups.insert(groups.begin(), DefaultResourceGroup(account));
  return groups;
}

Result<ResourceGroup> ResourceGroups::Rename(const control::Caller& caller,
                                             const AccountId& account, std::string_view id,
                                             const std::string& name) {
  BW_TRY_STATUS(iam::CheckName(name));
  const Timestamp now = deps_.changes.clock.Now();
  ResourceGroup after;
  BW_TRY_STATUS(deps_.changes.changes.Submit(
      caller, {.action = "resource-controller.group.update",
               .resource = ResourceGroupResource(account, id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const ResourceGroup before, Changeable(tx, account, id));
                 after = before;
                 after.name = name;
                 after.modified = now;
                 BW_TRY(const auto groups, store::ListResourceGroups(tx, account));
                 BW_TRY_STATUS(CheckUnused(groups, after));
                 BW_TRY_STATUS(store::Update(tx, after));
                 return control::Effect{ToJson(before), ToJson(after), {}, {}};
               }}));
  return after;
}

Status ResourceGroups::Delete(const control::Caller& caller, const AccountId& account,
                              std::string_view id) {
  return deps_.changes.changes.Submit(
      caller, {.action = "resource-controller.group.delete",
               .resource = ResourceGroupResource(account, id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const ResourceGroup before, Changeable(tx, account, id));
                 BW_TRY(const bool used, deps_.in_use(tx, account, id));
                 if (used) {
                   return Conflict("namespaces are in this resource group").Reason("not_empty");
                 }
                 BW_TRY_STATUS(store::DeleteResourceGroup(tx, id));
                 return control::Effect{ToJson(before), nullptr, {}, {}};
               }});
}

}  // namespace breakwater::organization
