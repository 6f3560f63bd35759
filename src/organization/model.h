// The tree that scopes everything: an enterprise, its account groups, accounts, and the resource
// groups of an account. Values, and what is pure about them.
//
// Source: the reference system's enterprise management and resource manager, as their SDK shows
// them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "json/json.h"

namespace breakwater::organization {

struct Limits {
  std::int64_t accounts = 1000;  // of an enterprise
  std::int64_t account_groups = 500;
  std::int64_t levels = 5;             // of account groups below each other
  std::int64_t resource_groups = 500;  // of an account
};

// Who made a thing and who changed it last.
struct Origin {
  Timestamp created;
  IamId created_by;
  Timestamp modified;
  IamId modified_by;
};

struct Enterprise {
  std::string id;
  AccountId account;  // the account that founded it, and whose administrators run it
  std::string name;
  std::string domain;
  IamId primary_contact;
  Origin origin;
};

struct AccountGroup {
  std::string id;
  std::string enterprise;
  std::string parent;  // the enterprise's id, or another group's
  std::string name;
  IamId primary_contact;
  bool deleted = false;
  Origin origin;
};

// An account of an enterprise.
struct MemberAccount {
  AccountId id;
  std::string name;
  IamId owner;
  std::string owner_email;
  bool deleted = false;
  std::string enterprise;
  std::string parent;  // the enterprise's id, or a group's
  Origin origin;
};

struct ResourceGroup {
  std::string id;
  AccountId account;
  std::string name;
  bool is_default = false;
  Timestamp created;
  Timestamp modified;
};

// Every account has one without making it: its id is the account's.
ResourceGroup DefaultResourceGroup(const AccountId& account);

// An enterprise with its groups, for questions about places. Immutable.
class Tree {
 public:
  // Groups whose parent is not there hang below the enterprise itself.
  Tree(Enterprise enterprise, std::vector<AccountGroup> groups);

  const Enterprise& enterprise() const { return enterprise_; }
  const std::vector<AccountGroup>& groups() const { return groups_; }
  // A live group of this id; null if there is none.
  const AccountGroup* Find(std::string_view id) const;
  // The enterprise or a live group of it.
  bool Has(std::string_view node) const { return node == enterprise_.id || Find(node) != nullptr; }
  // From the enterprise down to `node`, both included: ids. Of an unknown node: the enterprise
  // alone.
  std::vector<std::string> PathTo(std::string_view node) const;
  // "enterprise:<id>$account-group:<id>": the reference's enterprise_path of what hangs below
  // `node`.
  std::string PathText(std::string_view node) const;
  bool IsBelow(std::string_view node, std::string_view ancestor) const;
  // crn:v1:…:enterprise::a/<account>::account-group:<id>, or the enterprise's.
  std::string CrnOf(std::string_view node) const;

 private:
  Enterprise enterprise_;
  std::vector<AccountGroup> groups_;
};

// The id in a node's CRN, or the text itself where it is no CRN.
std::string NodeOf(std::string_view crn_or_id);

json::Value ToJson(const Enterprise& enterprise);
json::Value ToJson(const AccountGroup& group);
json::Value ToJson(const MemberAccount& account);
json::Value ToJson(const ResourceGroup& group);

}  // namespace breakwater::organization
