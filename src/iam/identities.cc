#include "iam/identities.h"

#include <algorithm>

#include "base/strings.h"
#include "control/fact_events.h"
#include "iam/access_groups.h"
#include "iam/account_settings.h"
#include "iam/identity_facts.h"
#include "iam/sign_in_facts.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kServiceIdWhat = "service ID";
constexpr std::size_t kMaxInstances = 10;
constexpr std::size_t kMaxEmailOctets = 254;  // RFC 5321 §4.5.3.1.3

control::Resource ServiceIdResource(const AccountId& account, std::string_view id) {
  return IamResource(account, "iam-identity", "serviceid", std::string(id));
}

Status CheckInstances(const std::vector<std::string>& crns) {
  if (crns.size() > kMaxInstances) {
    return TooLarge("unique_instance_crns may have at most 10 items").Reason("limit_exceeded");
  }
  for (const std::string& crn : crns) {
    const auto parsed = Crn::Parse(crn);
    if (!parsed.ok()) {
      return Invalid("unique_instance_crns must hold CRNs").Reason("invalid_field");
    }
  }
  return Ok();
}

Status CheckNew(const NewServiceId& wanted) {
  BW_TRY_STATUS(CheckName(wanted.name));
  BW_TRY_STATUS(CheckDescription(wanted.description));
  return CheckInstances(wanted.unique_instance_crns);
}

Status CheckRoomForServiceId(db::Transaction& tx, const AccountId& account, const Limits& limits) {
  BW_TRY(const auto known, store::ListServiceIds(tx, account, {}, {0, 1}));
  return CheckRoom(known.total, limits.service_ids_per_account, "an account", "service IDs");
}

Status CheckRoomForUser(db::Transaction& tx, const AccountId& account, const Limits& limits) {
  BW_TRY(const auto known, store::ListUsers(tx, account, {}, {0, 1}));
  return CheckRoom(known.total, limits.users_per_account, "an account", "users");
}

User NewUser(const AccountId& account, const std::string& email, Timestamp now) {
  return {.iam_id = IamId("IBMid-" + NewUuid()),
          .account = account,
          .email = email,
          .first_name = {},
          .last_name = {},
          .state = UserState::kPending,
          .added = now};
}

Status StoreInvited(db::Transaction& tx, const User& user, const std::vector<std::string>& groups,
                    const IamId& invited_by, const Limits& limits) {
  BW_TRY(const auto settings, store::ReadAccountSettings(tx, user.account));
  BW_TRY_STATUS(CheckInvited(settings, user.email));
  BW_TRY_STATUS(CheckRoomForUser(tx, user.account, limits));
  if (const Status added = store::InsertUser(tx, user); !added.ok()) {
    if (added.error().code() != ErrorCode::kExists) return added.error();
    return Exists("the account has a user of this e-mail address already").Reason("user_exists");
  }
  std::int64_t memberships = 0;
  for (const std::string& group : groups) {
    BW_TRY_STATUS(
        CheckRoom(memberships++, limits.groups_per_identity, "an identity", "access groups"));
    BW_TRY_STATUS(Existing(store::FindGroup(tx, group), user.account, "access group"));
    BW_TRY_STATUS(store::InsertMember(tx, group,
                                      {.iam_id = user.iam_id,
                                       .kind = control::IdentityKind::kUser,
                                       .created = user.added,
                                       .created_by = invited_by}));
  }
  return Ok();
}

}  // namespace

control::Resource UserResource(const AccountId& account, const IamId& iam_id) {
  return IamResource(account, "user-management", "user", iam_id.value());
}

