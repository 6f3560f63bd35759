#include "iam/custom_roles.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "iam/actions.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kWhat = "custom role";
constexpr std::size_t kMaxNameOctets = 30;
constexpr std::size_t kMaxActions = 256;

Error BadRole(std::string message) {
  return Invalid(std::move(message)).Reason("invalid_body");
}

Error RoleNotFound() {
  return NoSuch(kWhat).Reason("role_not_found");
}

Result<CustomRole> Find(db::Transaction& tx, const AccountId& account, std::string_view id) {
  auto found = Existing(store::FindCustomRole(tx, id), account, kWhat);
  if (!found.ok() && found.error().code() == ErrorCode::kNotFound) return RoleNotFound();
  return found;
}

control::Resource RoleResource(const AccountId& account, std::string id) {
  return IamResource(account, "iam-access-management", "role", std::move(id));
}

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Status CheckRoleName(std::string_view name) {
  const bool good = !name.empty() && name.size() <= kMaxNameOctets && name.front() >= 'A' &&
                    name.front() <= 'Z' && std::all_of(name.begin(), name.end(), IsLetterOrDigit);
  if (!good) {
    return BadRole("name must be an upper-case letter followed by letters and digits, 30 at most");
  }
  if (RoleFromName(name)) return BadRole("name must not be that of one of the system's roles");
  return Ok();
}

Status CheckActions(const std::vector<std::string>& actions, std::string_view service) {
  const auto known = ActionsOf(service);
  if (known.empty()) {
    std::vector<std::string> services;
    for (const std::string_view one : ServicesWithActions()) services.emplace_back(one);
    return BadRole("service_name must be one of " + Join(services, ", "));
  }
  if (actions.empty() || actions.size() > kMaxActions) {
    return BadRole("a role must have 1 to 256 actions");
  }
  std::set<std::string> names;
  bool own = false;
  for (const std::string& action : actions) {
    const std::string name = CanonicalAction(action);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string nearest =
          Nearest(name, std::vector<std::string>(known.begin(), known.end()));
      return BadRole("there is no such action of " + std::string(service) +
                     (nearest.empty() ? std::string() : "; did you mean " + nearest + "?"));
    }
    if (!names.insert(name).second) return BadRole("each action may be there once");
    own = own || ServiceOf(name).name == service;
  }
  return own ? Ok() : Status(BadRole("one action at least must be of the service itself"));
}

Status CheckContent(const CustomRoleContent& content, std::string_view service) {
  BW_TRY_STATUS(CheckName(content.display_name).Context("display_name"));
  BW_TRY_STATUS(CheckDescription(content.description));
  return CheckActions(content.actions, service);
}

void Put(const CustomRoleContent& content, CustomRole& role) {
  role.display_name = content.display_name;
  role.description = content.description;
  role.actions = content.actions;
}

}  // namespace

Status CheckCustomRole(const NewCustomRole& role) {
  BW_TRY_STATUS(CheckRoleName(role.name));
  return CheckContent(role.content, role.service);
}

Result<CustomRole> CustomRoles::Create(const control::Caller& caller, const AccountId& account,
                                       const NewCustomRole& wanted) {
  BW_TRY_STATUS(CheckCustomRole(wanted));
  CustomRole role;
  role.id = NewHexId();
  role.account = account;
  role.name = wanted.name;
  role.service = wanted.service;
  Put(wanted.content, role);
  role.created = role.modified = deps_.clock.Now();
  role.created_by = role.modified_by = caller.actor.iam_id;
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "iam-am.role.create",
               .resource = RoleResource(account, role.id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const auto same, store::FindCustomRoleByName(tx, account, role.name));
                 if (same) {
                   return Conflict("there is a custom role of this name already")
                       .Reason("role_conflict_error")
                       .Detail("role", same->id)
                       .Detail("etag", EntityTag(same->id, same->version));
                 }
                 BW_TRY(const auto all, store::AllCustomRoles(tx, account));
                 BW_TRY_STATUS(CheckRoom(static_cast<std::int64_t>(all.size()),
                                         deps_.limits.custom_roles_per_account, "an account",
                                         "custom roles"));
                 BW_TRY_STATUS(store::InsertCustomRole(tx, role));
                 return Changed(tx, account, nullptr, ToJson(role));
               }}));
  return role;
}

Result<CustomRole> CustomRoles::Get(const AccountId& account, std::string_view id) {
  return deps_.database.ReadValue([&](db::Transaction& tx) { return Find(tx, account, id); });
}

Result<std::vector<CustomRole>> CustomRoles::List(const AccountId& account,
                                                  std::string_view service) {
  BW_TRY(auto roles, deps_.database.ReadValue(
                         [&](db::Transaction& tx) { return store::AllCustomRoles(tx, account); }));
  if (!service.empty()) {
    std::erase_if(roles, [&](const CustomRole& role) { return role.service != service; });
  }
  return roles;
}

Result<CustomRole> CustomRoles::Replace(const control::Caller& caller, const AccountId& account,
                                        std::string_view id, std::string_view if_match,
                                        const CustomRoleContent& content) {
  CustomRole after;
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "iam-am.role.update",
               .resource = RoleResource(account, std::string(id)),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const CustomRole before, Find(tx, account, id));
                 BW_TRY_STATUS(CheckEntityTag(if_match, before.id, before.version));
                 BW_TRY_STATUS(CheckContent(content, before.service));
                 after = before;
                 Put(content, after);
                 after.modified = deps_.clock.Now();
                 after.modified_by = caller.actor.iam_id;
                 ++after.version;
                 BW_TRY_STATUS(store::UpdateCustomRole(tx, after));
                 return ChangedAccess(tx, account, ToJson(before), ToJson(after));
               }}));
  return after;
}

Status CustomRoles::Delete(const control::Caller& caller, const AccountId& account,
                           std::string_view id) {
  return deps_.changes.Submit(
      caller, {.action = "iam-am.role.delete",
               .resource = RoleResource(account, std::string(id)),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const CustomRole role, Find(tx, account, id));
                 BW_TRY(const auto policy,
                        store::PolicyWithRole(tx, account, RoleRef::Custom(role.name)));
                 if (policy) {
                   return Conflict("a policy gives this role: delete or change that first")
                       .Reason("role_conflict_error")
                       .Detail("policy", *policy);
                 }
                 BW_TRY_STATUS(store::DeleteCustomRole(tx, role.id));
                 return Changed(tx, account, ToJson(role), nullptr);
               }});
}

}  // namespace breakwater::iam
