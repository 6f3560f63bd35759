// What must hold before an installation is copied or checked. Internal to admin/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/copy_state.h"
#include "admin/store_migration.h"

namespace breakwater::admin {

struct Plan {
  std::vector<db::Table> tables;    // to be copied, in this order
  std::vector<db::Table> left_out;  // those of TablesLeftOut() that there are
  CopyState state;                  // where to begin; not yet written if nothing is resumed
  bool resumed = false;
};

// What tells installations apart, from the first signing key, which every one has made for itself;
// nothing before it has one.
Result<std::optional<std::string>> ReadInstallation(db::Transaction& tx);
Result<std::vector<std::int64_t>> ReadSchemaVersions(db::Transaction& tx);
// The same name, columns and key.
bool SameShape(const db::Table& a, const db::Table& b);
bool IsLeftOut(const db::Table& table);  // one of TablesLeftOut()
// kConflict "destination_not_empty" if there are rows, other than those that opening a database
// makes, or blobs.
Status CheckEmpty(const Side& destination, const std::vector<db::Table>& tables);

// kConflict "source_in_use" if leases are live, or background jobs go on while they are watched.
// `which`: what messages call it.
Status RefuseInUse(db::Database& database, std::string_view which, const MigrationOptions& options,
                   const Clock& clock);

// The errors are MigrateStore's, and nothing was changed.
Result<Plan> PlanMigration(const Side& source, const Side& destination,
                           const MigrationOptions& options, const Clock& clock);

}  // namespace breakwater::admin
