#include "iam/access_groups.h"

#include "base/strings.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kWhat = "access group";

json::Value MemberDocument(const IamId& iam_id) {
  return {{"member", json::Text(iam_id.value())}};
}

Error NameTaken() {
  return Exists("the account has an access group of this name already").Reason("group_exists");
}

// The kind of an identity of the account.
Result<control::IdentityKind> KindOf(db::Transaction& tx, const AccountId& account,
                                     const IamId& iam_id) {
  BW_TRY(const auto user, store::FindUser(tx, iam_id));
  if (user && user->account == account) return control::IdentityKind::kUser;
  BW_TRY_STATUS(Existing(store::FindServiceIdByIamId(tx, iam_id), account, "user or service ID"));
  return control::IdentityKind::kServiceId;
}

Status CheckRoomForGroup(db::Transaction& tx, const AccountId& account) {
  BW_TRY(const auto known, store::ListGroups(tx, account, {}, {0, 1}));
  if (known.total < Limits::kGroupsPerAccount) return Ok();
  return Conflict("an account may have at most " + std::to_string(Limits::kGroupsPerAccount) +
                  " access groups")
      .Reason("limit_exceeded");
}

Status CheckRoomForMembership(db::Transaction& tx, const IamId& iam_id) {
  BW_TRY(const auto groups, store::GroupsOf(tx, iam_id));
  if (static_cast<std::int64_t>(groups.size()) < Limits::kGroupsPerIdentity) return Ok();
  return Conflict("an identity may be in at most " + std::to_string(Limits::kGroupsPerIdentity) +
                  " access groups")
      .Reason("limit_exceeded");
}

// Everybody is in it, always.
Status RefusePublic(std::string_view id) {
  if (id != kPublicAccessGroup) return Ok();
  return Conflict("the group Public Access cannot be changed: it holds everybody; give it policies")
      .Reason("group_fixed");
}

// Whether a filter leaves the group of everybody in a list. It is nobody's member list's.
bool ListsPublic(const store::GroupFilter& filter, const AccessGroup& group) {
  return !filter.member &&
         LowerAscii(group.name).find(LowerAscii(filter.search)) != std::string::npos;
}

template <class Each>
std::vector<MemberOutcome> ForEach(const std::vector<IamId>& members, Each each) {
  std::vector<MemberOutcome> outcomes;
  for (const IamId& iam_id : members) {
    Status status = each(iam_id);
    outcomes.push_back(
        {iam_id, status.ok() ? std::nullopt : std::optional<Error>(std::move(status).error())});
  }
  return outcomes;
}

}  // namespace

control::Resource GroupResource(const AccountId& account, std::string_view id) {
  return IamResource(account, "iam-groups", "group", std::string(id));
}

Result<AccessGroup> AccessGroups::Create(const control::Caller& caller, const AccountId& account,
                                         const NewGroup& wanted) {
  BW_TRY_STATUS(CheckName(wanted.name));
  BW_TRY_STATUS(CheckDescription(wanted.description));
  const Timestamp now = deps_.clock.Now();
  const AccessGroup made{.id = "AccessGroupId-" + NewUuid(),
                         .account = account,
                         .name = wanted.name,
                         .description = wanted.description,
                         .created = now,
                         .created_by = caller.actor.iam_id,
                         .modified = now,
                         .modified_by = caller.actor.iam_id};
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "iam-groups.group.create",
               .resource = GroupResource(account, made.id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY_STATUS(CheckRoomForGroup(tx, account));
                 if (const Status added = store::InsertGroup(tx, made); !added.ok()) {
                   return added.error().code() == ErrorCode::kExists ? NameTaken() : added.error();
                 }
                 return Changed(tx, account, nullptr, ToJson(made));
               }}));
  return made;
}

Result<AccessGroup> AccessGroups::Get(const AccountId& account, std::string_view id) {
  if (id == kPublicAccessGroup) return PublicAccessGroup(account);
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return Existing(store::FindGroup(tx, id), account, kWhat); });
}

Result<store::Listed<AccessGroup>> AccessGroups::List(const AccountId& account,
                                                      const store::GroupFilter& filter,
                                                      const store::Page& page) {
  BW_TRY(auto listed, deps_.database.ReadValue([&](db::Transaction& tx) {
    return store::ListGroups(tx, account, filter, page);
  }));
  AccessGroup everybody = PublicAccessGroup(account);
  if (!ListsPublic(filter, everybody)) return listed;
  // Behind all others.
  const auto count = static_cast<std::int64_t>(listed.items.size());
  const bool at_end = page.offset <= listed.total && page.offset + count == listed.total;
  if (at_end && count < page.limit) listed.items.push_back(std::move(everybody));
  ++listed.total;
  return listed;
}

