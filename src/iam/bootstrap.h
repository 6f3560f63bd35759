// The first account, its administrator and the key to it, on an empty database.
#pragma once

#include <optional>
#include <string>

#include "base/secret.h"
#include "iam/changes.h"
#include "iam/key_hasher.h"

namespace breakwater::iam {

struct BootstrapOptions {
  AccountId account{};  // empty: a random one of 32 hex digits
  std::string account_name = "Breakwater";
  std::string administrator_email = "admin@localhost";
  // The administrator's API key. Absent: a random one. At least kMinGivenKeyOctets: what an
  // operator hands in at the start may be shorter than what the API takes.
  std::optional<Secret> api_key{};

  static constexpr std::size_t kMinGivenKeyOctets = 8;
};

// If there is no account yet: makes it, its owner (a user, ACTIVE), the access group
// "Administrators" with that user in it and policies on it (Administrator and Manager on every
// service, Administrator on account management), and an API key, whose value is returned this once.
// Nothing if there is an account already. One change, in the audit trail like any other.
Result<std::optional<Secret>> EnsureInstalled(ChangeDeps deps, const KeyHasher& hasher,
                                              const BootstrapOptions& options);

// The account of an installation that has one: the oldest. kNotFound before EnsureInstalled.
Result<Account> FirstAccount(db::Database& database);

}  // namespace breakwater::iam
