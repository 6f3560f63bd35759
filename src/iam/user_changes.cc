// What may be changed of a user.
#include "iam/account_settings.h"
#include "iam/identities.h"
#include "iam/power.h"
#include "iam/sign_in/break_glass.h"

namespace breakwater::iam {
namespace {

Status CheckText(std::string_view what, const std::optional<std::string>& text) {
  if (!text || text->empty() || CheckName(*text).ok()) return Ok();
  return Invalid(std::string(what) +
                 " must be text of at most 256 bytes without control characters")
      .Reason("invalid_field");
}

Status Check(const UserUpdate& update) {
  BW_TRY_STATUS(CheckText("firstname", update.first_name));
  BW_TRY_STATUS(CheckText("lastname", update.last_name));
  BW_TRY_STATUS(CheckText("phonenumber", update.phone));
  BW_TRY_STATUS(CheckText("altphonenumber", update.other_phone));
  BW_TRY_STATUS(CheckText("photo", update.photo));
  const bool settable = !update.state || *update.state == UserState::kActive ||
                        *update.state == UserState::kVpnOnly ||
                        *update.state == UserState::kDisabledClassicInfrastructure;
  if (settable) return Ok();
  return Invalid("state can be set to ACTIVE, VPN_ONLY or DISABLED_CLASSIC_INFRASTRUCTURE")
      .Reason("invalid_field");
}

void Put(const std::optional<std::string>& value, std::string& into) {
  if (value) into = *value;
}

// Nobody else may keep the owner out: by state, by name at sign-in, or by address.
Status CheckOwner(const control::Caller& caller, const User& before, const User& after) {
  if (after.state != before.state && after.state != UserState::kActive) {
    return Conflict("the account's owner cannot be suspended").Reason("owner");
  }
  const bool theirs = caller.actor.iam_id == before.iam_id || IsBreakGlass(caller.actor.iam_id);
  if (theirs ||
      (after.email == before.email && after.allowed_addresses == before.allowed_addresses)) {
    return Ok();
  }
  return Denied("the owner's e-mail address and allowed addresses are the owner's to change")
      .Reason("not_authorized");
}

}  // namespace

Result<User> Users::Edit(const control::Caller& caller, const AccountId& account,
                         const IamId& iam_id, const std::function<Status(User&)>& edit) {
  User after;
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "user-management.user.update",
               .resource = UserResource(account, iam_id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const User before, Existing(store::FindUser(tx, iam_id), account, "user"));
                 BW_TRY(const auto owned, store::FindAccount(tx, account));
                 after = before;
                 BW_TRY_STATUS(edit(after));
                 if (owned && owned->owner == iam_id) {
                   BW_TRY_STATUS(CheckOwner(caller, before, after));
                 }
                 if (const Status put = store::UpdateUser(tx, after); !put.ok()) {
                   if (put.error().code() != ErrorCode::kExists) return put.error();
                   return Exists("the account has a user of this e-mail address already")
                       .Reason("user_exists");
                 }
                 return Changed(tx, account, ToJson(before), ToJson(after));
               }}));
  return after;
}

// The e-mail address is what a person of another directory is known by: who gives it to somebody
// else gives them a way in, as a new password would.
Status Users::MayRename(const control::Caller& caller, const AccountId& account,
                        const IamId& iam_id) {
  if (caller.actor.iam_id == iam_id) return Ok();
  constexpr std::string_view kAction = "iam-identity.user-password.reset";
  const auto resource = IamResource(account, "iam-identity", "password", iam_id.value());
  const Status may = authorizer_.Authorize(caller, kAction, resource);
  const Status strong =
      may.ok() ? CheckNotMorePowerful(deps_, authorizer_, caller, account, iam_id) : may;
  if (!strong.ok()) deps_.changes.RecordRefusal(caller, kAction, resource, strong.error());
  return strong;
}

Result<User> Users::Update(const control::Caller& caller, const AccountId& account,
                           const IamId& iam_id, const UserUpdate& update) {
  BW_TRY_STATUS(Check(update));
  std::optional<std::string> email;
  if (update.email) {
    BW_TRY(email, ParseEmail(*update.email));
    BW_TRY_STATUS(MayRename(caller, account, iam_id));
  }
  return Edit(caller, account, iam_id, [&](User& user) {
    Put(update.first_name, user.first_name);
    Put(update.last_name, user.last_name);
    Put(email, user.email);
    Put(update.phone, user.phone);
    Put(update.other_phone, user.other_phone);
    Put(update.photo, user.photo);
    if (update.state) user.state = *update.state;
    return Ok();
  });
}

Result<User> Users::UpdateSettings(const control::Caller& caller, const AccountId& account,
                                   const IamId& iam_id, const UserSettingsUpdate& update) {
  BW_TRY_STATUS(CheckText("language", update.language));
  BW_TRY_STATUS(CheckText("notification_language", update.notification_language));
  AllowedAddresses allowed;
  if (update.allowed_addresses) {
    BW_TRY(allowed, AllowedAddresses::Parse(*update.allowed_addresses));
  }
  const bool own = caller.actor.iam_id == iam_id;
  if (own && !caller.origin.address.empty() && !allowed.Allows(caller.origin.address)) {
    return Conflict("allowed_ip_addresses would shut you out: add your own address, " +
                    caller.origin.address)
        .Reason("would_lock_you_out");
  }
  return Edit(caller, account, iam_id, [&](User& user) {
    Put(update.language, user.language);
    Put(update.notification_language, user.notification_language);
    Put(update.allowed_addresses, user.allowed_addresses);
    if (update.self_manage) user.self_manage = *update.self_manage;
    return Ok();
  });
}

Result<store::UserFilter> Users::Visible(const control::Caller& caller, const AccountId& account,
                                         store::UserFilter filter) {
  BW_TRY(const auto settings, deps_.database.ReadValue([&](db::Transaction& tx) {
    return store::ReadAccountSettings(tx, account);
  }));
  if (!settings.user_list_restricted) return filter;
  const Status may =
      authorizer_.Authorize(caller, "user-management.user.update", UserResource(account, IamId()));
  if (may.ok()) return filter;
  if (may.error().code() != ErrorCode::kDenied) return may.error();
  filter.iam_id = caller.actor.iam_id;
  return filter;
}

}  // namespace breakwater::iam
