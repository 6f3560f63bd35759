#include "registry/usage.h"

namespace breakwater::registry {

Result<std::vector<Usage>> PublishedUsage(db::Database& database) {
  return database.ReadValue([](db::Transaction& tx) {
    return tx.QueryAll(
        "SELECT s.account, s.registry, COALESCE((SELECT sum(held.size) FROM ("
        "  SELECT DISTINCT b.digest, b.size FROM namespace n"
        "  JOIN repository r ON r.registry = n.registry AND r.name_space = n.name"
        "  JOIN repository_blob l ON l.repository = r.id"
        "  JOIN blob b ON b.digest = l.digest"
        "  WHERE n.account = s.account AND n.registry = s.registry) held), 0) "
        "FROM registry_setting s WHERE s.platform_metrics = 1 ORDER BY s.account, s.registry",
        {}, [](const db::Row& row) {
          return Usage{AccountId(row.String(0)), RegistryName(row.String(1)), row.Int(2)};
        });
  });
}

}  // namespace breakwater::registry
