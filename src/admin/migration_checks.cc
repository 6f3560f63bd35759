#include "admin/migration_checks.h"

#include <algorithm>
#include <optional>
#include <thread>

#include "admin/blob_copy.h"
#include "crypto/hash.h"
#include "iam/signing_keys.h"

namespace breakwater::admin {
namespace {

// Tables that have rows in every database that was opened once.
constexpr std::string_view kMadeByOpening[] = {"backup_hold", "blob_store_owner", "installation",
                                               "schema_version"};

Error Refuse(std::string reason, std::string message) {
  return Conflict(std::move(message)).Reason(std::move(reason));
}

Result<std::vector<db::Table>> TablesOf(db::Database& database) {
  return database.ReadValue(
      [&](db::Transaction& tx) { return db::ReadTables(tx, database.dialect()); });
}

Result<std::vector<std::int64_t>> VersionsOf(db::Database& database) {
  return database.ReadValue(ReadSchemaVersions);
}

bool Has(const std::vector<db::Table>& tables, std::string_view name) {
  return std::ranges::find(tables, name, &db::Table::name) != tables.end();
}

std::string Latest(const std::vector<std::int64_t>& versions) {
  return versions.empty() ? "0" : std::to_string(versions.back());
}

Status CheckVersions(const Side& source, const Side& destination) {
  BW_TRY(const auto from, VersionsOf(source.database));
  BW_TRY(const auto to, VersionsOf(destination.database));
  if (from == to) return Ok();
  return Refuse("schema_differs", "the source's tables are those of step " + Latest(from) +
                                      " of the schema, the destination's those of step " +
                                      Latest(to) +
                                      ": serve the older one once with this program, and stop it");
}

Status CheckShapes(const std::vector<db::Table>& from, const std::vector<db::Table>& to) {
  for (const db::Table& table : from) {
    const auto other = std::ranges::find(to, table.name, &db::Table::name);
    if (other == to.end()) {
      return Refuse("schema_differs", "the destination has no table " + table.name);
    }
    if (!SameShape(table, *other)) {
      return Refuse("schema_differs", "the table " + table.name +
                                          " does not have the same columns and key on both sides");
    }
    if (table.primary_key.empty()) {
      return Refuse("schema_differs", "the table " + table.name + " has no primary key");
    }
  }
  for (const db::Table& table : to) {
    if (!Has(from, table.name)) {
      return Refuse("schema_differs", "the source has no table " + table.name);
    }
  }
  return Ok();
}

Result<std::optional<std::string>> InstallationOf(db::Database& database) {
  return database.ReadValue(ReadInstallation);
}

Result<std::optional<CopyState>> StateOf(db::Database& database) {
  return database.ReadValue(ReadCopyState);
}

Result<bool> IsEmpty(db::Database& database, const std::vector<db::Table>& tables) {
  std::string any = "SELECT 1 WHERE 1 = 0";
  for (const db::Table& table : tables) {
    if (std::ranges::find(kMadeByOpening, table.name) != std::end(kMadeByOpening)) continue;
    any += " OR EXISTS (SELECT 1 FROM " + db::Quoted(table.name) + ")";
  }
  BW_TRY(const auto found, database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne(any, {}, [](const db::Row&) { return true; });
  }));
  return !found.has_value();
}

Status CheckKeys(const Side& source, const Side& destination) {
  BW_TRY_STATUS(iam::SigningKeys::Check(source.database, source.master_key)
                    .Context("the source's master key is not that of its database"));
  if (source.master_key == destination.master_key) return Ok();
  return Refuse(
      "master_keys_differ",
      "the two sides have different master keys, and the secrets in the database are sealed with "
      "the source's: give the destination the same one (the option master_key; in a data directory "
      "it is the file master.key)");
}

struct Lease {
  std::string_view what;
  std::string_view sql;
};

// Written by servers, and good until a moment.
constexpr Lease kLeases[] = {
    {"a background job is leased", "SELECT max(due) FROM job WHERE state = 'running'"},
    {"an upload is being written", "SELECT max(writer_until) FROM upload"},
    {"a blob is being written or removed", "SELECT max(held_until) FROM digest_lock"},
};

Status CheckLeases(db::Database& database, std::string_view which, Timestamp now) {
  return database.Read([&](db::Transaction& tx) -> Status {
    for (const Lease& lease : kLeases) {
      BW_TRY(const auto until,
             tx.QueryOne(lease.sql, {}, [](const db::Row& row) { return row.OptionalTime(0); }));
      if (!*until || **until <= now) continue;
      return Refuse("source_in_use",
                    "the " + std::string(which) + " is in use, or was until a moment ago: " +
                        std::string(lease.what) + " until " + FormatRfc3339(**until) +
                        ": stop every server, and wait until then");
    }
    return Ok();
  });
}

// A server that lives renews its recurring jobs, the sealing of the audit trail every second.
Status CheckStill(db::Database& database, std::string_view which, const MigrationOptions& options) {
  BW_TRY(const auto tables, TablesOf(database));
  const auto jobs = std::ranges::find(tables, "job", &db::Table::name);
  if (jobs == tables.end()) return Ok();
  BW_TRY(const auto before, DigestTable(database, *jobs));
  if (options.sleep) {
    options.sleep(options.watch);
  } else {
    std::this_thread::sleep_for(options.watch);
  }
  BW_TRY(const auto after, DigestTable(database, *jobs));
  if (before == after) return Ok();
  return Refuse("source_in_use", "the " + std::string(which) +
                                     " is in use: its background jobs go on: stop every server");
}