Result<AccessGroup> AccessGroups::Update(const control::Caller& caller, const AccountId& account,
                                         std::string_view id, std::string_view if_match,
                                         const GroupUpdate& update) {
  BW_TRY_STATUS(RefusePublic(id));
  if (update.name) BW_TRY_STATUS(CheckName(*update.name));
  if (update.description) BW_TRY_STATUS(CheckDescription(*update.description));
  AccessGroup after;
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "iam-groups.group.update",
               .resource = GroupResource(account, id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const AccessGroup before,
                        Existing(store::FindGroup(tx, id), account, kWhat));
                 BW_TRY_STATUS(CheckEntityTag(if_match, before.id, before.version));
                 after = before;
                 if (update.name) after.name = *update.name;
                 if (update.description) after.description = *update.description;
                 after.modified = deps_.clock.Now();
                 after.modified_by = caller.actor.iam_id;
                 ++after.version;
                 if (const Status put = store::UpdateGroup(tx, after); !put.ok()) {
                   return put.error().code() == ErrorCode::kExists ? NameTaken() : put.error();
                 }
                 return Changed(tx, account, ToJson(before), ToJson(after));
               }}));
  return after;
}

Status AccessGroups::Delete(const control::Caller& caller, const AccountId& account,
                            std::string_view id, bool force) {
  BW_TRY_STATUS(RefusePublic(id));
  return deps_.changes.Submit(
      caller, {.action = "iam-groups.group.delete",
               .resource = GroupResource(account, id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const AccessGroup group,
                        Existing(store::FindGroup(tx, id), account, kWhat));
                 BW_TRY(const auto members, store::ListMembers(tx, id, std::nullopt, {0, 1}));
                 if (members.total > 0 && !force) {
                   return Conflict("the access group has members: remove them, or use force=true")
                       .Reason("group_not_empty");
                 }
                 BW_TRY_STATUS(store::DeleteGroup(tx, group));
                 return ChangedAccess(tx, account, ToJson(group), nullptr);
               }});
}

Status AccessGroups::AddMember(const control::Caller& caller, const AccountId& account,
                               std::string_view id, const IamId& iam_id) {
  BW_TRY_STATUS(RefusePublic(id));
  return deps_.changes.Submit(
      caller,
      {.action = std::string(kAddMember),
       .resource = GroupResource(account, id),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY_STATUS(Existing(store::FindGroup(tx, id), account, kWhat));
         BW_TRY(const auto kind, KindOf(tx, account, iam_id));
         BW_TRY_STATUS(CheckRoomForMembership(tx, iam_id));
         const Status added = store::InsertMember(tx, id,
                                                  {.iam_id = iam_id,
                                                   .kind = kind,
                                                   .created = deps_.clock.Now(),
                                                   .created_by = caller.actor.iam_id,
                                                   .name = {},
                                                   .email = {}});
         if (!added.ok()) {
           if (added.error().code() != ErrorCode::kExists) return added.error();
           return Exists("it is a member of this access group already").Reason("member_exists");
         }
         return ChangedAccess(tx, account, nullptr, MemberDocument(iam_id));
       }});
}

Status AccessGroups::RemoveMember(const control::Caller& caller, const AccountId& account,
                                  std::string_view id, const IamId& iam_id) {
  BW_TRY_STATUS(RefusePublic(id));
  return deps_.changes.Submit(caller,
                              {.action = "iam-groups.member.delete",
                               .resource = GroupResource(account, id),
                               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                                 BW_TRY_STATUS(Existing(store::FindGroup(tx, id), account, kWhat));
                                 BW_TRY(const bool removed, store::DeleteMember(tx, id, iam_id));
                                 if (!removed) return NoSuch("member of this access group");
                                 return ChangedAccess(tx, account, MemberDocument(iam_id), nullptr);
                               }});
}

std::vector<MemberOutcome> AccessGroups::AddMembers(const control::Caller& caller,
                                                    const AccountId& account, std::string_view id,
                                                    const std::vector<IamId>& members) {
  return ForEach(members,
                 [&](const IamId& iam_id) { return AddMember(caller, account, id, iam_id); });
}

std::vector<MemberOutcome> AccessGroups::RemoveMembers(const control::Caller& caller,
                                                       const AccountId& account,
                                                       std::string_view id,
                                                       const std::vector<IamId>& members) {
  return ForEach(members,
                 [&](const IamId& iam_id) { return RemoveMember(caller, account, id, iam_id); });
}

Result<bool> AccessGroups::IsMember(const AccountId& account, std::string_view id,
                                    const IamId& iam_id) {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<bool> {
    BW_TRY_STATUS(Existing(store::FindGroup(tx, id), account, kWhat));
    return store::IsMember(tx, id, iam_id);
  });
}

Result<store::Listed<Member>> AccessGroups::ListMembers(const AccountId& account,
                                                        std::string_view id,
                                                        std::optional<control::IdentityKind> kind,
                                                        const store::Page& page) {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<store::Listed<Member>> {
    BW_TRY_STATUS(Existing(store::FindGroup(tx, id), account, kWhat));
    return store::ListMembers(tx, id, kind, page);
  });
}

}  // namespace breakwater::iam
