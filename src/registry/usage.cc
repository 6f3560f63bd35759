#include "registry/usage.h"

#include "registry/stored_bytes.h"
#include "registry/traffic.h"

namespace breakwater::registry {

Result<std::vector<Usage>> PublishedUsage(db::Database& database, const Quotas& quotas,
                                          Timestamp now) {
  return database.ReadValue([&](db::Transaction& tx) -> Result<std::vector<Usage>> {
    BW_TRY(auto all,
           tx.QueryAll("SELECT account, registry FROM registry_setting WHERE platform_metrics = 1 "
                       "ORDER BY account, registry",
                       {}, [](const db::Row& row) {
                         return Usage{.account = AccountId(row.String(0)),
                                      .registry = RegistryName(row.String(1)),
                                      .limits = {}};
                       }));
    for (Usage& one : all) {
      const BookKey key{.account = one.account, .registry = one.registry, .name_space = {}};
      BW_TRY(const AccountPlan plan, quotas.Get(tx, one.account, one.registry));
      one.limits = plan.limits();
      BW_TRY(one.storage_bytes, StoredBytes(tx, key));
      BW_TRY(one.traffic_bytes, PulledBytes(tx, key, MonthOf(now)));
    }
    return all;
  });
}

Result<std::vector<NamespaceUsage>> PublishedNamespaceUsage(db::Database& database, Timestamp now,
                                                            std::size_t limit) {
  return database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(
        "SELECT n.account, n.registry, n.name, COALESCE(u.bytes, 0), COALESCE(t.bytes, 0) "
        "FROM registry_setting s JOIN namespace n ON n.account = s.account AND "
        "n.registry = s.registry LEFT JOIN storage_used u ON u.account = n.account AND "
        "u.registry = n.registry AND u.name_space = n.name LEFT JOIN pull_traffic t ON "
        "t.account = n.account AND t.registry = n.registry AND t.name_space = n.name AND "
        "t.month = $1 WHERE s.platform_metrics = 1 ORDER BY n.account, n.registry, n.name LIMIT $2",
        {ToString(MonthOf(now)), limit}, [](const db::Row& row) {
          return NamespaceUsage{.account = AccountId(row.String(0)),
                                .registry = RegistryName(row.String(1)),
                                .name_space = row.String(2),
                                .storage_bytes = row.Int(3),
                                .traffic_bytes = row.Int(4)};
        });
  });
}

}  // namespace breakwater::registry
