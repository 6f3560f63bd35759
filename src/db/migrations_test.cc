#include "db/migrations.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "db/sqlite/sqlite_database.h"

namespace breakwater::db {
namespace {

class Migrations : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = OpenSqlite({.path = directory_.path() / "x.db", .durable = false});
    ASSERT_TRUE(opened.ok());
    database_ = *std::move(opened);
  }
  Status Apply(const std::vector<Migration>& migrations) {
    return ApplyMigrations(*database_, migrations);
  }
  bool HasTable(std::string_view name) {
    const auto found = database_->ReadValue([&](Transaction& tx) {
      return tx.QueryOne("SELECT 1 FROM sqlite_master WHERE name = $1", {name},
                         [](const Row& row) { return row.Int(0); });
    });
    return found.ok() && found->has_value();
  }

  const Migration first_{1, "first", "CREATE TABLE a (x); INSERT INTO a VALUES (';');"};
  const Migration second_{2, "second",
                          "CREATE TABLE b (x); -- it's; all\nINSERT INTO b VALUES (2);"};
  const Migration third_{3, "third", "CREATE TABLE c (x);"};
  testing::TempDir directory_;
  std::unique_ptr<Database> database_;
};

TEST_F(Migrations, RunOnceEachInOrderAndAreRecorded) {
  ASSERT_TRUE(Apply({first_}).ok());
  EXPECT_FALSE(HasTable("b"));
  ASSERT_TRUE(Apply({first_, second_, third_}).ok());
  ASSERT_TRUE(Apply({first_, second_, third_}).ok());
  EXPECT_TRUE(HasTable("c"));
  const auto names = database_->ReadValue([](Transaction& tx) {
    return tx.QueryAll("SELECT name FROM schema_version ORDER BY version", {},
                       [](const Row& row) { return row.String(0); });
  });
  EXPECT_EQ(*names, (std::vector<std::string>{"first", "second", "third"}));
}

TEST_F(Migrations, NewerDatabaseIsRefused) {
  ASSERT_TRUE(Apply({first_, second_}).ok());
  const Status status = Apply({first_});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kConflict);
  EXPECT_EQ(status.error().reason(), "schema_newer");
  EXPECT_NE(status.error().message().find("newer version"), std::string::npos);
}

TEST_F(Migrations, AnotherPastIsRefusedAndNothingApplied) {
  ASSERT_TRUE(Apply({first_, third_}).ok());
  const Migration changed{1, "first", "CREATE TABLE other (x);"};
  const Migration fourth{4, "fourth", "CREATE TABLE d (x);"};
  for (const auto& migrations :
       {std::vector{changed, third_, fourth}, std::vector{first_, second_, third_, fourth},
        std::vector{third_, fourth}}) {
    const Status status = Apply(migrations);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().reason(), "schema_mismatch");
  }
  EXPECT_FALSE(HasTable("d"));
}

TEST_F(Migrations, FailingStepLeavesNothingOfItselfAndKeepsThoseBefore) {
  ASSERT_TRUE(Apply({first_}).ok());
  const Migration broken{3, "broken", "CREATE TABLE c (x); INSERT INTO nowhere VALUES (1);"};
  const Status status = Apply({first_, second_, broken});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message().find("nowhere"), std::string::npos);
  EXPECT_TRUE(HasTable("b"));
  EXPECT_FALSE(HasTable("c"));
  EXPECT_TRUE(Apply({first_, second_, third_}).ok());
  EXPECT_TRUE(HasTable("c"));
}

TEST_F(Migrations, FailingStepLeavesANewDatabaseEmpty) {
  const Migration broken{2, "broken", "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1);"};
  ASSERT_FALSE(Apply({first_, broken}).ok());
  EXPECT_FALSE(HasTable("a"));
  EXPECT_FALSE(HasTable("b"));
  EXPECT_TRUE(Apply({first_, second_}).ok());
  EXPECT_TRUE(HasTable("b"));
}

TEST_F(Migrations, OfTheProgramApplyToAnEmptyDatabaseTwice) {
  const Status once = Migrate(*database_);
  ASSERT_TRUE(once.ok()) << once.error().message() << once.error().log();
  EXPECT_TRUE(HasTable("job"));
  EXPECT_TRUE(Migrate(*database_).ok());
}

TEST(ParseMigrations, PicksTheDialectAndSortsByNumber) {
  const std::vector<EmbeddedFile> files{{"migrations/0010_late.sqlite.sql", "ten"},
                                        {"migrations/0002_iam.postgres.sql", "no"},
                                        {"migrations/0002_iam.sqlite.sql", "two"}};
  const auto parsed = ParseMigrations(files, Dialect::kSqlite);
  ASSERT_TRUE(parsed.ok());
  ASSERT_EQ(parsed->size(), 2U);
  EXPECT_EQ((*parsed)[0].version, 2);
  EXPECT_EQ((*parsed)[0].name, "iam");
  EXPECT_EQ((*parsed)[0].sql, "two");
  EXPECT_EQ((*parsed)[1].version, 10);
}

TEST(ParseMigrations, RefusesOtherNamesAndANumberUsedTwice) {
  for (const auto* name : {"iam.sqlite.sql", "2_iam.sqlite.sql", "000x_iam.sqlite.sql",
                           "0002_.sqlite.sql", "0000_iam.sqlite.sql"}) {
    EXPECT_FALSE(ParseMigrations(std::vector<EmbeddedFile>{{name, ""}}, Dialect::kSqlite).ok())
        << name;
  }
  EXPECT_FALSE(ParseMigrations(
                   std::vector<EmbeddedFile>{{"0002_a.sqlite.sql", ""}, {"0002_b.sqlite.sql", ""}},
                   Dialect::kSqlite)
                   .ok());
}

}  // namespace
}  // namespace breakwater::db
