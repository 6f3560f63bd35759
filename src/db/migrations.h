// The schema's history: numbered SQL files of the project's migrations/ folder, in the binary,
// applied forward only. "0001_core.sqlite.sql" is step 1, named "core", for SQLite.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded.h"
#include "db/database.h"

namespace breakwater::db {

struct Migration {
  int version = 0;  // from 1; numbers may be left out
  std::string_view name;
  std::string_view sql;  // several statements
};

// Those of `files` that are for `dialect`, by version. A name of another form or a number used
// twice is kInternal. The views are those of `files`.
Result<std::vector<Migration>> ParseMigrations(std::span<const EmbeddedFile> files,
                                               Dialect dialect);

// Applies those that the database has not seen, each in a transaction of its own (to a new database
// all in one), and records it with its SHA-256 in the table schema_version. kConflict, and nothing
// applied: "schema_newer" if a newer program has been here; "schema_mismatch" if the past is
// another than what this program knows (a file that was changed, or added in between). Several
// processes may do so at once: each step is applied by one of them.
Status ApplyMigrations(Database& database, std::span<const Migration> migrations);

// The same with the migrations of this program. Does nothing on an up-to-date database.
Status Migrate(Database& database);

struct SchemaVersions {
  int database = 0;  // 0: nothing was ever applied
  int program = 0;   // what Migrate would bring it to
};
// Changes nothing. The errors are those of ApplyMigrations.
Result<SchemaVersions> CompareSchema(Database& database);

// A digest of this program's migrations: equal means the same schema.
std::string MigrationsDigest(Dialect dialect);

}  // namespace breakwater::db
