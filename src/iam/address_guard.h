// Whether somebody may sign in from where they are.
#pragma once

#include "control/change.h"
#include "iam/access_cache.h"
#include "iam/tokens.h"

namespace breakwater::iam {

// Thread-safe. Asked wherever a credential becomes a token, and at each use of Basic credentials; a
// token that was made where it may be is good everywhere, as in the reference system. A refusal is
// kDenied "address_not_allowed" and recorded. The break-glass identity comes from anywhere: it is
// for the day when the list is wrong.
class AddressGuard {
 public:
  AddressGuard(AccessCache& cache, control::ChangePath& changes)
      : cache_(cache), changes_(changes) {}

  Status Check(const control::Origin& origin, const control::Actor& actor);
  // Who acts as a trusted profile must be allowed, too.
  Status Check(const control::Origin& origin, const Login& login);

 private:
  Status CheckOne(const control::Origin& origin, const control::Actor& actor,
                  const IdentityAccess& access);

  AccessCache& cache_;
  control::ChangePath& changes_;
};

// What somebody becomes an access token by.
enum class SignInBy { kCredential, kRefreshToken, kPasscode };

// The reference's name of the event that `kind` signs in (ibm-registry 3.14).
std::string_view SignInAction(control::IdentityKind kind, SignInBy by = SignInBy::kCredential);

// Pure: "the account" or "the user" of whom the list is that does not allow the address; empty if
// both do.
std::string_view DisallowedBy(const IdentityAccess& access, std::string_view address);

}  // namespace breakwater::iam
