#include "app/exposed_metrics.h"

#include <algorithm>
#include <optional>

#include "registry/usage.h"

namespace breakwater::app {
namespace {

using observe::Labels;
using Kind = observe::Metrics::Kind;
using Samples = std::vector<observe::Metrics::Sample>;

constexpr std::chrono::minutes kMeasuringInterval{10};
constexpr std::chrono::minutes kLookInterval{1};

// What one process has added up; the answer to a scrape adds nothing up.
void ExposeStorage(Installation::Parts& parts) {
  parts.jobs->Every("registry.accounting", kLookInterval, [&parts]() -> Status {
    return parts.accounting.MeasureIfOlder(kMeasuringInterval);
  });
  parts.metrics.AddCollector(
      Kind::kGauge, "breakwater_storage_bytes",
      "Bytes stored, by why they are kept, as of the last minutes.", [&parts]() -> Samples {
        const auto latest = parts.accounting.Latest();
        if (!latest.ok()) return {};
        Samples samples;
        for (const auto& one : *latest) {
          samples.push_back({{{"state", std::string(registry::ToString(one.state))}},
                             static_cast<double>(one.bytes)});
        }
        return samples;
      });
}

void ExposeAudit(Installation::Parts& parts) {
  parts.audit_sinks->Expose(parts.metrics);
  parts.metrics.AddCollector(
      Kind::kCounter, "breakwater_audit_reads_total",
      "Records of reads and pulls: written, lost because too many waited, and processes that were "
      "found to have ended without writing theirs.",
      [&parts]() -> Samples {
        const auto counts = parts.recorder->counts();
        return {{{{"outcome", "recorded"}}, static_cast<double>(counts.recorded)},
                {{{"outcome", "lost"}}, static_cast<double>(counts.lost)},
                {{{"outcome", "interrupted"}}, static_cast<double>(counts.interrupted)}};
      });
}

void ExposeJobs(Installation::Parts& parts) {
  parts.metrics.AddCollector(
      Kind::kGauge, "breakwater_jobs", "Background jobs by state.", [&parts]() -> Samples {
        const auto counts = parts.jobs->Count();
        if (!counts.ok()) return {};
        return {{{{"state", "pending"}}, static_cast<double>(counts->pending)},
                {{{"state", "running"}}, static_cast<double>(counts->running)},
                {{{"state", "dead"}}, static_cast<double>(counts->dead)}};
      });
}

// A number of an account's usage; nothing where it has none.
using UsageValue = std::optional<std::int64_t> (*)(const registry::Usage&);

// What tells a registry from the others: its region, as with the reference system, which has one
// registry in each. Quotas are of one registry, so that sums over several would hide that one of
// them is used up.
std::string LocationOf(const control::Registries& registries, const control::RegistryInfo& of) {
  const auto lies_there = [&](const control::RegistryInfo& one) { return one.region == of.region; };
  const bool alone = std::ranges::count_if(registries.all(), lies_there) == 1;
  return alone ? of.region : of.region + "/" + of.name.value();
}

Samples PlatformSamples(const Installation::Parts& parts, UsageValue value) {
  const auto usage = registry::PublishedUsage(*parts.database, parts.quotas, parts.clock.Now());
  if (!usage.ok()) return {};
  Samples samples;
  for (const registry::Usage& one : *usage) {
    const auto* known = parts.registries.Find(one.registry);
    if (known == nullptr) continue;  // configured once, not now
    const auto bytes = value(one);
    if (!bytes) continue;
    samples.push_back({{{"ibm_ctype", "public"},
                        {"ibm_location", LocationOf(parts.registries, *known)},
                        {"ibm_service_name", "container-registry"},
                        {"ibm_scope", one.account.value()}},
                       static_cast<double>(*bytes)});
  }
  return samples;
}

std::optional<std::int64_t> Finite(std::int64_t limit) {
  return limit == registry::kUnlimited ? std::nullopt : std::optional(limit);
}

// The four series of the reference system (ibm-registry 3.12), one sample for each account and
// registry that wants it published; quotas only where they are finite.
void ExposeUsage(Installation::Parts& parts) {
  const auto expose = [&parts](const char* name, const char* help, UsageValue value) {
    parts.metrics.AddCollector(Kind::kGauge, name, help,
                               [&parts, value] { return PlatformSamples(parts, value); });
  };
  expose("ibm_containerregistry_storage", "Bytes of storage that the account uses.",
         [](const registry::Usage& one) { return std::optional(one.storage_bytes); });
  expose("ibm_containerregistry_storage_quota", "Bytes of storage that the account may use.",
         [](const registry::Usage& one) { return Finite(one.limits.storage); });
  expose("ibm_containerregistry_pull_traffic",
         "Bytes that were pulled from the account over public connections this month.",
         [](const registry::Usage& one) { return std::optional(one.traffic_bytes); });
  expose("ibm_containerregistry_pull_traffic_quota",
         "Bytes that may be pulled from the account over public connections in a month.",
         [](const registry::Usage& one) { return Finite(one.limits.traffic); });
}

// Namespaces that have series; those after them in order have none.
constexpr std::size_t kMaxNamespaces = 5000;

using NamespaceValue = std::int64_t registry::NamespaceUsage::*;

void ExposeNamespaces(Installation::Parts& parts) {
  const auto expose = [&parts](const char* name, const char* help, NamespaceValue value) {
    parts.metrics.AddCollector(Kind::kGauge, name, help, [&parts, value]() -> Samples {
      const auto usage =
          registry::PublishedNamespaceUsage(*parts.database, parts.clock.Now(), kMaxNamespaces);
      if (!usage.ok()) return {};
      Samples samples;
      for (const registry::NamespaceUsage& one : *usage) {
        samples.push_back({{{"account", one.account.value()},
                            {"registry", one.registry.value()},
                            {"namespace", one.name_space}},
                           static_cast<double>(one.*value)});
      }
      return samples;
    });
  };
  expose("breakwater_namespace_storage_bytes", "Bytes of storage that the namespace uses.",
         &registry::NamespaceUsage::storage_bytes);
  expose("breakwater_namespace_pull_traffic_bytes",
         "Bytes that were pulled from the namespace over public connections this month.",
         &registry::NamespaceUsage::traffic_bytes);
}

void ExposeTraffic(Installation::Parts& parts) {
  const auto expose = [&parts](Kind kind, const char* name, const char* help,
                               std::uint64_t (registry::Traffic::*value)() const) {
    parts.metrics.AddCollector(kind, name, help, [&parts, value]() -> Samples {
      return {{{}, static_cast<double>((parts.traffic.*value)())}};
    });
  };
  expose(Kind::kCounter, "breakwater_pull_traffic_bytes_total",
         "Bytes of blobs that this process gave to public pulls.", &registry::Traffic::counted);
  expose(Kind::kGauge, "breakwater_pull_traffic_pending_bytes",
         "Bytes of them that are not written yet: what a crash would leave uncounted.",
         &registry::Traffic::pending);
  expose(Kind::kCounter, "breakwater_pull_traffic_write_failures_total",
         "Times that they could not be written and were kept.", &registry::Traffic::failed_flushes);
}

void ExposeUploads(Installation::Parts& parts) {
  parts.metrics.AddCollector(
      Kind::kGauge, "breakwater_uploads", "Uploads under way that have bytes in a store.",
      [&parts]() -> Samples {
        const auto count = parts.database->ReadValue([](db::Transaction& tx) {
          return tx.QueryOne("SELECT COUNT(*) FROM upload", {},
                             [](const db::Row& row) { return row.Int(0); });
        });
        if (!count.ok()) return {};
        return {{{}, static_cast<double>(count->value_or(0))}};
      });
}

}  // namespace

void ExposeMetrics(Installation::Parts& parts) {
  ExposeJobs(parts);
  ExposeAudit(parts);
  ExposeUsage(parts);
  ExposeNamespaces(parts);
  ExposeTraffic(parts);
  ExposeUploads(parts);
  ExposeStorage(parts);
}

}  // namespace breakwater::app
