// PostgreSQL for tests.
#pragma once

#include <memory>
#include <string>

#include "db/postgres/postgres_database.h"
#include "db/testing.h"

namespace breakwater::db::testing {

// The environment variable BREAKWATER_TEST_POSTGRES: the address of a server and of a role that may
// create databases there (tests/services/postgres.sh). Empty if unset.
std::string PostgresServer();
// BREAKWATER_TEST_POSTGRES_BOUNCER: the same server through PgBouncer. Empty if unset.
std::string PostgresBouncer();

// `address`, but of another database or server.
std::string WithDatabase(const std::string& address, const std::string& database);
std::string WithServer(const std::string& address, const std::string& host, int port);

// A database of its own on a server, dropped at the end. Ends the process where that fails.
class PostgresHome final : public TestDatabase::Home {
 public:
  enum class Content { kNothing, kMigrated };

  // `options` but for the address are those of the databases opened here.
  PostgresHome(const std::string& server, Content content, PostgresOptions options = {});
  ~PostgresHome() override;

  const std::string& name() const { return name_; }
  const std::string& address() const { return address_; }
  std::unique_ptr<Database> OpenAnother() override;

 private:
  const std::string server_;
  const std::string name_;
  const std::string address_;
  PostgresOptions options_;
};

// `way` is the address that the database is opened by, if it is another one than the server's own:
// a pooler before it.
std::unique_ptr<TestDatabase> OpenPostgresTestDatabase(const std::string& server,
                                                       const std::string& way = "");

}  // namespace breakwater::db::testing