Result<MadeServiceId> ServiceIds::Create(const control::Caller& caller, const AccountId& account,
                                         const NewServiceId& wanted) {
  BW_TRY_STATUS(CheckNew(wanted));
  const Timestamp now = deps_.clock.Now();
  const std::string id = "ServiceId-" + NewUuid();
  const ServiceId made{.id = id,
                       .iam_id = IamId("iam-" + id),
                       .account = account,
                       .name = wanted.name,
                       .description = wanted.description,
                       .unique_instance_crns = wanted.unique_instance_crns,
                       .locked = wanted.locked,
                       .created = now,
                       .modified = now};
  std::optional<PreparedApiKey> key;
  if (wanted.api_key) {
    BW_TRY(key,
           PrepareApiKey(*wanted.api_key, account, made.iam_id, caller.actor.iam_id, hasher_, now));
  }
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "iam-identity.account-serviceid.create",
               .resource = ServiceIdResource(account, id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY_STATUS(CheckRoomForServiceId(tx, account, deps_.limits));
                 BW_TRY_STATUS(store::InsertServiceId(tx, made));
                 BW_TRY_STATUS(store::AddHistory(tx, made.id, caller, now, "CREATE",
                                                 "The service ID was created"));
                 json::Value after = ToJson(made);
                 if (key) {
                   BW_TRY_STATUS(StoreApiKey(tx, *key, deps_.limits));
                   after.as_object()["apikey"] = ToJson(key->key);
                 }
                 BW_TRY(auto effect, ChangedAccess(tx, account, nullptr, std::move(after)));
                 if (key) effect.governed.push_back(GovernedApiKey(key->key));
                 return effect;
               }}));
  MadeServiceId out{.service_id = made, .api_key = std::nullopt};
  if (key) out.api_key = MadeApiKey{key->key, key->value};
  return out;
}

Result<ServiceId> ServiceIds::Get(const AccountId& account, std::string_view id) {
  return deps_.database.ReadValue([&](db::Transaction& tx) {
    return Existing(store::FindServiceId(tx, id), account, kServiceIdWhat);
  });
}

Result<store::Listed<ServiceId>> ServiceIds::List(const AccountId& account,
                                                  const store::ServiceIdFilter& filter,
                                                  const store::Page& page) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return store::ListServiceIds(tx, account, filter, page); });
}

Result<std::vector<HistoryEntry>> ServiceIds::History(const ServiceId& service_id) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return store::ReadHistory(tx, service_id.id); });
}

Result<ServiceId> ServiceIds::EditOne(const control::Caller& caller, const AccountId& account,
                                      std::string_view id, const Edit& edit) {
  ServiceId edited;
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "iam-identity.account-serviceid.update",
               .resource = ServiceIdResource(account, id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const ServiceId before,
                        Existing(store::FindServiceId(tx, id), account, kServiceIdWhat));
                 ServiceId after = before;
                 BW_TRY_STATUS(edit(after));
                 after.modified = deps_.clock.Now();
                 ++after.version;
                 BW_TRY_STATUS(store::UpdateServiceId(tx, after));
                 BW_TRY_STATUS(store::AddHistory(tx, after.id, caller, after.modified, "UPDATE",
                                                 "The service ID was changed"));
                 edited = after;
                 return Changed(tx, account, ToJson(before), ToJson(after));
               }}));
  return edited;
}

Result<ServiceId> ServiceIds::Update(const control::Caller& caller, const AccountId& account,
                                     std::string_view id, std::string_view if_match,
                                     const ServiceIdUpdate& update) {
  if (update.name) BW_TRY_STATUS(CheckName(*update.name));
  if (update.description) BW_TRY_STATUS(CheckDescription(*update.description));
  if (update.unique_instance_crns) BW_TRY_STATUS(CheckInstances(*update.unique_instance_crns));
  return EditOne(caller, account, id, [&](ServiceId& service_id) -> Status {
    BW_TRY_STATUS(CheckEntityTag(if_match, service_id.id, service_id.version));
    if (service_id.locked) return Locked(kServiceIdWhat);
    if (update.name) service_id.name = *update.name;
    if (update.description) service_id.description = *update.description;
    if (update.unique_instance_crns) {
      service_id.unique_instance_crns = *update.unique_instance_crns;
    }
    return Ok();
  });
}

Result<ServiceId> ServiceIds::SetLocked(const control::Caller& caller, const AccountId& account,
                                        std::string_view id, bool locked) {
  return EditOne(caller, account, id, [&](ServiceId& service_id) {
    service_id.locked = locked;
    return Ok();
  });
}

Status ServiceIds::Delete(const control::Caller& caller, const AccountId& account,
                          std::string_view id) {
  return deps_.changes.Submit(
      caller, {.action = "iam-identity.account-serviceid.delete",
               .resource = ServiceIdResource(account, id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const ServiceId found,
                        Existing(store::FindServiceId(tx, id), account, kServiceIdWhat));
                 if (found.locked) return Locked(kServiceIdWhat);
                 BW_TRY_STATUS(store::DeleteIdentity(tx, account, found.iam_id));
                 return ChangedAccess(tx, account, ToJson(found), nullptr);
               },
               .severity = audit::Severity::kCritical,
               .weighed = control::WeighTaking(AccessResource(account))});
}

