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

// The kind of an identity of the account; nothing for one it does not know.
Result<std::optional<control::IdentityKind>> KindOf(db::Transaction& tx, const AccountId& account,
                                                    const IamId& iam_id) {
  using Kind = std::optional<control::IdentityKind>;
  BW_TRY(const auto user, store::FindUser(tx, iam_id));
  if (user && user->account == account) return Kind(control::IdentityKind::kUser);
  BW_TRY(const auto service_id, store::FindServiceIdByIamId(tx, iam_id));
  if (service_id && service_id->account == account) return Kind(control::IdentityKind::kServiceId);
  BW_TRY(const auto profile, store::FindProfileByIamId(tx, iam_id));
  if (profile && profile->account == account) return Kind(control::IdentityKind::kProfile);
  return Kind();
}

Result<control::IdentityKind> KindOf(db::Transaction& tx, const AccountId& account,
                                     const NewMember& member) {
  BW_TRY(const auto known, KindOf(tx, account, member.iam_id));
  if (known && member.kind && *known != *member.kind) {
    return Invalid("type does not fit: this identity is a " + std::string(ToString(*known)))
        .Reason("member_type");
  }
  if (known) return *known;
  // Ids of service IDs and profiles are ours alone to give.
  if (member.kind == control::IdentityKind::kUser && !member.iam_id.value().starts_with("iam-") &&
      CheckName(member.iam_id.value()).ok()) {
    return control::IdentityKind::kUser;
  }
  return NoSuch("user, service ID or trusted profile");
}

Status CheckRoomForGroup(db::Transaction& tx, const AccountId& account, const Limits& limits) {
  BW_TRY(const auto known, store::ListGroups(tx, account, {}, {0, 1}, Timestamp{}));
  return CheckRoom(known.total, limits.groups_per_account, "an account", "access groups");
}

Status CheckRoomForMembership(db::Transaction& tx, const IamId& iam_id, const Limits& limits) {
  BW_TRY(const auto groups, store::StaticGroupsOf(tx, iam_id));
  return CheckRoom(static_cast<std::int64_t>(groups.size()), limits.groups_per_identity,
                   "an identity", "access groups");
}

// Everybody is in it, always.
Status RefusePublic(std::string_view id) {
  if (id != kPublicAccessGroup) return Ok();
  return Conflict("the group Public Access cannot be changed: it holds everybody; give it policies")
      .Reason("group_fixed");
}

// Whether a filter leaves the group of everybody in a list. It is nobody's member list's.
bool ListsPublic(const GroupQuery& query, const AccessGroup& group) {
  return !query.hide_public && !query.filter.member &&
         LowerAscii(group.name).find(LowerAscii(query.filter.search)) != std::string::npos;
}

std::optional<Error> ErrorOf(Status status) {
  if (status.ok()) return std::nullopt;
  return std::move(status).error();
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
                 BW_TRY_STATUS(CheckRoomForGroup(tx, account, deps_.limits));
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
                                                      const GroupQuery& query,
                                                      const store::Page& page) {
  const Timestamp now = deps_.clock.Now();
  BW_TRY(auto listed, deps_.database.ReadValue([&](db::Transaction& tx) {
    return store::ListGroups(tx, account, query.filter, page, now);
  }));
  AccessGroup everybody = PublicAccessGroup(account);
  if (!ListsPublic(query, everybody)) return listed;
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
      caller,
      {.action = "iam-groups.group.delete",
       .resource = GroupResource(account, id),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(const AccessGroup group, Existing(store::FindGroup(tx, id), account, kWhat));
         BW_TRY(const auto members, store::ListMembers(tx, id, {}, {0, 1}, deps_.clock.Now()));
         if (members.total > 0 && !force) {
           return Conflict("the access group has members: remove them, or use force=true")
               .Reason("group_not_empty");
         }
         BW_TRY_STATUS(store::DeleteGroup(tx, group));
         return ChangedAccess(tx, account, ToJson(group), nullptr);
       },
       .weighed = control::WeighTaking(AccessResource(account))});
}

