#include "registry/beginnings.h"

#include <algorithm>
#include <optional>

#include "observe/log.h"
#include "registry/settings.h"
#include "registry/types.h"

namespace breakwater::registry {
namespace {

// Accounts that are looked at in one transaction.
constexpr std::size_t kAtOnce = 1000;

Result<bool> HasBegun(db::Transaction& tx, const control::Resource& service) {
  BW_TRY(const auto begun,
         tx.QueryOne("SELECT 1 FROM registry_beginning WHERE account = $1 AND registry = $2",
                     {service.account, service.registry}, [](const db::Row&) { return true; }));
  return begun.has_value();
}

Status NoteBegun(db::Transaction& tx, const control::Resource& service, Timestamp now) {
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO registry_beginning (account, registry, begun) VALUES ($1, $2, $3) "
                 "ON CONFLICT (account, registry) DO NOTHING",
                 {service.account, service.registry, now}));
  return Ok();
}

// What templates make of the settings; nothing where they say nothing, or somebody has decided
// already.
Result<std::optional<Settings>> ByTemplate(db::Transaction& tx, const control::Defaults& defaults,
                                           const control::Resource& service) {
  BW_TRY(const auto said, defaults.For(tx, service));
  if (said.empty()) return std::optional<Settings>();
  BW_TRY(const bool decided, SettingsService::IsSet(tx, service.account, service.registry));
  if (decided) return std::optional<Settings>();
  Settings settings;
  const auto take = [&](std::string_view property, bool& setting) {
    const auto found = said.find(property);
    if (found == said.end()) return;
    if (const bool* value = std::get_if<bool>(&found->second)) setting = *value;
  };
  take("private_only", settings.private_only);
  take("platform_metrics", settings.platform_metrics);
  return std::optional(settings);
}

}  // namespace

Result<std::vector<control::Resource>> Beginnings::OfAccount(db::Transaction& tx,
                                                             const AccountId& account) const {
  std::vector<control::Resource> services;
  for (const control::RegistryInfo& registry : registries_.all()) {
    services.push_back(control::ServiceResource(account, registry.name, registry.region));
    BW_TRY(const auto settings, ByTemplate(tx, defaults_, services.back()));
    if (settings) {
      BW_TRY_STATUS(SettingsService::Store(tx, account, registry.name, *settings, clock_.Now()));
    }
    BW_TRY_STATUS(NoteBegun(tx, services.back(), clock_.Now()));
  }
  return services;
}

Status Beginnings::OfNewRegistries(const std::vector<AccountId>& accounts) const {
  for (const control::RegistryInfo& registry : registries_.all()) {
    for (std::size_t from = 0; from < accounts.size(); from += kAtOnce) {
      const std::size_t to = std::min(accounts.size(), from + kAtOnce);
      BW_TRY_STATUS(BeginIn(registry, {accounts.begin() + static_cast<std::ptrdiff_t>(from),
                                       accounts.begin() + static_cast<std::ptrdiff_t>(to)}));
    }
  }
  return Ok();
}

Status Beginnings::BeginIn(const control::RegistryInfo& registry,
                           const std::vector<AccountId>& accounts) const {
  std::vector<control::Resource> as_always;
  std::vector<control::Resource> by_template;
  BW_TRY_STATUS(database_.Read([&](db::Transaction& tx) -> Status {
    as_always.clear();
    by_template.clear();
    for (const AccountId& account : accounts) {
      auto service = control::ServiceResource(account, registry.name, registry.region);
      BW_TRY(const bool begun, HasBegun(tx, service));
      if (begun) continue;
      BW_TRY(const auto settings, ByTemplate(tx, defaults_, service));
      (settings ? by_template : as_always).push_back(std::move(service));
    }
    return Ok();
  }));
  for (const control::Resource& service : by_template) {
    const Status begun = BeginByTemplate(service);
    if (begun.ok()) continue;
    // Refused by a rule, or by one that cannot be read any more.
    const bool refused =
        begun.error().code() == ErrorCode::kDenied || begun.error().code() == ErrorCode::kConflict;
    if (!refused) return begun;
    observe::LogError(observe::Level::kWarning,
                      "a rule forbids what a template says of a new registry: it begins without",
                      begun.error(),
                      {{"account", service.account.value()}, {"registry", registry.name.value()}});
    as_always.push_back(service);
  }
  if (as_always.empty()) return Ok();
  return database_.Write([&](db::Transaction& tx) -> Status {
    for (const control::Resource& service : as_always) {
      BW_TRY_STATUS(NoteBegun(tx, service, clock_.Now()));
    }
    return Ok();
  });
}

Status Beginnings::BeginByTemplate(const control::Resource& service) const {
  control::Change change;
  change.action = std::string(action::kSettingsSet);
  change.resource = service;
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    // Another process may have come first.
    BW_TRY(const bool begun, HasBegun(tx, service));
    const json::Value as_always = ToJson(Settings());
    if (begun) return control::Effect{as_always, as_always, {}, {}};
    BW_TRY(const auto settings, ByTemplate(tx, defaults_, service));
    BW_TRY_STATUS(NoteBegun(tx, service, clock_.Now()));
    if (!settings) return control::Effect{as_always, as_always, {}, {}};
    BW_TRY_STATUS(
        SettingsService::Store(tx, service.account, service.registry, *settings, clock_.Now()));
    return control::Effect{as_always, ToJson(*settings), {service}, {}};
  };
  return changes_.Submit(control::SystemCaller(service.account, "new registry"), change);
}

}  // namespace breakwater::registry
