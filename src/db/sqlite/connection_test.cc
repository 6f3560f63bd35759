#include "db/sqlite/connection.h"

#include <gtest/gtest.h>

#include "base/testing.h"

namespace breakwater::db::sqlite {
namespace {

class SqliteConnection : public ::testing::Test {
 protected:
  std::unique_ptr<Connection> Open(Connection::Access access) {
    auto opened = Connection::Open((directory_.path() / "x.db").string(), access, {});
    EXPECT_TRUE(opened.ok()) << opened.error().log();
    return *std::move(opened);
  }
  static std::string Pragma(Connection& connection, const std::string& name) {
    std::string value;
    const Status status = connection.Query("PRAGMA " + name, {}, [&](const Row& row) {
      value = name == "journal_mode" ? row.String(0) : std::to_string(row.Int(0));
      return Ok();
    });
    EXPECT_TRUE(status.ok()) << status.error().log();
    return value;
  }

  testing::TempDir directory_;
  std::unique_ptr<Connection> writer_ = Open(Connection::Access::kReadWrite);
};

TEST_F(SqliteConnection, WriterFlushesEveryCommitAndNeverCheckpointsByItself) {
  EXPECT_EQ(Pragma(*writer_, "journal_mode"), "wal");
  EXPECT_EQ(Pragma(*writer_, "synchronous"), "2");
  EXPECT_EQ(Pragma(*writer_, "wal_autocheckpoint"), "0");
  EXPECT_EQ(Pragma(*writer_, "foreign_keys"), "1");
  EXPECT_EQ(Pragma(*writer_, "trusted_schema"), "0");
  EXPECT_EQ(Pragma(*writer_, "mmap_size"), "0");
}

TEST_F(SqliteConnection, ReaderCannotWriteNorCheckpoint) {
  ASSERT_TRUE(writer_->Script("CREATE TABLE t (x); INSERT INTO t VALUES (1);").ok());
  const auto reader = Open(Connection::Access::kReadOnly);
  EXPECT_FALSE(reader->Execute("INSERT INTO t VALUES (2)").ok());
  std::int64_t copied = 0;
  const Status checkpoint =
      reader->Query("PRAGMA wal_checkpoint(TRUNCATE)", {}, [&](const Row& row) {
        copied = row.Int(2);
        return Ok();
      });
  EXPECT_TRUE(!checkpoint.ok() || copied <= 0);
}

TEST_F(SqliteConnection, KeepsABoundedNumberOfStatements) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(writer_->Execute("SELECT " + std::to_string(i)).ok());
  }
  EXPECT_EQ(writer_->cached_statements(), 256U);
  ASSERT_TRUE(writer_->Execute("SELECT 999").ok());
  EXPECT_EQ(writer_->cached_statements(), 256U);
}

TEST_F(SqliteConnection, RefusesSeveralStatementsAndForeignParameterForms) {
  for (const char* sql : {"SELECT 1; SELECT 2", "", "SELECT ?", "SELECT :a", "SELECT $a",
                          "SELECT $0", "SELECT $9999"}) {
    EXPECT_FALSE(writer_->Execute(sql).ok()) << sql;
  }
  EXPECT_TRUE(writer_->Execute("SELECT 1; ").ok());
}

TEST_F(SqliteConnection, CountsNothingForStatementsThatChangeNoRows) {
  ASSERT_TRUE(writer_->Script("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2);").ok());
  EXPECT_EQ(*writer_->Execute("UPDATE t SET x = 3"), 2);
  EXPECT_EQ(*writer_->Execute("CREATE TABLE u (x)"), 0);
  EXPECT_EQ(*writer_->Execute("SELECT * FROM t"), 0);
}

TEST_F(SqliteConnection, AnotherTypeThanTheColumnsEndsTheProcess) {
  const auto text_as_int = [&] {
    static_cast<void>(writer_->Query("SELECT 'x'", {}, [](const Row& row) {
      static_cast<void>(row.Int(0));
      return Ok();
    }));
  };
  EXPECT_DEATH(text_as_int(), "actual == type");
}

TEST_F(SqliteConnection, DamagedFileIsDataCorrupt) {
  ASSERT_TRUE(writer_->Script("CREATE TABLE t (x)").ok());
  writer_.reset();
  std::FILE* file = std::fopen((directory_.path() / "x.db").c_str(), "r+");
  ASSERT_NE(file, nullptr);
  std::fputs("this is no database file", file);
  std::fclose(file);
  const auto opened =
      Connection::Open((directory_.path() / "x.db").string(), Connection::Access::kReadWrite, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kDataCorrupt);
}

}  // namespace
}  // namespace breakwater::db::sqlite
