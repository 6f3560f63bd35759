// Where a rule or template is attached: a part of the tree, as a value, and what it contains.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "control/hierarchy.h"
#include "control/resource.h"
#include "db/database.h"
#include "json/json.h"

namespace breakwater::governance {

// ibm-scc 1.3. Names on the wire and in the database.
enum class ScopeType {
  kEnterprise,
  kEnterpriseAccountGroup,
  kEnterpriseAccount,
  kAccount,
  kAccountResourceGroup,
};

std::string_view ToString(ScopeType type);  // "enterprise.account_group", …
Result<ScopeType> ParseScopeType(std::string_view text);

struct Scope {
  ScopeType type = ScopeType::kAccount;
  std::string id;
  std::string note;

  friend bool operator==(const Scope&, const Scope&) = default;
};

json::Value ToJson(const Scope& scope);

// Code points of valid UTF-8: what the limits of names and descriptions count.
std::size_t Characters(std::string_view utf8);

// Is the resource in the scope? `place` is that of its account.
bool IsIn(const Scope& scope, const control::Resource& resource, const control::Place& place);

// The scopes that attachments of one account may name, as a transaction sees them: its own
// account, what lies below it if it founded an enterprise, and resource groups of these.
class ScopeTree {
 public:
  static Result<ScopeTree> Of(db::Transaction& tx, const control::Hierarchy& hierarchy,
                              const AccountId& account, const std::vector<Scope>& scopes);

  // kInvalid "attachment_error" with the path if the account may not name it. Of a resource group
  // nobody here knows whether it is there.
  Status Check(const Scope& scope, const std::string& path) const;
  // Does `inner` lie strictly within `outer`? Both must have passed Check.
  bool Within(const Scope& inner, const Scope& outer) const;

 private:
  using Path = std::vector<std::string>;
  std::optional<Path> PathOf(const Scope& scope) const;

  AccountId account_;
  std::map<std::string, Path> accounts_;  // by id: from the enterprise down to the account itself
  std::map<std::string, Path> groups_;    // of the account groups that were asked for
  std::string enterprise_;                // empty unless the account founded it
};

}  // namespace breakwater::governance
