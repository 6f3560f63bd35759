#include <gtest/gtest.h>

#include "db/database_conformance.h"
#include "db/postgres/testing.h"

namespace breakwater::db {
namespace {

using testing::DatabaseBackend;
using testing::DatabaseConformance;
using testing::OpenPostgresTestDatabase;
using testing::PostgresBouncer;
using testing::PostgresServer;

std::unique_ptr<testing::TestDatabase> OpenDirectly() {
  const std::string server = PostgresServer();
  return server.empty() ? nullptr : OpenPostgresTestDatabase(server);
}

std::unique_ptr<testing::TestDatabase> OpenThroughBouncer() {
  const std::string bouncer = PostgresBouncer();
  return bouncer.empty() ? nullptr : OpenPostgresTestDatabase(PostgresServer(), bouncer);
}

INSTANTIATE_TEST_SUITE_P(
    All, DatabaseConformance,
    ::testing::Values(DatabaseBackend{"sqlite", testing::OpenSqliteTestDatabase, ""},
                      DatabaseBackend{"postgres", OpenDirectly,
                                      "BREAKWATER_TEST_POSTGRES is unset"},
                      DatabaseBackend{"bouncer", OpenThroughBouncer,
                                      "BREAKWATER_TEST_POSTGRES_BOUNCER is unset"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace breakwater::db
