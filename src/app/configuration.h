// What an installation's configuration consists of, in the order in which it is applied. Private to
// app/.
#pragma once

#include "admin/configuration.h"
#include "governance/configuration.h"
#include "iam/configuration.h"
#include "notify/configuration.h"
#include "organization/configuration.h"
#include "posture/configuration.h"
#include "registry/configuration.h"

namespace breakwater::app {

struct ConfigurationDeps {
  registry::SettingsService& settings;
  registry::Namespaces& namespaces;
  registry::TagImmutability& tag_immutability;
  registry::Quotas& quotas;
  registry::Retention& retention;
  const control::Registries& registries;
  organization::ResourceGroups& resource_groups;
  notify::Channels& channels;
  posture::Posture& posture;
  posture::AttachmentsSection::MayKeepIn may_keep_in;
  iam::Users& users;
  iam::ServiceIds& service_ids;
  iam::Profiles& profiles;
  iam::CustomRoles& custom_roles;
  iam::AccessGroups& access_groups;
  iam::Policies& policies;
  iam::NetworkZones& network_zones;
  iam::RestrictionRules& restrictions;
  iam::SettingsService& account_settings;
  db::Database& database;
  governance::Templates& templates;
  governance::Governance& governance;
};

class Configuration {
 public:
  explicit Configuration(const ConfigurationDeps& deps);

  const admin::ConfigurationSections& sections() const { return sections_; }

 private:
  organization::ResourceGroupsSection resource_groups_;
  registry::SettingsSection settings_;
  registry::QuotasSection quotas_;
  registry::NamespacesSection namespaces_;
  notify::ChannelsSection channels_;
  posture::ScopesSection posture_scopes_;
  posture::CustomProfilesSection posture_profiles_;
  posture::AttachmentsSection posture_;
  iam::CustomRolesSection custom_roles_;
  iam::UsersSection users_;
  iam::ServiceIdsSection service_ids_;
  iam::ProfilesSection profiles_;
  iam::AccessGroupsSection access_groups_;
  iam::PoliciesSection policies_;
  iam::ZonesSection network_zones_;
  iam::RestrictionsSection restrictions_;
  iam::AccountSettingsSection account_settings_;
  governance::TemplatesSection templates_;
  governance::RulesSection rules_;
  const admin::ConfigurationSections sections_;
};

}  // namespace breakwater::app
