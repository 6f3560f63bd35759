// Where an account stands in the tree that scopes everything: enterprise, account groups, accounts.
// Implemented by organization.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "db/database.h"

namespace breakwater::control {

struct Place {
  AccountId account;
  // Of an account that stands alone: empty, and itself.
  std::string enterprise;
  AccountId root;  // the account that founded the enterprise; what it rules, all below inherit
  std::vector<std::string> account_groups;  // from the enterprise down to the account; may be empty

  bool IsBelow(std::string_view node) const;  // an enterprise's or account group's id

  friend bool operator==(const Place&, const Place&) = default;
};

// Thread-safe. Reads only through the transaction it is given.
class Hierarchy {
 public:
  virtual ~Hierarchy() = default;
  // An account that nobody knows stands alone.
  virtual Result<Place> PlaceOf(db::Transaction& tx, const AccountId& account) const = 0;
  // The places of the account and, if it founded an enterprise, of every live account in it.
  virtual Result<std::vector<Place>> Ruled(db::Transaction& tx, const AccountId& root) const = 0;
  // The groups above an account group, itself last; empty if the enterprise has no such group.
  virtual Result<std::vector<std::string>> PathTo(db::Transaction& tx, std::string_view enterprise,
                                                  std::string_view account_group) const = 0;
};

// A token that is another one after each change of the tree, of rules or templates, or of what they
// are attached to. What is derived from these may be kept for as long as it stays the same.
Result<std::string> ScopesVersion(db::Transaction& tx);
// Keeps what the token stands for from being changed until the writing transaction has ended; work
// that began before such a change and comes here after it is run again. Without it a change could
// be judged by the rules it saw when it began, and be committed after others were acknowledged:
// that is serializable, and still too late.
Status HoldScopes(db::Transaction& tx, db::Dialect dialect);
// Part of each change of the tree, of rules and templates. A token never comes back, not even after
// a rollback.
Status TouchScopes(db::Transaction& tx);

// Emitted when accounts moved in the tree, came or went: {account}, which founded the enterprise.
inline constexpr std::string_view kTreeChanged = "organization.tree_changed";

}  // namespace breakwater::control
