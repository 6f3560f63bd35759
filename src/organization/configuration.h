// Resource groups as documents (control/configuration.h).
#pragma once

#include <string_view>
#include <vector>

#include "control/configuration.h"
#include "organization/resource_groups.h"

namespace breakwater::organization {

// "resource_groups": by name. The default one, which every account has, is none of them.
class ResourceGroupsSection final : public control::ConfigurationSection {
 public:
  explicit ResourceGroupsSection(ResourceGroups& groups) : groups_(groups) {}

  std::string_view name() const override { return "resource_groups"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  ResourceGroups& groups_;
};

}  // namespace breakwater::organization
