// Both dialects' migrations come to the same schema.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/strings.h"
#include "db/migrations.h"
#include "db/postgres/testing.h"

namespace breakwater::db {
namespace {

using testing::PostgresHome;
using testing::PostgresServer;

struct Column {
  std::string type;  // as PostgreSQL calls it
  bool nullable = false;

  friend bool operator==(const Column&, const Column&) = default;
};

void PrintTo(const Column& column, std::ostream* out) {
  *out << column.type << (column.nullable ? " NULL" : " NOT NULL");
}

struct Table {
  std::map<std::string, Column> columns;
  std::vector<std::string> primary_key;
  std::multiset<std::string> unique;  // columns of each further unique index; "?" if it is partial
  std::multiset<std::string> references;
};

using Schema = std::map<std::string, Table>;

Status EachRow(Database& database, std::string_view sql, const Transaction::RowCallback& row) {
  return database.Read([&](Transaction& tx) { return tx.Query(sql, {}, row); });
}

std::string PostgresType(const std::string& sqlite_type) {
  static const std::map<std::string, std::string> types{{"INTEGER", "bigint"},
                                                        {"BIGINT", "bigint"},
                                                        {"TEXT", "text"},
                                                        {"BLOB", "bytea"},
                                                        {"REAL", "double precision"},
                                                        {"DOUBLE PRECISION", "double precision"}};
  const auto found = types.find(sqlite_type);
  return found == types.end() ? "unknown: " + sqlite_type : found->second;
}

Status ReadSqliteColumns(Database& database, Schema& schema) {
  std::map<std::string, std::map<std::int64_t, std::string>> keys;
  BW_TRY_STATUS(EachRow(database,
                        "SELECT m.name, c.name, c.type, c.\"notnull\", c.pk FROM sqlite_master m,"
                        " pragma_table_info(m.name) c WHERE m.type = 'table'"
                        " AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'schema_version'",
                        [&](const Row& row) -> Status {
                          const std::int64_t key = row.Int(4);
                          if (key != 0) keys[row.String(0)][key] = row.String(1);
                          schema[row.String(0)].columns[row.String(1)] = {
                              .type = PostgresType(row.String(2)),
                              .nullable = !row.Bool(3) && key == 0};
                          return Ok();
                        }));
  for (const auto& [table, columns] : keys) {
    for (const auto& [place, column] : columns) schema[table].primary_key.push_back(column);
  }
  return Ok();
}

Status ReadSqliteConstraints(Database& database, Schema& schema) {
  std::map<std::pair<std::string, std::string>, std::string> indexes;
  BW_TRY_STATUS(
      EachRow(database,
              "SELECT m.name, i.name, i.partial, c.name FROM sqlite_master m,"
              " pragma_index_list(m.name) i, pragma_index_info(i.name) c WHERE m.type = 'table'"
              " AND m.name <> 'schema_version' AND i.\"unique\" = 1 AND i.origin <> 'pk'"
              " ORDER BY m.name, i.name, c.seqno",
              [&](const Row& row) -> Status {
                std::string& columns = indexes[{row.String(0), row.String(1)}];
                if (columns.empty() && row.Bool(2)) columns = "?";
                columns += " " + row.String(3);
                return Ok();
              }));
  for (const auto& [name, columns] : indexes) schema[name.first].unique.insert(columns);
  return EachRow(database,
                 "SELECT m.name, f.\"from\", f.\"table\" FROM sqlite_master m,"
                 " pragma_foreign_key_list(m.name) f WHERE m.type = 'table'",
                 [&](const Row& row) -> Status {
                   schema[row.String(0)].references.insert(row.String(1) + " " + row.String(2));
                   return Ok();
                 });
}

Status ReadPostgres(Database& database, Schema& schema) {
  BW_TRY_STATUS(EachRow(database,
                        "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT),"
                        " CAST(data_type AS TEXT), is_nullable = 'YES'"
                        " FROM information_schema.columns WHERE table_schema = 'public'"
                        " AND table_name <> 'schema_version'",
                        [&](const Row& row) -> Status {
                          schema[row.String(0)].columns[row.String(1)] = {.type = row.String(2),
                                                                          .nullable = row.Bool(3)};
                          return Ok();
                        }));
  BW_TRY_STATUS(
      EachRow(database,
              "SELECT CAST(c.relname AS TEXT), i.indisprimary, i.indpred IS NOT NULL,"
              " string_agg(a.attname, ' ' ORDER BY k.place)"
              " FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
              " JOIN pg_namespace n ON n.oid = c.relnamespace"
              " CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, place)"
              " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number"
              " WHERE n.nspname = 'public' AND i.indisunique AND c.relname <> 'schema_version'"
              " GROUP BY c.relname, i.indexrelid, i.indisprimary, i.indpred IS NOT NULL",
              [&](const Row& row) -> Status {
                Table& table = schema[row.String(0)];
                if (row.Bool(1)) {
                  for (auto column : Split(row.Text(3), ' '))
                    table.primary_key.emplace_back(column);
                } else {
                  table.unique.insert((row.Bool(2) ? "? " : " ") + row.String(3));
                }
                return Ok();
              }));
  return EachRow(database,
                 "SELECT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT), CAST(t.relname AS TEXT)"
                 " FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid"
                 " JOIN pg_class t ON t.oid = f.confrelid"
                 " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (f.conkey)"
                 " WHERE f.contype = 'f'",
                 [&](const Row& row) -> Status {
                   schema[row.String(0)].references.insert(row.String(1) + " " + row.String(2));
                   return Ok();
                 });
}

class PostgresSchema : public ::testing::Test {
 protected:
  void SetUp() override {
    if (PostgresServer().empty()) GTEST_SKIP() << "BREAKWATER_TEST_POSTGRES is unset";
    home_ = std::make_unique<PostgresHome>(PostgresServer(), PostgresHome::Content::kNothing);
  }
  std::unique_ptr<PostgresHome> home_;
};

TEST_F(PostgresSchema, IsThatOfSqlite) {
  const auto database = home_->OpenAnother();
  ASSERT_TRUE(Migrate(*database).ok());
  const auto sqlite = testing::OpenSqliteTestDatabase();
  Schema expected;
  ASSERT_TRUE(ReadSqliteColumns(sqlite->database(), expected).ok());
  ASSERT_TRUE(ReadSqliteConstraints(sqlite->database(), expected).ok());
  Schema actual;
  const Status read = ReadPostgres(*database, actual);
  ASSERT_TRUE(read.ok()) << read.error().log();
  EXPECT_GT(expected.size(), 40U);
  for (const auto& [name, table] : expected) {
    ASSERT_TRUE(actual.contains(name)) << name;
    EXPECT_EQ(actual[name].columns, table.columns) << name;
    EXPECT_EQ(actual[name].primary_key, table.primary_key) << name;
    EXPECT_EQ(actual[name].unique, table.unique) << name;
    EXPECT_EQ(actual[name].references, table.references) << name;
  }
  EXPECT_EQ(actual.size(), expected.size());
}

TEST_F(PostgresSchema, TextSortsBytewiseInEveryColumn) {
  const auto database = home_->OpenAnother();
  ASSERT_TRUE(Migrate(*database).ok());
  std::set<std::string> others;
  const Status read =
      EachRow(*database,
              "SELECT table_name || '.' || column_name FROM information_schema.columns"
              " WHERE table_schema = 'public' AND table_name <> 'schema_version'"
              " AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'",
              [&](const Row& row) -> Status {
                others.insert(row.String(0));
                return Ok();
              });
  ASSERT_TRUE(read.ok()) << read.error().log();
  EXPECT_EQ(others, std::set<std::string>{});
}

TEST_F(PostgresSchema, IsMadeOnceByProcessesThatStartTogether) {
  constexpr int kProcesses = 6;
  std::vector<std::unique_ptr<Database>> databases;
  for (int i = 0; i < kProcesses; ++i) databases.push_back(home_->OpenAnother());
  std::vector<std::thread> threads;
  for (auto& database : databases) {
    threads.emplace_back([&] {
      const Status migrated = Migrate(*database);
      EXPECT_TRUE(migrated.ok()) << migrated.error().message() << migrated.error().log();
    });
  }
  for (auto& thread : threads) thread.join();
  const auto steps = databases[0]->ReadValue([](Transaction& tx) {
    return tx.QueryOne("SELECT count(*), max(version) FROM schema_version", {},
                       [](const Row& row) { return std::pair(row.Int(0), row.Int(1)); });
  });
  EXPECT_GE((*steps)->first, 11);
  EXPECT_LE((*steps)->first, (*steps)->second);
}

}  // namespace
}  // namespace breakwater::db
