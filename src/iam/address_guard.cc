#include "iam/address_guard.h"

#include "iam/changes.h"
#include "iam/sign_in/break_glass.h"

namespace breakwater::iam {
std::string_view SignInAction(control::IdentityKind kind, SignInBy by) {
  switch (by) {
    case SignInBy::kRefreshToken: return "iam-identity.user-refreshtoken.login";
    case SignInBy::kPasscode: return "iam-identity.user-passcode.login";
    case SignInBy::kCredential: break;
  }
  if (kind == control::IdentityKind::kServiceId) return "iam-identity.serviceid-apikey.login";
  if (kind == control::IdentityKind::kProfile) return "iam-identity.trustedprofile-apikey.login";
  return "iam-identity.user-apikey.login";
}

std::string_view DisallowedBy(const IdentityAccess& access, std::string_view address) {
  if (!access.account_addresses.Allows(address)) return "the account";
  return access.own_addresses.Allows(address) ? std::string_view() : "the user";
}

Status AddressGuard::CheckOne(const control::Origin& origin, const control::Actor& actor,
                              const IdentityAccess& access) {
  if (IsBreakGlass(actor.iam_id)) return Ok();
  const std::string_view whose = DisallowedBy(access, origin.address);
  if (whose.empty()) return Ok();
  const Error refusal =
      Denied("the allowed IP addresses of " + std::string(whose) + " do not include yours, " +
             origin.address + ": come from one of them, or have it added")
          .Reason("address_not_allowed");
  changes_.RecordRefusal({.actor = actor, .origin = origin}, SignInAction(actor.kind),
                         IamResource(actor.account, "iam-identity", "login", actor.iam_id.value()),
                         refusal);
  return refusal;
}

Status AddressGuard::Check(const control::Origin& origin, const control::Actor& actor) {
  if (actor.kind == control::IdentityKind::kAnonymous) return Ok();
  BW_TRY(const auto access, cache_.Get(actor.account, actor.iam_id));
  return CheckOne(origin, actor, *access);
}

Status AddressGuard::Check(const control::Origin& origin, const Login& login) {
  const control::Actor actor = ToActor(login);
  if (login.by != nullptr) BW_TRY_STATUS(CheckOne(origin, actor, *login.by));
  return CheckOne(origin, actor, *login.who);
}

}  // namespace breakwater::iam