Status CheckFresh(const Side& destination, const std::vector<db::Table>& tables,
                  const std::string& installation) {
  BW_TRY(const auto there, InstallationOf(destination.database));
  if (there == installation) {
    return Refuse("already_copied",
                  "the destination holds this very installation: it was copied before, or both "
                  "sides are the same database");
  }
  return CheckEmpty(destination, tables);
}

Status CheckSource(const Side& source, const std::optional<std::string>& installation) {
  if (!installation) {
    return Refuse("nothing_to_copy", "the source holds no installation: no server ever ran on it");
  }
  BW_TRY(const auto state, StateOf(source.database));
  if (!state) return Ok();
  return Refuse("source_unfinished", "the source is itself a copy that is not finished");
}

Result<CopyState> BeginOrResume(const Side& destination, const std::vector<db::Table>& tables,
                                const std::string& installation, Plan& plan, const Clock& clock) {
  BW_TRY(auto begun, StateOf(destination.database));
  plan.resumed = begun.has_value();
  if (!begun) {
    BW_TRY_STATUS(CheckFresh(destination, tables, installation));
    return CopyState{.source = installation,
                     .phase = CopyPhase::kRows,
                     .table = {},
                     .last_key = {},
                     .started = clock.Now()};
  }
  if (begun->source != installation) {
    return Refuse("copy_of_another",
                  "the destination holds the begun copy of another installation: finish that one, "
                  "or empty the destination");
  }
  return *std::move(begun);
}

}  // namespace

const std::vector<LeftOut>& TablesLeftOut() {
  static const std::vector<LeftOut> tables = {
      {"admin_copy", "the progress of copies"},
      {"admin_process", "which servers there are at the moment"},
      {"audit_recorder", "which servers gather records of reads at the moment"},
      {"backup_hold", "until when a backup keeps blobs from being removed"},
      {"blob_store_owner", "every database has a blob store of its own"},
      {"blob_upload", "bytes of uploads that are under way"},
      {"blob_upload_part", "bytes of uploads that are under way"},
      {"blob_upload_tail", "bytes of uploads that are under way"},
      {"collection", "how far the collection of garbage has come"},
      {"digest_lock", "who is writing a blob at the moment"},
      {"schema_version", "every database has its own history"},
      {"storage_measured", "what the source's stores take"},
      {"upload", "uploads that are under way: their clients begin again"},
  };
  return tables;
}

Result<std::optional<std::string>> ReadInstallation(db::Transaction& tx) {
  BW_TRY(const auto kid,
         tx.QueryOne("SELECT kid FROM iam_signing_key ORDER BY created_at, kid LIMIT 1", {},
                     [](const db::Row& row) { return row.String(0); }));
  if (!kid) return std::optional<std::string>();
  return std::optional(crypto::Sha256Hex("installation " + *kid));
}

Result<std::vector<std::int64_t>> ReadSchemaVersions(db::Transaction& tx) {
  return tx.QueryAll("SELECT version FROM schema_version ORDER BY version", {},
                     [](const db::Row& row) { return row.Int(0); });
}

bool SameShape(const db::Table& a, const db::Table& b) {
  return a.name == b.name && a.columns == b.columns && a.primary_key == b.primary_key &&
         a.numbered.empty() == b.numbered.empty();
}

bool IsLeftOut(const db::Table& table) {
  return std::ranges::find(TablesLeftOut(), table.name, &LeftOut::table) != TablesLeftOut().end();
}

Status CheckEmpty(const Side& destination, const std::vector<db::Table>& tables) {
  BW_TRY(const bool empty, IsEmpty(destination.database, tables));
  if (!empty) {
    return Refuse("destination_not_empty",
                  "the destination's database holds data already: copy into an empty one");
  }
  return RefuseBlobs(destination.blobs);
}

Status RefuseInUse(db::Database& database, std::string_view which, const MigrationOptions& options,
                   const Clock& clock) {
  BW_TRY_STATUS(CheckLeases(database, which, clock.Now()));
  return CheckStill(database, which, options);
}

Result<Plan> PlanMigration(const Side& source, const Side& destination,
                           const MigrationOptions& options, const Clock& clock) {
  BW_TRY(auto tables, TablesOf(source.database));
  if (!Has(tables, "schema_version") || !Has(tables, "iam_signing_key")) {
    return Refuse("nothing_to_copy", "the source holds no installation: no server ever ran on it");
  }
  BW_TRY(const auto others, TablesOf(destination.database));
  BW_TRY_STATUS(CheckVersions(source, destination));
  BW_TRY_STATUS(CheckShapes(tables, others));
  BW_TRY(const auto installation, InstallationOf(source.database));
  BW_TRY_STATUS(CheckSource(source, installation));
  Plan plan;
  BW_TRY(plan.state, BeginOrResume(destination, tables, *installation, plan, clock));
  BW_TRY_STATUS(CheckKeys(source, destination));
  if (source.shared) BW_TRY_STATUS(RefuseInUse(source.database, "source", options, clock));
  for (db::Table& table : tables) {
    if (IsLeftOut(table)) {
      plan.left_out.push_back(std::move(table));
    } else {
      plan.tables.push_back(std::move(table));
    }
  }
  return plan;
}

}  // namespace breakwater::admin
