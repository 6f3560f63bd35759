// Roles that an account makes for itself out of the actions of one service (ibm-registry 4.5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "iam/changes.h"

namespace breakwater::iam {

// What can be changed about one.
struct CustomRoleContent {
  std::string display_name;
  std::string description;
  std::vector<std::string> actions;
};

struct NewCustomRole {
  std::string name;  // an upper-case letter, then letters and digits; 30 at most
  std::string service;
  CustomRoleContent content;
};

// kInvalid "invalid_body" unless the name, the texts and the service are right and every action is
// one that a role of that service can hold (actions.h), one at least being of the service itself.
Status CheckCustomRole(const NewCustomRole& role);

// Thread-safe. Of another account's role, all say that there is none: kNotFound "role_not_found".
class CustomRoles {
 public:
  explicit CustomRoles(ChangeDeps deps) : deps_(deps) {}

  // kConflict "role_conflict_error" if there is one of the name, "limit_exceeded".
  Result<CustomRole> Create(const control::Caller& caller, const AccountId& account,
                            const NewCustomRole& role);
  Result<CustomRole> Get(const AccountId& account, std::string_view id);
  // By name; of one service unless `service` is empty.
  Result<std::vector<CustomRole>> List(const AccountId& account, std::string_view service);
  // Counts for every policy that names it, at once.
  Result<CustomRole> Replace(const control::Caller& caller, const AccountId& account,
                             std::string_view id, std::string_view if_match,
                             const CustomRoleContent& content);
  // kConflict "role_conflict_error" while a policy names it; deleted policies do not.
  Status Delete(const control::Caller& caller, const AccountId& account, std::string_view id);

 private:
  ChangeDeps deps_;
};

}  // namespace breakwater::iam
