// What an installation's configuration consists of, in the order in which it is applied. Private to
// app/.
#pragma once

#include "admin/configuration.h"
#include "governance/configuration.h"
#include "notify/configuration.h"
#include "organization/resource_groups.h"
#include "posture/configuration.h"
#include "registry/configuration.h"

namespace breakwater::app {

struct ConfigurationDeps {
  registry::SettingsService& settings;
  registry::Namespaces& namespaces;
  registry::TagImmutability& tag_immutability;
  const control::Registries& registries;
  organization::ResourceGroups& resource_groups;
  notify::Channels& channels;
  posture::Posture& posture;
  governance::Governance& governance;
};

class Configuration {
 public:
  explicit Configuration(const ConfigurationDeps& deps);

  const admin::ConfigurationSections& sections() const { return sections_; }

 private:
  registry::SettingsSection settings_;
  registry::NamespacesSection namespaces_;
  notify::ChannelsSection channels_;
  posture::ParametersSection posture_;
  governance::RulesSection rules_;
  const admin::ConfigurationSections sections_;
};

}  // namespace breakwater::app
