// An account's identities and access as documents (control/configuration.h). Secrets are no part of
// them: who has a key or a password gets another one. How documents name identities and groups:
// configuration_names.h.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "control/configuration.h"
#include "iam/access_groups.h"
#include "iam/configuration_names.h"
#include "iam/custom_roles.h"
#include "iam/identities.h"
#include "iam/network_zones.h"
#include "iam/policies.h"
#include "iam/profiles.h"
#include "iam/restriction_rules.h"
#include "iam/settings_service.h"

namespace breakwater::iam {

// "users": by e-mail address. The account's owner is everywhere another one, and none of them. Who
// is not there is invited.
class UsersSection final : public control::ConfigurationSection {
 public:
  UsersSection(Users& users, db::Database& database) : users_(users), names_(database) {}

  std::string_view name() const override { return "users"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  Users& users_;
  const ConfigurationNames names_;
};

// "service_ids": by name.
class ServiceIdsSection final : public control::ConfigurationSection {
 public:
  explicit ServiceIdsSection(ServiceIds& service_ids) : service_ids_(service_ids) {}

  std::string_view name() const override { return "service_ids"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  ServiceIds& service_ids_;
};

// "profiles": trusted profiles by name, with whom they trust.
class ProfilesSection final : public control::ConfigurationSection {
 public:
  ProfilesSection(Profiles& profiles, db::Database& database)
      : profiles_(profiles), names_(database) {}

  std::string_view name() const override { return "profiles"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  Result<json::Value> DocumentNow(const AccountId& account, const Profile& profile);
  Status PutRules(const control::Caller& caller, const AccountId& account, const std::string& id,
                  const std::vector<NewProfileRule>& wanted);
  Status PutLinks(const control::Caller& caller, const AccountId& account, const std::string& id,
                  const std::vector<ProfileLink>& wanted);

  Profiles& profiles_;
  const ConfigurationNames names_;
};

// "custom_roles": by name.
class CustomRolesSection final : public control::ConfigurationSection {
 public:
  explicit CustomRolesSection(CustomRoles& roles) : roles_(roles) {}

  std::string_view name() const override { return "custom_roles"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  CustomRoles& roles_;
};

// "access_groups": by name, with the members that somebody added and the rules that add others.
class AccessGroupsSection final : public control::ConfigurationSection {
 public:
  AccessGroupsSection(AccessGroups& groups, db::Database& database)
      : groups_(groups), names_(database) {}

  std::string_view name() const override { return "access_groups"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  Status PutMembers(const control::Caller& caller, const AccountId& account, const std::string& id,
                    const std::vector<std::string>& wanted);
  Status PutRules(const control::Caller& caller, const AccountId& account, const std::string& id,
                  const std::vector<NewGroupRule>& wanted);
  Result<std::vector<std::string>> MemberNames(const AccountId& account, const std::string& id);

  AccessGroups& groups_;
  const ConfigurationNames names_;
};

// "policies": by whom they are for and a digest of what they say, which stands in for the name that
// they lack: in a document that a person writes, the key is of no importance.
class PoliciesSection final : public control::ConfigurationSection {
 public:
  PoliciesSection(Policies& policies, db::Database& database)
      : policies_(policies), names_(database) {}

  std::string_view name() const override { return "policies"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  Policies& policies_;
  const ConfigurationNames names_;
};

// "network_zones": by name.
class ZonesSection final : public control::ConfigurationSection {
 public:
  explicit ZonesSection(NetworkZones& zones) : zones_(zones) {}

  std::string_view name() const override { return "network_zones"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  NetworkZones& zones_;
};

// "restrictions": by service and a digest of what they say, as policies; zones by their names.
class RestrictionsSection final : public control::ConfigurationSection {
 public:
  RestrictionsSection(RestrictionRules& rules, NetworkZones& zones)
      : rules_(rules), zones_(zones) {}

  std::string_view name() const override { return "restrictions"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  RestrictionRules& rules_;
  NetworkZones& zones_;
};

// "account": "identity" has what the account demands of its identities, "public_access" whether the
// group of everybody counts.
class AccountSettingsSection final : public control::ConfigurationSection {
 public:
  AccountSettingsSection(SettingsService& settings, AccessGroups& groups)
      : settings_(settings), groups_(groups) {}

  std::string_view name() const override { return "account"; }
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
  AccessGroups& groups_;
};

}  // namespace breakwater::iam
