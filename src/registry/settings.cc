#include "registry/settings.h"

#include "base/check.h"
#include "registry/types.h"

namespace breakwater::registry {

json::Value ToJson(const Settings& settings) {
  return {{"iam_authz", settings.iam_authz},
          {"private_only", settings.private_only},
          {"platform_metrics", settings.platform_metrics}};
}

Result<Settings> SettingsService::Get(const AccountId& account,
                                      const RegistryName& registry) const {
  BW_TRY(const auto settings, current_.Get({account.value(), registry.value()}, [&] {
    return database_.ReadValue(
        [&](db::Transaction& tx) -> Result<Settings> { return Get(tx, account, registry); });
  }));
  return *settings;
}

Result<Settings> SettingsService::Get(db::Transaction& tx, const AccountId& account,
                                      const RegistryName& registry) {
  BW_TRY(const auto found,
         tx.QueryOne("SELECT iam_authz, private_only, platform_metrics FROM registry_setting "
                     "WHERE account = $1 AND registry = $2",
                     {account, registry}, [](const db::Row& row) {
                       return Settings{.iam_authz = row.Bool(0),
                                       .private_only = row.Bool(1),
                                       .platform_metrics = row.Bool(2)};
                     }));
  return found.value_or(Settings{});
}

Result<bool> SettingsService::IsSet(db::Transaction& tx, const AccountId& account,
                                    const RegistryName& registry) {
  BW_TRY(const auto set,
         tx.QueryOne("SELECT 1 FROM registry_setting WHERE account = $1 AND registry = $2",
                     {account, registry}, [](const db::Row&) { return true; }));
  return set.has_value();
}

Status SettingsService::Store(db::Transaction& tx, const AccountId& account,
                              const RegistryName& registry, const Settings& settings,
                              Timestamp now) {
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO registry_setting "
                 "(account, registry, iam_authz, private_only, platform_metrics, updated) "
                 "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, registry) DO UPDATE SET "
                 "iam_authz = excluded.iam_authz, private_only = excluded.private_only, "
                 "platform_metrics = excluded.platform_metrics, updated = excluded.updated",
                 {account, registry, settings.iam_authz, settings.private_only,
                  settings.platform_metrics, now}));
  return Ok();
}

Status SettingsService::Submit(const control::Caller& caller, const control::Resource& service,
                               std::string_view action, const Edit& edit) {
  control::Change change;
  change.action = std::string(action);
  change.resource = service;
  change.severity = audit::Severity::kCritical;
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const Settings before, Get(tx, service.account, service.registry));
    Settings after = before;
    BW_TRY_STATUS(edit(after));
    BW_TRY_STATUS(Store(tx, service.account, service.registry, after, clock_.Now()));
    return control::Effect{
        .before = ToJson(before), .after = ToJson(after), .governed = {service}, .events = {}};
  };
  return changes_.Submit(caller, change);
}

Status SettingsService::PatchAuth(const control::Caller& caller, const control::Resource& service,
                                  const AuthPatch& patch) {
  return ChangeAuth(caller, service, patch, std::nullopt);
}

Status SettingsService::ChangeAuth(const control::Caller& caller, const control::Resource& service,
                                   const AuthPatch& patch, std::optional<bool> platform_metrics) {
  return Submit(caller, service, action::kAuthSet, [&](Settings& settings) -> Status {
    if (platform_metrics) settings.platform_metrics = *platform_metrics;
    if (patch.iam_authz) {
      if (settings.iam_authz && !*patch.iam_authz && !options_.allow_iam_authz_off) {
        return Conflict("iam_authz cannot be turned off again once it is on")
            .Reason("iam_authz_one_way");
      }
      settings.iam_authz = *patch.iam_authz;
    }
    if (patch.private_only) settings.private_only = *patch.private_only;
    return Ok();
  });
}

Status SettingsService::PatchPlatformMetrics(const control::Caller& caller,
                                             const control::Resource& service,
                                             std::optional<bool> platform_metrics) {
  return Submit(caller, service, action::kSettingsSet, [&](Settings& settings) -> Status {
    if (platform_metrics) settings.platform_metrics = *platform_metrics;
    return Ok();
  });
}

std::vector<condition::ResourceType> SettingsService::Types() const {
  return {{.service = "container-registry", .kind = "service"}};
}

Result<std::vector<control::Resource>> SettingsService::List(db::Transaction&,
                                                             const condition::ResourceType&,
                                                             const AccountId& account) {
  std::vector<control::Resource> resources;
  for (const control::RegistryInfo& registry : registries_.all()) {
    resources.push_back(control::ServiceResource(account, registry.name, registry.region));
  }
  return resources;
}

Result<condition::Facts> SettingsService::Read(db::Transaction& tx,
                                               const control::Resource& resource) {
  BW_TRY(const Settings settings, Get(tx, resource.account, resource.registry));
  const Timestamp now = clock_.Now();
  condition::Facts facts;
  const auto set = [&](const char* property, bool value) {
    facts.Set(property, condition::Fact::Present(value, std::string(kSettingsSource), now));
  };
  set("iam_authz", settings.iam_authz);
  set("private_only", settings.private_only);
  set("platform_metrics", settings.platform_metrics);
  return facts;
}

condition::ResourceType SettingsService::Type() const {
  return Types().front();
}

bool SettingsService::CanSet(std::string_view property) const {
  return property == "iam_authz" || property == "private_only" || property == "platform_metrics";
}

Status SettingsService::Check(std::string_view property, const condition::Value& value) const {
  if (CanSet(property) && std::holds_alternative<bool>(value)) return Ok();
  return Invalid("'" + std::string(property) + "' is true or false");
}

Status SettingsService::Set(const control::Caller& caller, const control::Resource& service,
                            const Assignments& assignments) {
  AuthPatch auth;
  std::optional<bool> platform_metrics;
  for (const auto& [property, value] : assignments) {
    BW_TRY_STATUS(Check(property, value));
    const bool* flag = std::get_if<bool>(&value);
    if (property == "iam_authz") auth.iam_authz = *flag;
    if (property == "private_only") auth.private_only = *flag;
    if (property == "platform_metrics") platform_metrics = *flag;
  }
  if (!auth.iam_authz && !auth.private_only) {
    return PatchPlatformMetrics(caller, service, platform_metrics);
  }
  return ChangeAuth(caller, service, auth, platform_metrics);
}

}  // namespace breakwater::registry