Status AccessGroups::AddMember(const control::Caller& caller, const AccountId& account,
                               std::string_view id, const NewMember& member) {
  BW_TRY_STATUS(RefusePublic(id));
  return deps_.changes.Submit(
      caller,
      {.action = std::string(kAddMember),
       .resource = GroupResource(account, id),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY_STATUS(Existing(store::FindGroup(tx, id), account, kWhat));
         BW_TRY(const auto kind, KindOf(tx, account, member));
         BW_TRY_STATUS(CheckRoomForMembership(tx, member.iam_id, deps_.limits));
         const Status added = store::InsertMember(tx, id,
                                                  {.iam_id = member.iam_id,
                                                   .kind = kind,
                                                   .created = deps_.clock.Now(),
                                                   .created_by = caller.actor.iam_id});
         if (!added.ok()) {
           if (added.error().code() != ErrorCode::kExists) return added.error();
           return Exists("it is a member of this access group already").Reason("member_exists");
         }
         return ChangedAccess(tx, account, nullptr, MemberDocument(member.iam_id));
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
                               },
                               .weighed = control::WeighTaking(AccessResource(account))});
}

std::vector<MemberOutcome> AccessGroups::AddMembers(const control::Caller& caller,
                                                    const AccountId& account, std::string_view id,
                                                    const std::vector<NewMember>& members) {
  std::vector<MemberOutcome> outcomes;
  for (const NewMember& member : members) {
    outcomes.push_back({member.iam_id, ErrorOf(AddMember(caller, account, id, member))});
  }
  return outcomes;
}

std::vector<MemberOutcome> AccessGroups::RemoveMembers(const control::Caller& caller,
                                                       const AccountId& account,
                                                       std::string_view id,
                                                       const std::vector<IamId>& members) {
  std::vector<MemberOutcome> outcomes;
  for (const IamId& iam_id : members) {
    outcomes.push_back({iam_id, ErrorOf(RemoveMember(caller, account, id, iam_id))});
  }
  return outcomes;
}

std::vector<GroupOutcome> AccessGroups::AddToGroups(const control::Caller& caller,
                                                    const AccountId& account,
                                                    const NewMember& member,
                                                    const std::vector<std::string>& groups) {
  std::vector<GroupOutcome> outcomes;
  for (const std::string& group : groups) {
    auto error = ErrorOf(AddMember(caller, account, group, member));
    if (error && error->reason() == "member_exists") error.reset();
    outcomes.push_back({group, std::move(error)});
  }
  return outcomes;
}

Result<std::vector<GroupOutcome>> AccessGroups::RemoveFromAllGroups(const control::Caller& caller,
                                                                    const AccountId& account,
                                                                    const IamId& iam_id) {
  BW_TRY(const auto groups, deps_.database.ReadValue([&](db::Transaction& tx) {
    return store::ListGroups(tx, account, {.member = iam_id, .membership = MembershipType::kStatic},
                             {0, deps_.limits.groups_per_account}, deps_.clock.Now());
  }));
  if (groups.items.empty()) {
    return NotFound(iam_id.value() + " was added to no access group of the account")
        .Reason("not_found");
  }
  std::vector<GroupOutcome> outcomes;
  for (const AccessGroup& group : groups.items) {
    outcomes.push_back({group.id, ErrorOf(RemoveMember(caller, account, group.id, iam_id))});
  }
  return outcomes;
}

Result<bool> AccessGroups::IsMember(const AccountId& account, std::string_view id,
                                    const IamId& iam_id) {
  const Timestamp now = deps_.clock.Now();
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<bool> {
    BW_TRY_STATUS(Existing(store::FindGroup(tx, id), account, kWhat));
    return store::IsMember(tx, id, iam_id, now);
  });
}

Result<store::Listed<Member>> AccessGroups::ListMembers(const AccountId& account,
                                                        std::string_view id,
                                                        const store::MemberFilter& filter,
                                                        const store::Page& page) {
  const Timestamp now = deps_.clock.Now();
  // It holds everybody without naming anybody, as in the reference system.
  if (id == kPublicAccessGroup) return store::Listed<Member>{};
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<store::Listed<Member>> {
    BW_TRY_STATUS(Existing(store::FindGroup(tx, id), account, kWhat));
    return store::ListMembers(tx, id, filter, page, now);
  });
}

}  // namespace breakwater::iam
