// What can be told of a PostgreSQL server and the way to it, for whoever sets one up.
#pragma once

#include <string>

#include "base/time.h"
#include "db/postgres/postgres_database.h"

namespace breakwater::db {

struct PostgresProbe {
  std::string server_version;  // "15.9 (Debian …)"
  bool encrypted = false;      // by TLS
  bool local = false;          // over a Unix socket or a loopback address
  // The session at the server is not the one that was opened here: something like PgBouncer hands
  // sessions out.
  bool pooled = false;
};

// Connects once, to where OpenPostgres could (of a malformed address libpq would quote the
// password). kUnavailable with what the server, or the way to it, said in Log().
Result<PostgresProbe> ProbePostgres(const PostgresOptions& options);

// What the server's clock says. `database` is PostgreSQL's: an embedded one has this machine's.
Result<Timestamp> ServerTime(Database& database);

}  // namespace breakwater::db
