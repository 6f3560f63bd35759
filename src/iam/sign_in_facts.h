// What goals ask of how people and tokens are known: facts of iam-identity/sign-in, one of each
// account, of iam-identity/identity, its users, and of iam-identity/signing-key, the keys of
// tokens, which are the installation's and so its own account's.
#pragma once

#include <vector>

#include "control/facts.h"

namespace breakwater::iam {

inline constexpr std::string_view kIdentityService = "iam-identity";
inline constexpr std::string_view kSignInKind = "sign-in";
inline constexpr std::string_view kUserKind = "identity";
inline constexpr std::string_view kSigningKeyKind = "signing-key";

inline condition::ResourceType SignInType() {
  return {std::string(kIdentityService), std::string(kSignInKind)};
}
inline condition::ResourceType SigningKeyType() {
  return {std::string(kIdentityService), std::string(kSigningKeyKind)};
}

// Thread-safe.
class SignInFacts final : public control::FactSource {
 public:
  explicit SignInFacts(const Clock& clock) : clock_(clock) {}

  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  const Clock& clock_;
};

}  // namespace breakwater::iam
