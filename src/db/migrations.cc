#include "db/migrations.h"

#include <algorithm>
#include <map>
#include <string>

#include "base/strings.h"
#include "crypto/hash.h"

namespace breakwater::db {

extern const std::span<const EmbeddedFile> kMigrations;

namespace {

// Of an advisory lock.
constexpr std::int64_t kCreationLock = 7382612;

std::string_view Suffix(Dialect dialect) {
  switch (dialect) {
    case Dialect::kSqlite: return ".sqlite.sql";
    case Dialect::kPostgres: return ".postgres.sql";
  }
  BW_UNREACHABLE();
}

Result<Migration> ParseMigration(std::string_view stem, std::string_view sql) {
  const auto parts = SplitN(stem, '_', 2);
  if (parts.size() != 2 || parts[0].size() != 4 || parts[1].empty()) {
    return Internal("not a migration's name: " + std::string(stem));
  }
  BW_TRY(const auto version, ParseInt(parts[0]));
  if (version < 1) return Internal("not a migration's number: " + std::string(stem));
  return Migration{.version = static_cast<int>(version), .name = parts[1], .sql = sql};
}

Result<std::map<int, std::string>> History(Transaction& tx) {
  std::map<int, std::string> history;
  BW_TRY_STATUS(tx.Query("SELECT version, sha256 FROM schema_version", {}, [&](const Row& row) {
    history[static_cast<int>(row.Int(0))] = row.String(1);
    return Ok();
  }));
  return history;
}

Status CheckPast(const std::map<int, std::string>& history, std::span<const Migration> migrations) {
  if (history.empty()) return Ok();
  const int latest = history.rbegin()->first;
  const int known = migrations.empty() ? 0 : migrations.back().version;
  if (latest > known) {
    return Conflict("the database was written by a newer version of this program (schema " +
                    std::to_string(latest) + "; this program knows up to " + std::to_string(known) +
                    ")")
        .Reason("schema_newer");
  }
  std::size_t matched = 0;
  for (const Migration& migration : migrations) {
    if (migration.version > latest) break;
    const auto found = history.find(migration.version);
    if (found == history.end() || found->second != crypto::Sha256Hex(migration.sql)) {
      return Conflict("step " + std::to_string(migration.version) +
                      " of the database's schema is not the one this program knows")
          .Reason("schema_mismatch");
    }
    ++matched;
  }
  if (matched != history.size()) {
    return Conflict("the database's schema has steps that this program does not know")
        .Reason("schema_mismatch");
  }
  return Ok();
}

// Nobody else migrates until the transaction ends. To be called first in it: what is read after it
// is then what the others left. However long they take.
Status LockHistory(Transaction& tx, Dialect dialect) {
  if (dialect == Dialect::kSqlite) return Ok();  // one writer by nature
  return tx.ExecuteScript(
      "SET LOCAL statement_timeout = 0;"
      "LOCK TABLE schema_version IN SHARE ROW EXCLUSIVE MODE;");
}

Status CreateHistory(Database& database) {
  return database.Write([&](Transaction& tx) -> Status {
    if (database.dialect() == Dialect::kPostgres) {
      // Two that create one table at once may both fail.
      BW_TRY_STATUS(tx.Query("SELECT pg_advisory_xact_lock($1)", {kCreationLock},
                             [](const Row&) { return Ok(); }));
    }
    BW_TRY_STATUS(
        tx.Execute("CREATE TABLE IF NOT EXISTS schema_version ("
                   "version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
                   " sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL)"));
    return Ok();
  });
}

// Of `wanted`, what no other process has applied meanwhile; all in one transaction.
Status Apply(Database& database, std::span<const Migration> wanted,
             std::span<const Migration> migrations) {
  const Timestamp now = SystemClock().Now();
  return database.Write([&](Transaction& tx) -> Status {
    BW_TRY_STATUS(LockHistory(tx, database.dialect()));
    BW_TRY(const auto history, History(tx));
    BW_TRY_STATUS(CheckPast(history, migrations));
    for (const Migration& migration : wanted) {
      if (history.contains(migration.version)) continue;
      BW_TRY_STATUS(tx.ExecuteScript(migration.sql)
                        .Context("schema step " + std::to_string(migration.version)));
      BW_TRY_STATUS(
          tx.Execute("INSERT INTO schema_version (version, name, sha256, applied_at)"
                     " VALUES ($1, $2, $3, $4)",
                     {migration.version, migration.name, crypto::Sha256Hex(migration.sql), now}));
    }
    return Ok();
  });
}

}  // namespace

Result<std::vector<Migration>> ParseMigrations(std::span<const EmbeddedFile> files,
                                               Dialect dialect) {
  const std::string_view suffix = Suffix(dialect);
  std::vector<Migration> migrations;
  for (const EmbeddedFile& file : files) {
    if (!file.name.ends_with(suffix)) continue;
    std::string_view stem = file.name.substr(file.name.rfind('/') + 1);
    stem.remove_suffix(suffix.size());
    BW_TRY(auto migration, ParseMigration(stem, file.bytes));
    migrations.push_back(migration);
  }
  std::ranges::sort(migrations, {}, &Migration::version);
  const auto twice = std::ranges::adjacent_find(migrations, {}, &Migration::version);
  if (twice != migrations.end()) {
    return Internal("two migrations numbered " + std::to_string(twice->version));
  }
  return migrations;
}

Status ApplyMigrations(Database& database, std::span<const Migration> migrations) {
  BW_TRY_STATUS(CreateHistory(database));
  BW_TRY(const auto history, database.ReadValue(History));
  BW_TRY_STATUS(CheckPast(history, migrations));
  // A new database is ready after one flush. One with content may take long for a step, and keeps
  // those that are done.
  if (history.empty()) return Apply(database, migrations, migrations);
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (history.contains(migrations[i].version)) continue;
    BW_TRY_STATUS(Apply(database, migrations.subspan(i, 1), migrations));
  }
  return Ok();
}

std::string MigrationsDigest(Dialect dialect) {
  std::string all;
  for (const EmbeddedFile& file : kMigrations) {
    if (file.name.ends_with(Suffix(dialect))) all += crypto::Sha256Hex(file.bytes);
  }
  return crypto::Sha256Hex(all);
}

Result<SchemaVersions> CompareSchema(Database& database) {
  BW_TRY(const auto migrations, ParseMigrations(kMigrations, database.dialect()));
  SchemaVersions versions;
  versions.program = migrations.empty() ? 0 : migrations.back().version;
  const std::string_view known = database.dialect() == Dialect::kSqlite
                                     ? "SELECT 1 FROM sqlite_master WHERE name = 'schema_version'"
                                     : "SELECT 1 WHERE to_regclass('schema_version') IS NOT NULL";
  BW_TRY(const auto begun, database.ReadValue([&](Transaction& tx) {
    return tx.QueryOne(known, {}, [](const Row&) { return true; });
  }));
  if (!begun) return versions;
  BW_TRY(const auto history, database.ReadValue(History));
  BW_TRY_STATUS(CheckPast(history, migrations));
  if (!history.empty()) versions.database = history.rbegin()->first;
  return versions;
}

Status Migrate(Database& database) {
  BW_TRY(const auto migrations, ParseMigrations(kMigrations, database.dialect()));
  return ApplyMigrations(database, migrations);
}

}  // namespace breakwater::db
