// The database of a fleet: PostgreSQL 13 or later, reached directly or through PgBouncer in any
// mode, transaction mode included (nothing of ours outlives a transaction on a session except
// prepared statements, and those are given up where the pooler cannot keep them apart).
//
// Writes are SERIALIZABLE: two that contradict each other end in one running again. Reads are
// REPEATABLE READ and READ ONLY. After a statement's error PostgreSQL runs nothing more in that
// transaction: work that goes on regardless gets kInternal.
//
// A connection that dies before COMMIT was sent costs nothing but another run of the work. One that
// dies while COMMIT is under way leaves open what became of it: the server is asked for the
// transaction's status on another connection, and only if it cannot tell either is the caller told
// (kUnavailable).
#pragma once

#include <chrono>
#include <memory>

#include "base/secret.h"
#include "db/database.h"

namespace breakwater::db {

enum class PreparedStatements {
  kAuto,  // until the server turns out to hand out sessions by the transaction (PgBouncer < 1.21)
  kOn,    // always
  kOff,   // never
};

struct PostgresOptions {
  // "postgresql://user:password@host:5432/database?sslmode=verify-full&sslrootcert=…", or libpq's
  // "host=… dbname=…". PostgreSQL documentation, "Connection Strings".
  Secret address;
  int connections = 16;                             // at the same time
  std::chrono::milliseconds acquire_timeout{5000};  // for one of them, then kUnavailable
  std::chrono::seconds connect_timeout{5};          // for each host of the address; at least 2
  // For one statement, then kDeadline "database_timeout". Scripts have no such limit. A server that
  // has not answered by connect_timeout after that is taken for gone.
  std::chrono::milliseconds statement_timeout{30'000};
  // For how long a work is run again after conflicts (but a few times in any case) and lost
  // connections, and for how long a server that went away is waited for.
  std::chrono::milliseconds retry_time{5000};
  int max_attempts = 50;
  PreparedStatements prepared_statements = PreparedStatements::kAuto;
};

// Connects once, to see that it can. kInvalid if the address or the server cannot serve, else
// kUnavailable. Nothing is migrated: see db/migrations.h. All callers must be gone before it is
// destroyed. Work must not call Write of the same database (BW_CHECK); a Read in it takes a second
// connection and sees the state before.
Result<std::unique_ptr<Database>> OpenPostgres(const PostgresOptions& options);

}  // namespace breakwater::db
