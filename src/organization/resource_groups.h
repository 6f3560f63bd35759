// Resource groups: how an account divides what it has. Policies and rules can name them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "iam/changes.h"
#include "organization/model.h"

namespace breakwater::organization {

struct ResourceGroupDeps {
  iam::ChangeDeps changes;
  // Whether an account has anything in this resource group.
  std::function<Result<bool>(db::Transaction&, const AccountId&, std::string_view group)> in_use;
  Limits limits{};
};

// Thread-safe. Changing takes Editor or Administrator on the service "resource-controller". The
// default group (DefaultResourceGroup) is found and listed like the others; changing it is
// kConflict "default_group".
class ResourceGroups {
 public:
  explicit ResourceGroups(ResourceGroupDeps deps) : deps_(std::move(deps)) {}

  // kExists if the account has one of this name.
  Result<ResourceGroup> Create(const control::Caller& caller, const AccountId& account,
                               const std::string& name);
  Result<ResourceGroup> Get(const AccountId& account, std::string_view id);
  // The default one first, the others by name.
  Result<std::vector<ResourceGroup>> List(const AccountId& account);
  Result<ResourceGroup> Rename(const control::Caller& caller, const AccountId& account,
                               std::string_view id, const std::string& name);
  // kConflict "not_empty" while something is in it.
  Status Delete(const control::Caller& caller, const AccountId& account, std::string_view id);

 private:
  const ResourceGroupDeps deps_;
};

// Whether an account has a group of this id, the default one included.
Result<bool> HasResourceGroup(db::Transaction& tx, const AccountId& account, std::string_view id);

control::Resource ResourceGroupResource(const AccountId& account, std::string_view id = {});

}  // namespace breakwater::organization