Result<std::string> ParseEmail(std::string_view text) {
  const std::size_t at = text.rfind('@');
  const bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c != 0x7f; });
  if (text.size() > kMaxEmailOctets || at == std::string_view::npos || at == 0 ||
      at + 1 == text.size() || !printable) {
    return Invalid("email must be an e-mail address").Reason("invalid_field");
  }
  return LowerAscii(text);
}

Status Users::MayAddTo(const control::Caller& caller, const AccountId& account,
                       const std::vector<std::string>& groups) {
  if (groups.size() > Limits::kMembersPerRequest) {
    return TooLarge("too many access groups in one invitation").Reason("limit_exceeded");
  }
  for (const std::string& group : groups) {
    const control::Resource resource = GroupResource(account, group);
    const Status may = authorizer_.Authorize(caller, kAddMember, resource);
    if (!may.ok()) {
      deps_.changes.RecordRefusal(caller, kAddMember, resource, may.error());
      return may;
    }
  }
  return Ok();
}

Result<std::vector<User>> Users::Invite(const control::Caller& caller, const AccountId& account,
                                        const std::vector<Invitation>& invitations,
                                        const AlsoForUser& also) {
  const Timestamp now = deps_.clock.Now();
  std::vector<User> users;
  for (const Invitation& invitation : invitations) {
    BW_TRY_STATUS(MayAddTo(caller, account, invitation.access_groups));
    BW_TRY(const std::string email, ParseEmail(invitation.email));
    users.push_back(NewUser(account, email, now));
  }
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "user-management.user.create",
               .resource = UserResource(account, users.size() == 1 ? users[0].iam_id : IamId()),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 json::Array documents;
                 std::vector<control::Resource> governed;
                 for (std::size_t i = 0; i < users.size(); ++i) {
                   BW_TRY_STATUS(StoreInvited(tx, users[i], invitations[i].access_groups,
                                              caller.actor.iam_id, deps_.limits));
                   json::Value document = ToJson(users[i]);
                   if (also) {
                     BW_TRY(document.as_object()["with"], also(tx, users[i], governed));
                   }
                   documents.push_back(std::move(document));
                 }
                 BW_TRY(auto effect,
                        ChangedAccess(tx, account, nullptr, {{"users", std::move(documents)}}));
                 for (control::Resource& one : governed) effect.governed.push_back(std::move(one));
                 return effect;
               }}));
  return users;
}

Result<User> Users::Get(const AccountId& account, const IamId& iam_id) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return Existing(store::FindUser(tx, iam_id), account, "user"); });
}

Result<store::Listed<User>> Users::List(const AccountId& account, const store::UserFilter& filter,
                                        const store::Page& page) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return store::ListUsers(tx, account, filter, page); });
}

Status Users::Activate(const AccountId& account, const IamId& iam_id) {
  return deps_.changes.Submit(control::SystemCaller(account, "first login"),
                              {.action = "user-management.user.update",
                               .resource = UserResource(account, iam_id),
                               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                                 BW_TRY(const User before,
                                        Existing(store::FindUser(tx, iam_id), account, "user"));
                                 User after = before;
                                 if (after.state == UserState::kPending)
                                   after.state = UserState::kActive;
                                 BW_TRY_STATUS(store::SetUserState(tx, iam_id, after.state));
                                 return Changed(tx, account, ToJson(before), ToJson(after));
                               },
                               .severity = audit::Severity::kNormal});
}

Status Users::Remove(const control::Caller& caller, const AccountId& account, const IamId& iam_id) {
  return deps_.changes.Submit(
      caller,
      {.action = "user-management.user.delete",
       .resource = UserResource(account, iam_id),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(const User user, Existing(store::FindUser(tx, iam_id), account, "user"));
         BW_TRY(const auto owned, store::FindAccount(tx, account));
         if (owned && owned->owner == iam_id) {
           return Conflict("the account's owner cannot be removed").Reason("owner");
         }
         BW_TRY_STATUS(store::DeleteIdentity(tx, account, iam_id));
         BW_TRY(auto effect, ChangedAccess(tx, account, ToJson(user), nullptr));
         // With their password and keys.
         effect.events.push_back(control::FactsChanged(account, {SignInType()}));
         effect.events.push_back(control::FactsChanged(account, {{"iam-identity", "apikey"}}));
         return effect;
       },
       .severity = audit::Severity::kCritical,
       .weighed = control::WeighTaking(AccessResource(account))});
}

}  // namespace breakwater::iam
