#include "db/testing.h"

#include <gtest/gtest.h>

namespace breakwater::db::testing {
namespace {

class FaultyDatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(
        Inner()
            .Write([](Transaction& tx) { return tx.ExecuteScript("CREATE TABLE t (x INTEGER);"); })
            .ok());
  }
  Database& Inner() { return database_->database(); }
  std::int64_t Rows() {
    return **Inner().ReadValue([](Transaction& tx) {
      return tx.QueryOne("SELECT count(*) FROM t", {}, [](const Row& row) { return row.Int(0); });
    });
  }
  static Status InsertTwo(Database& database) {
    return database.Write([](Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute("INSERT INTO t VALUES (1)"));
      BW_TRY_STATUS(tx.Execute("INSERT INTO t VALUES (2)"));
      return Ok();
    });
  }

  std::unique_ptr<TestDatabase> database_ = OpenTestDatabase();
};

TEST_F(FaultyDatabaseTest, FailsTheCommitBeforeOrAfterItHappens) {
  FaultyDatabase faulty(Inner());
  faulty.FailOperation(3, FaultPoint::kBefore);
  EXPECT_EQ(InsertTwo(faulty).error().code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(faulty.fired());
  EXPECT_EQ(Rows(), 0);
  faulty.FailOperation(3, FaultPoint::kAfter);
  EXPECT_EQ(InsertTwo(faulty).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(Rows(), 2);
}

TEST_F(FaultyDatabaseTest, LoopFailsEveryOperationOnceBeforeAndOnceAfter) {
  int attempts = 0;
  const int failed = ForEachFault(Inner(), [&](FaultyDatabase& faulty) {
    ++attempts;
    const auto before = Rows();
    const Status status = InsertTwo(faulty);
    EXPECT_EQ(status.ok(), !faulty.fired());
    const auto added = Rows() - before;
    EXPECT_TRUE(added == 0 || added == 2);
    if (status.ok()) {
      EXPECT_EQ(added, 2);
    }
  });
  EXPECT_EQ(failed, 6);
  EXPECT_EQ(attempts, 8);
}

TEST_F(FaultyDatabaseTest, FailsReadsToo) {
  FaultyDatabase faulty(Inner());
  faulty.FailOperation(1, FaultPoint::kBefore);
  const auto read = [&] {
    return faulty.Read(
        [](Transaction& tx) { return tx.Query("SELECT 1", {}, [](const Row&) { return Ok(); }); });
  };
  EXPECT_FALSE(read().ok());
  EXPECT_TRUE(read().ok());
}

}  // namespace
}  // namespace breakwater::db::testing
