#include "registry/quota_facts.h"

#include "registry/namespaces.h"
#include "registry/quota_warnings.h"

namespace breakwater::registry {
namespace {

using condition::Fact;
using condition::Number;

constexpr std::string_view kSource = "registry quotas";

// Those with limits of their own.
Result<std::vector<std::string>> LimitedNamespaces(db::Transaction& tx, const AccountId& account,
                                                   const RegistryName& registry) {
  return tx.QueryAll(
      "SELECT q.name_space FROM namespace_quota q JOIN namespace n ON n.registry = q.registry AND "
      "n.name = q.name_space WHERE n.account = $1 AND n.registry = $2 ORDER BY q.name_space",
      {account, registry}, [](const db::Row& row) { return row.String(0); });
}

Fact LimitOf(std::int64_t limit, Timestamp now) {
  const std::string source(kSource);
  return limit == kUnlimited ? Fact::Absent(source, now)
                             : Fact::Present(Number(limit), source, now);
}

}  // namespace

condition::ResourceType QuotaType() {
  return {"container-registry", "quota"};
}

control::Resource QuotaResource(const AccountId& account, const RegistryName& registry,
                                const std::string& region, std::string name_space) {
  control::Resource resource =
      control::NamespaceResource(account, registry, region, std::move(name_space));
  resource.kind = QuotaType().kind;
  return resource;
}

std::vector<condition::ResourceType> QuotaFacts::Types() const {
  return {QuotaType()};
}

Result<std::vector<control::Resource>> QuotaFacts::List(db::Transaction& tx,
                                                        const condition::ResourceType&,
                                                        const AccountId& account) {
  std::vector<control::Resource> resources;
  for (const control::RegistryInfo& registry : registries_.all()) {
    resources.push_back(QuotaResource(account, registry.name, registry.region, ""));
    BW_TRY(const auto namespaces, LimitedNamespaces(tx, account, registry.name));
    for (const std::string& one : namespaces) {
      resources.push_back(QuotaResource(account, registry.name, registry.region, one));
    }
  }
  return resources;
}

Result<condition::Facts> QuotaFacts::Read(db::Transaction& tx, const control::Resource& resource) {
  const Timestamp now = clock_.Now();
  Limits limits;
  if (resource.name_space.empty()) {
    BW_TRY(const AccountPlan plan, quotas_.Get(tx, resource.account, resource.registry));
    limits = plan.limits();
  } else {
    BW_TRY_STATUS(
        Namespaces::GetOwned(tx, resource.account, resource.registry, resource.name_space));
    BW_TRY(limits, Quotas::GetNamespace(tx, resource.registry, resource.name_space));
  }
  BW_TRY(const auto used,
         tx.QueryOne("SELECT bytes FROM storage_used WHERE account = $1 AND registry = $2 AND "
                     "name_space = $3",
                     {resource.account, resource.registry, resource.name_space},
                     [](const db::Row& row) { return row.Int(0); }));
  const std::string source(kSource);
  condition::Facts facts;
  facts.Set("storage_limit_bytes", LimitOf(limits.storage, now));
  facts.Set("traffic_limit_bytes", LimitOf(limits.traffic, now));
  facts.Set("hard", Fact::Present(limits.hard, source, now));
  facts.Set("storage_threshold",
            Fact::Present(Number(ThresholdOf(used.value_or(0), limits.storage)), source, now));
  return facts;
}

}  // namespace breakwater::registry
