// What the registry keeps of an account's configuration, as documents (control/configuration.h).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "control/configuration.h"
#include "control/registries.h"
#include "registry/namespaces.h"
#include "registry/quotas.h"
#include "registry/retention.h"
#include "registry/settings.h"
#include "registry/tag_immutability.h"

namespace breakwater::registry {

// "settings": by the registry's name; iam_authz, private_only, platform_metrics.
class SettingsSection final : public control::ConfigurationSection {
 public:
  SettingsSection(SettingsService& settings, const control::Registries& registries)
      : settings_(settings), registries_(registries) {}

  std::string_view name() const override { return "settings"; }
  bool fixed() const override { return true; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  SettingsService& settings_;
  const control::Registries& registries_;
};

// "quotas": by registry; plan, enforcement, and storage_bytes and traffic_bytes where they are not
// the plan's. One for every registry. kConflict "plan_one_way".
class QuotasSection final : public control::ConfigurationSection {
 public:
  QuotasSection(Quotas& quotas, const control::Registries& registries)
      : quotas_(quotas), registries_(registries) {}

  std::string_view name() const override { return "quotas"; }
  bool fixed() const override { return true; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  Quotas& quotas_;
  const control::Registries& registries_;
};

// How a document names resource groups, whose ids differ between installations: by their names.
struct GroupNames {
  std::function<Result<std::string>(const AccountId&, const std::string& id)> name_of;
  std::function<Result<std::string>(const AccountId&, const std::string& name)> id_of;
};

// "namespaces": by "REGISTRY/NAMESPACE"; resource_group (a name, or absent), tag_immutability,
// quota and retention, which is applied as soon as it is set. A namespace that holds images
// is not removed: kConflict "namespace_not_empty".
class NamespacesSection final : public control::ConfigurationSection {
 public:
  NamespacesSection(Namespaces& namespaces, TagImmutability& tags, Quotas& quotas,
                    Retention& retention, const control::Registries& registries, GroupNames groups)
      : namespaces_(namespaces),
        tags_(tags),
        quotas_(quotas),
        retention_(retention),
        registries_(registries),
        groups_(std::move(groups)) {}

  std::string_view name() const override { return "namespaces"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  struct Place {
    const control::RegistryInfo* registry = nullptr;
    std::string name_space;
  };
  Result<Place> PlaceOf(const std::string& key) const;

  Namespaces& namespaces_;
  TagImmutability& tags_;
  Quotas& quotas_;
  Retention& retention_;
  const control::Registries& registries_;
  const GroupNames groups_;
};

}  // namespace breakwater::registry
