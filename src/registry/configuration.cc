#include "registry/configuration.h"

#include "base/check.h"
#include "base/strings.h"
#include "json/reader.h"

namespace breakwater::registry {
namespace {

using control::ConfigurationItem;
using json::Text;

Result<const control::RegistryInfo*> FindRegistry(const control::Registries& registries,
                                                  const std::string& name) {
  if (const auto* found = registries.Find(RegistryName(name))) return found;
  std::vector<std::string> known;
  for (const control::RegistryInfo& one : registries.all()) known.push_back(one.name.value());
  return NotFound("there is no registry '" + name.substr(0, 128) +
                  "' here, but: " + Join(known, ", "))
      .Reason("no_such_registry");
}

struct Wanted {
  std::string group;
  TagPatterns tags;
  Limits quota;
  RetentionPolicy retention;
};

json::Value NamespaceDocument(const Wanted& wanted) {
  json::Object object;
  if (!wanted.group.empty()) object["resource_group"] = Text(wanted.group);
  if (wanted.tags != TagPatterns{}) object["tag_immutability"] = ToJson(wanted.tags);
  if (wanted.quota != Limits{}) object["quota"] = ToJson(wanted.quota);
  if (wanted.retention != RetentionPolicy{}) object["retention"] = ToJson(wanted.retention);
  return object;
}

// What a document says of limits; the services refuse nonsense.
QuotaPatch ReadQuota(const json::Reader& in) {
  const auto limit = [&](std::string_view name) -> std::optional<std::int64_t> {
    const auto member = in.Optional(name);
    return member ? std::optional(member->Int()) : std::nullopt;
  };
  QuotaPatch patch{.storage = limit("storage_bytes"), .traffic = limit("traffic_bytes")};
  if (const auto enforcement = in.Optional("enforcement")) {
    const std::string word = enforcement->String();
    if (word != "soft" && word != "hard") enforcement->Fail("must be soft or hard");
    patch.hard = word == "hard";
  }
  return patch;
}

RetentionPolicy ReadRetention(const json::Reader& in) {
  in.OnlyFields({"images_per_repo", "retain_untagged", "deletion_threshold_days", "order_by"});
  RetentionPolicy policy;
  policy.images_per_repo = in.Int("images_per_repo", policy.images_per_repo);
  policy.retain_untagged = in.Bool("retain_untagged", policy.retain_untagged);
  if (const auto days = in.Optional("deletion_threshold_days")) {
    policy.deletion_threshold_days = days->Int();
  }
  if (const auto order = in.Optional("order_by")) {
    const auto known = ParseRetentionOrder(order->String());
    if (!known) order->Fail("must be created, pushed or pulled");
    policy.order = known.value_or(policy.order);
  }
  return policy;
}

Result<Wanted> ReadNamespace(const json::Value& document) {
  const json::Reader in(document);
  in.OnlyFields({"resource_group", "tag_immutability", "quota", "retention"});
  Wanted wanted{.group = in.String("resource_group", ""), .tags = {}, .quota = {}, .retention = {}};
  if (const auto retention = in.Optional("retention")) wanted.retention = ReadRetention(*retention);
  if (const auto quota = in.Optional("quota")) {
    quota->OnlyFields({"storage_bytes", "traffic_bytes", "enforcement"});
    const QuotaPatch patch = ReadQuota(*quota);
    wanted.quota = {.storage = patch.storage.value_or(kUnlimited),
                    .traffic = patch.traffic.value_or(kUnlimited),
                    .hard = patch.hard.value_or(false)};
  }
  if (const auto tags = in.Optional("tag_immutability")) {
    tags->OnlyFields({"immutable", "except"});
    wanted.tags.immutable = tags->Field("immutable").Strings(kMaxTagPatterns);
    if (const auto except = tags->Optional("except")) {
      wanted.tags.except = except->Strings(kMaxTagPatterns);
    }
  }
  BW_TRY_STATUS(in.Finish());
  BW_TRY_STATUS(Validate(wanted.tags));
  BW_TRY_STATUS(Validate(wanted.retention).Context("retention"));
  return wanted;
}

}  // namespace

Result<std::vector<ConfigurationItem>> SettingsSection::Export(const AccountId& account) {
  std::vector<ConfigurationItem> items;
  for (const control::RegistryInfo& registry : registries_.all()) {
    BW_TRY(const Settings settings, settings_.Get(account, registry.name));
    items.push_back({.key = registry.name.value(), .document = ToJson(settings)});
  }
  return items;
}

Result<ConfigurationItem> SettingsSection::Complete(const AccountId&, ConfigurationItem item,
                                                    const json::Value& now) {
  BW_TRY_STATUS(FindRegistry(registries_, item.key));
  const json::Reader current(now);
  const json::Reader in(item.document);
  in.OnlyFields({"iam_authz", "private_only", "platform_metrics"});
  const auto value = [&](std::string_view name) {
    return in.Bool(name, current.Field(name).Bool());
  };
  const Settings settings{.iam_authz = value("iam_authz"),
                          .private_only = value("private_only"),
                          .platform_metrics = value("platform_metrics")};
  BW_TRY_STATUS(in.Finish());
  item.document = ToJson(settings);
  return item;
}

Status SettingsSection::Put(const control::Caller& caller, const AccountId& account,
                            const ConfigurationItem& item) {
  BW_TRY(const control::RegistryInfo* registry, FindRegistry(registries_, item.key));
  const control::Resource service =
      control::ServiceResource(account, registry->name, registry->region);
  BW_TRY(const Settings now, settings_.Get(account, registry->name));
  const json::Reader in(item.document);
  const auto differing = [&](std::string_view name, bool current) -> std::optional<bool> {
    const bool wanted = in.Field(name).Bool();
    return wanted == current ? std::nullopt : std::optional(wanted);
  };
  const AuthPatch auth{.iam_authz = differing("iam_authz", now.iam_authz),
                       .private_only = differing("private_only", now.private_only)};
  const auto metrics = differing("platform_metrics", now.platform_metrics);
  BW_TRY_STATUS(in.Finish());
  // In one change: a rule may ask for both.
  if (auth.iam_authz || auth.private_only) {
    return settings_.ChangeAuth(caller, service, auth, metrics);
  }
  return metrics ? settings_.PatchPlatformMetrics(caller, service, metrics) : Ok();
}

Status SettingsSection::Remove(const control::Caller&, const AccountId&, const ConfigurationItem&) {
  return Conflict("a registry's settings cannot be removed").Reason("not_removable");
}

namespace {

json::Value QuotaDocument(const AccountPlan& plan) {
  json::Object object{{"plan", Text(ToString(plan.plan))},
                      {"enforcement", plan.hard ? "hard" : "soft"}};
  if (plan.storage) object["storage_bytes"] = *plan.storage;
  if (plan.traffic) object["traffic_bytes"] = *plan.traffic;
  return object;
}

Result<AccountPlan> ReadPlan(const json::Value& document, const AccountPlan& now) {
  const json::Reader in(document);
  in.OnlyFields({"plan", "enforcement", "storage_bytes", "traffic_bytes"});
  const std::string name = in.String("plan", ToString(now.plan));
  const QuotaPatch patch = ReadQuota(in);
  BW_TRY_STATUS(in.Finish());
  AccountPlan plan = now;
  BW_TRY(plan.plan, ParsePlan(name));
  if (patch.storage) plan.storage = patch.storage;
  if (patch.traffic) plan.traffic = patch.traffic;
  plan.hard = patch.hard.value_or(now.hard);
  return plan;
}

}  // namespace

Result<std::vector<ConfigurationItem>> QuotasSection::Export(const AccountId& account) {
  std::vector<ConfigurationItem> items;
  for (const control::RegistryInfo& registry : registries_.all()) {
    BW_TRY(const AccountPlan plan, quotas_.Get(account, registry.name));
    items.push_back({.key = registry.name.value(), .document = QuotaDocument(plan)});
  }
  return items;
}

Result<ConfigurationItem> QuotasSection::Complete(const AccountId& account, ConfigurationItem item,
                                                  const json::Value&) {
  BW_TRY(const control::RegistryInfo* registry, FindRegistry(registries_, item.key));
  BW_TRY(const AccountPlan now, quotas_.Get(account, registry->name));
  BW_TRY(const AccountPlan plan, ReadPlan(item.document, now));
  item.document = QuotaDocument(plan);
  return item;
}

Status QuotasSection::Put(const control::Caller& caller, const AccountId& account,
                          const ConfigurationItem& item) {
  BW_TRY(const control::RegistryInfo* registry, FindRegistry(registries_, item.key));
  BW_TRY(const AccountPlan now, quotas_.Get(account, registry->name));
  BW_TRY(const AccountPlan wanted, ReadPlan(item.document, now));
  const control::Resource service =
      control::ServiceResource(account, registry->name, registry->region);
  if (wanted.plan != now.plan) {
    BW_TRY_STATUS(quotas_.PatchPlan(caller, service, wanted.plan));
  }
  QuotaPatch patch;
  if (wanted.storage != now.storage) patch.storage = wanted.storage;
  if (wanted.traffic != now.traffic) patch.traffic = wanted.traffic;
  if (wanted.hard != now.hard) patch.hard = wanted.hard;
  if (!patch.storage && !patch.traffic && !patch.hard) return Ok();
  return quotas_.PatchQuota(caller, service, patch);
}

Status QuotasSection::Remove(const control::Caller&, const AccountId&, const ConfigurationItem&) {
  return Conflict("a registry's plan cannot be removed").Reason("not_removable");
}

Result<NamespacesSection::Place> NamespacesSection::PlaceOf(const std::string& key) const {
  const std::size_t slash = key.rfind('/');
  if (slash == std::string::npos) {
    return Invalid("a namespace is named REGISTRY/NAMESPACE").Reason("invalid_field");
  }
  BW_TRY(const auto* registry, FindRegistry(registries_, key.substr(0, slash)));
  Place place{.registry = registry, .name_space = key.substr(slash + 1)};
  BW_TRY_STATUS(ValidateNamespace(place.name_space));
  return place;
}

Result<std::vector<ConfigurationItem>> NamespacesSection::Export(const AccountId& account) {
  std::vector<ConfigurationItem> items;
  for (const control::RegistryInfo& registry : registries_.all()) {
    BW_TRY(const auto namespaces, namespaces_.List(account, registry.name));
    for (const Namespace& one : namespaces) {
      Wanted now;
      if (!one.resource_group.empty()) {
        BW_TRY(now.group, groups_.name_of(account, one.resource_group));
      }
      BW_TRY(now.tags, tags_.Get(account, registry.name, one.name));
      BW_TRY(now.quota, quotas_.GetNamespace(account, registry.name, one.name));
      BW_TRY(now.retention, retention_.Get(account, registry.name, one.name));
      items.push_back(
          {.key = registry.name.value() + "/" + one.name, .document = NamespaceDocument(now)});
    }
  }
  return items;
}

Result<ConfigurationItem> NamespacesSection::Complete(const AccountId&, ConfigurationItem item,
                                                      const json::Value& now) {
  BW_TRY_STATUS(PlaceOf(item.key));
  BW_TRY(Wanted wanted, ReadNamespace(item.document));
  // Once assigned, it stays.
  if (wanted.group.empty()) wanted.group = json::FindText(now, "resource_group");
  item.document = NamespaceDocument(wanted);
  return item;
}

Status NamespacesSection::Put(const control::Caller& caller, const AccountId& account,
                              const ConfigurationItem& item) {
  BW_TRY(const Place place, PlaceOf(item.key));
  BW_TRY(const Wanted wanted, ReadNamespace(item.document));
  std::string group;
  if (!wanted.group.empty()) {
    BW_TRY(group, groups_.id_of(account, wanted.group));
  }
  const control::RegistryInfo& registry = *place.registry;
  BW_TRY(const bool made, namespaces_.Create(caller, account, registry, place.name_space, group));
  if (!made && !group.empty()) {
    BW_TRY(const auto found, namespaces_.Get(registry.name, place.name_space));
    if (found->resource_group != group) {
      BW_TRY_STATUS(namespaces_.Assign(caller, account, registry, place.name_space, group));
    }
  }
  BW_TRY(const TagPatterns now, tags_.Get(account, registry.name, place.name_space));
  if (now != wanted.tags) {
    BW_TRY_STATUS(tags_.Set(caller, account, registry, place.name_space, wanted.tags));
  }
  BW_TRY(const RetentionPolicy retention, retention_.Get(account, registry.name, place.name_space));
  if (retention != wanted.retention) {
    BW_TRY_STATUS(retention_.Set(caller, account, registry, place.name_space, wanted.retention));
  }
  BW_TRY(const Limits quota, quotas_.GetNamespace(account, registry.name, place.name_space));
  if (quota == wanted.quota) return Ok();
  return quotas_.PatchNamespace(caller, account, registry, place.name_space,
                                {.storage = wanted.quota.storage,
                                 .traffic = wanted.quota.traffic,
                                 .hard = wanted.quota.hard});
}

Status NamespacesSection::Remove(const control::Caller& caller, const AccountId& account,
                                 const ConfigurationItem& item) {
  BW_TRY(const Place place, PlaceOf(item.key));
  return namespaces_.DeleteEmpty(caller, account, *place.registry, place.name_space);
}

}  // namespace breakwater::registry
