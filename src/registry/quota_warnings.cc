#include "registry/quota_warnings.h"

#include "control/fact_events.h"
#include "registry/quota_facts.h"

namespace breakwater::registry {
namespace {

// Changes folded in one transaction.
constexpr std::size_t kFoldedAtOnce = 1000;

Result<Limits> LimitsOf(db::Transaction& tx, const Quotas& quotas, const BookKey& key) {
  if (!key.name_space.empty()) return Quotas::GetNamespace(tx, key.registry, key.name_space);
  BW_TRY(const AccountPlan plan, quotas.Get(tx, key.account, key.registry));
  return plan.limits();
}

Status Warn(db::Transaction& tx, const Quotas& quotas, jobs::Jobs& jobs,
            const FoldedBytes& folded) {
  BW_TRY(const Limits limits, LimitsOf(tx, quotas, folded.key));
  const std::int64_t percent = ThresholdOf(folded.bytes, limits.storage);
  if (percent == folded.warned) return Ok();
  BW_TRY_STATUS(SetStorageWarned(tx, folded.key, percent));
  BW_TRY_STATUS(jobs.Emit(tx, control::FactsChanged(folded.key.account, {QuotaType()})));
  if (percent < folded.warned) return Ok();
  return jobs.Emit(tx, QuotaWarning(folded.key, "storage", percent, folded.bytes, limits.storage));
}

}  // namespace

std::int64_t ThresholdOf(std::int64_t used, std::int64_t limit) {
  if (limit == kUnlimited) return 0;
  if (used >= limit) return 100;
  for (const std::int64_t percent : {95, 80}) {
    if (static_cast<double>(used) >=
        static_cast<double>(limit) * static_cast<double>(percent) / 100) {
      return percent;
    }
  }
  return 0;
}

jobs::Event QuotaWarning(const BookKey& key, std::string_view quota, std::int64_t percent,
                         std::int64_t used, std::int64_t limit) {
  return {std::string(event::kQuotaWarning),
          {{"account", json::Text(key.account.value())},
           {"registry", json::Text(key.registry.value())},
           {"namespace", json::Text(key.name_space)},
           {"quota", json::Text(quota)},
           {"percent", percent},
           {"used", used},
           {"limit", limit}}};
}

Status FoldAndWarn(db::Database& database, const Quotas& quotas, jobs::Jobs& jobs) {
  while (true) {
    BW_TRY(const bool any, database.ReadValue([](db::Transaction& tx) -> Result<bool> {
      BW_TRY(const auto one, tx.QueryOne("SELECT 1 FROM storage_change LIMIT 1", {},
                                         [](const db::Row&) { return true; }));
      return one.has_value();
    }));
    if (!any) return Ok();
    BW_TRY_STATUS(database.Write([&](db::Transaction& tx) -> Status {
      BW_TRY(const auto folded, FoldStoredBytes(tx, kFoldedAtOnce));
      for (const FoldedBytes& one : folded) BW_TRY_STATUS(Warn(tx, quotas, jobs, one));
      return Ok();
    }));
  }
}

}  // namespace breakwater::registry
