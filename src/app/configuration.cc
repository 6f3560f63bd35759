#include "app/configuration.h"

namespace breakwater::app {
namespace {

registry::GroupNames GroupNamesOf(organization::ResourceGroups& groups) {
  return {
      .name_of = [&groups](const AccountId& account, const std::string& id) -> Result<std::string> {
        const auto found = groups.Get(account, id);
        if (found.ok()) return found->name;
        // One that was never made: namespaces take any text.
        if (found.error().code() == ErrorCode::kNotFound) return id;
        return found.error();
      },
      .id_of = [&groups](const AccountId& account, const std::string& name) -> Result<std::string> {
        BW_TRY(const auto all, groups.List(account));
        for (const auto& one : all) {
          if (one.name == name) return one.id;
        }
        return NotFound("there is no resource group '" + name.substr(0, 128) + "'")
            .Reason("not_found");
      }};
}

}  // namespace

Configuration::Configuration(const ConfigurationDeps& deps)
    : resource_groups_(deps.resource_groups),
      settings_(deps.settings, deps.registries),
      quotas_(deps.quotas, deps.registries),
      namespaces_(deps.namespaces, deps.tag_immutability, deps.quotas, deps.retention,
                  deps.registries, GroupNamesOf(deps.resource_groups)),
      channels_(deps.channels),
      posture_scopes_(deps.posture.setup()),
      posture_profiles_(deps.posture.profiles()),
      posture_(deps.posture, deps.may_keep_in),
      custom_roles_(deps.custom_roles),
      users_(deps.users, deps.database),
      service_ids_(deps.service_ids),
      profiles_(deps.profiles, deps.database),
      access_groups_(deps.access_groups, deps.database),
      policies_(deps.policies, deps.database),
      network_zones_(deps.network_zones),
      restrictions_(deps.restrictions, deps.network_zones),
      account_settings_(deps.account_settings, deps.access_groups),
      templates_(deps.templates, condition::Catalogue::BuiltIn()),
      rules_(deps.governance, condition::Catalogue::BuiltIn()),
      sections_{
          &resource_groups_, &settings_,         &quotas_,        &namespaces_,   &channels_,
          &posture_scopes_,  &posture_profiles_, &posture_,       &custom_roles_, &users_,
          &service_ids_,     &profiles_,         &access_groups_, &policies_,     &network_zones_,
          &restrictions_,    &account_settings_, &templates_,     &rules_} {}

}  // namespace breakwater::app
