// What is special to PostgreSQL, on a server that stays as it is. See also faults_test.cc.
#include "db/postgres/postgres_database.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "db/postgres/testing.h"

namespace breakwater::db {
namespace {

using testing::PostgresBouncer;
using testing::PostgresHome;
using testing::PostgresServer;
using testing::WithDatabase;
using testing::WithServer;

class PostgresDatabase : public ::testing::Test {
 protected:
  void SetUp() override {
    if (PostgresServer().empty()) GTEST_SKIP() << "BREAKWATER_TEST_POSTGRES is unset";
    home_ = std::make_unique<PostgresHome>(PostgresServer(), PostgresHome::Content::kNothing);
    database_ = Open({});
    ASSERT_NE(database_, nullptr);
    ASSERT_TRUE(Script("CREATE TABLE t (x BIGINT PRIMARY KEY, name TEXT);").ok());
  }

  std::unique_ptr<Database> Open(PostgresOptions options, const std::string& address = "") {
    options.address = Secret(address.empty() ? home_->address() : address);
    auto opened = OpenPostgres(options);
    EXPECT_TRUE(opened.ok()) << opened.error().message() << opened.error().log();
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  Status Script(std::string_view sql) {
    return database_->Write([&](Transaction& tx) { return tx.ExecuteScript(sql); });
  }
  static Status Insert(Database& database, const Param& x, const Param& name = nullptr) {
    return database.Write([&](Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute("INSERT INTO t (x, name) VALUES ($1, $2)", {x, name}));
      return Ok();
    });
  }
  static std::int64_t Count(Database& database) {
    const auto count = database.ReadValue([](Transaction& tx) {
      return tx.QueryOne("SELECT count(*) FROM t", {}, [](const Row& row) { return row.Int(0); });
    });
    EXPECT_TRUE(count.ok()) << count.error().log();
    return count.ok() ? **count : -1;
  }
  Result<std::int64_t> IntOf(const std::string& expression) {
    return database_->ReadValue([&](Transaction& tx) -> Result<std::int64_t> {
      BW_TRY(const auto found,
             tx.QueryOne("SELECT " + expression, {}, [](const Row& row) { return row.Int(0); }));
      return *found;
    });
  }

  std::unique_ptr<PostgresHome> home_;
  std::unique_ptr<Database> database_;
};

TEST_F(PostgresDatabase, IntegersOfEveryKindReadAsInt) {
  for (const auto& [expression, value] :
       std::initializer_list<std::pair<const char*, std::int64_t>>{
           {"CAST(-2 AS SMALLINT)", -2},
           {"CAST(-3 AS INTEGER)", -3},
           {"CAST(-4 AS BIGINT)", -4},
           {"1 = 1", 1},
           {"1 = 2", 0},
           {"EXISTS (SELECT 1)", 1},
           {"CAST(0 AS NUMERIC)", 0},
           {"CAST(-12345678901234 AS NUMERIC)", -12'345'678'901'234},
           {"CAST(90000 AS NUMERIC)", 90'000},
           {"CAST(7 AS NUMERIC(10, 2))", 7},
           {"sum(y) FROM (VALUES (CAST(1 AS BIGINT)), (2)) AS v (y)", 3},
           {"CAST(9223372036854775807 AS NUMERIC)", std::numeric_limits<std::int64_t>::max()},
           {"CAST(-9223372036854775808 AS NUMERIC)", std::numeric_limits<std::int64_t>::min()},
           {"CAST(9223372036854775808 AS NUMERIC)", std::numeric_limits<std::int64_t>::max()},
           {"CAST(-1e30 AS NUMERIC)", std::numeric_limits<std::int64_t>::min()}}) {
    const auto read = IntOf(expression);
    ASSERT_TRUE(read.ok()) << expression << read.error().log();
    EXPECT_EQ(*read, value) << expression;
  }
}

TEST_F(PostgresDatabase, AskingForAnotherTypeIsABug) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(static_cast<void>(IntOf("'text'")), "unreachable");
  EXPECT_DEATH(static_cast<void>(IntOf("CAST(0.5 AS NUMERIC)")), "digits <= weight");
  EXPECT_DEATH(static_cast<void>(database_->Read([](Transaction& tx) {
                 return tx.Query("SELECT 1", {}, [](const Row& row) {
                   static_cast<void>(row.Text(0));
                   return Ok();
                 });
               })),
               "type == kText");
}

TEST_F(PostgresDatabase, TextThatItCannotHoldIsInvalid) {
  for (const std::string& text : {std::string("a\0b", 3), std::string("\xff\xfe")}) {
    const Status status = Insert(*database_, 1, text);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code(), ErrorCode::kInvalid) << status.error().log();
  }
  EXPECT_EQ(Count(*database_), 0);
}

TEST_F(PostgresDatabase, TooLargeAValueIsTooLarge) {
  const std::string large((64 << 20) + 1, 'x');
  EXPECT_EQ(Insert(*database_, 1, large).error().code(), ErrorCode::kTooLarge);
}

TEST_F(PostgresDatabase, WorkThatGoesOnAfterAFailedStatementIsABug) {
  ASSERT_TRUE(Insert(*database_, 1).ok());
  const Status ignored = database_->Write([](Transaction& tx) -> Status {
    static_cast<void>(tx.Execute("INSERT INTO t (x) VALUES (1)"));
    return Ok();
  });
  ASSERT_FALSE(ignored.ok());
  EXPECT_EQ(ignored.error().code(), ErrorCode::kInternal);
  const Status further = database_->Write([](Transaction& tx) -> Status {
    static_cast<void>(tx.Execute("INSERT INTO t (x) VALUES (1)"));
    BW_TRY_STATUS(tx.Execute("INSERT INTO t (x) VALUES (2)"));
    return Ok();
  });
  ASSERT_FALSE(further.ok());
  EXPECT_EQ(further.error().code(), ErrorCode::kInternal);
  EXPECT_NE(further.error().log().find("23505"), std::string::npos);
  EXPECT_EQ(Count(*database_), 1);
}

TEST_F(PostgresDatabase, ViolationFoundAtTheCommitRollsBack) {
  ASSERT_TRUE(
      Script("CREATE TABLE child (x BIGINT REFERENCES t (x) DEFERRABLE INITIALLY DEFERRED);").ok());
  bool ran = false;
  const Status status = database_->Write([&](Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("INSERT INTO child (x) VALUES (5)"));
    tx.OnCommit([&] { ran = true; });
    return Ok();
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kConflict);
  EXPECT_FALSE(ran);
}

TEST_F(PostgresDatabase, SlowStatementMeetsItsLimitButAScriptDoesNot) {
  const auto hasty = Open({.address = {}, .statement_timeout = std::chrono::milliseconds(50)});
  const Status slow = hasty->Read([](Transaction& tx) {
    return tx.Query("SELECT pg_sleep(60)", {}, [](const Row&) { return Ok(); });
  });
  ASSERT_FALSE(slow.ok());
  EXPECT_EQ(slow.error().code(), ErrorCode::kDeadline);
  EXPECT_EQ(slow.error().reason(), "database_timeout");
  EXPECT_TRUE(hasty
                  ->Write([](Transaction& tx) {
                    return tx.ExecuteScript(
                        "SET LOCAL statement_timeout = 0; SELECT pg_sleep(0.1);"
                        "INSERT INTO t (x) VALUES (1);");
                  })
                  .ok());
  EXPECT_EQ(Count(*hasty), 1);
}

// Each reads what the other writes: one after the other neither would see nothing.
TEST_F(PostgresDatabase, WritesThatContradictEachOtherDoNotBothHappen) {
  std::atomic<int> inside{0};
  const auto insert_if_empty = [&](std::int64_t x) {
    return database_->Write([&, x](Transaction& tx) -> Status {
      BW_TRY(const auto count,
             tx.QueryOne("SELECT count(*) FROM t", {}, [](const Row& row) { return row.Int(0); }));
      // In the first run both have read before either writes.
      ++inside;
      while (inside < 2) std::this_thread::yield();
      if (*count == 0) BW_TRY_STATUS(tx.Execute("INSERT INTO t (x) VALUES ($1)", {x}));
      return Ok();
    });
  };
  std::thread other([&] { EXPECT_TRUE(insert_if_empty(1).ok()); });
  EXPECT_TRUE(insert_if_empty(2).ok());
  other.join();
  EXPECT_GT(inside, 2);
  EXPECT_EQ(Count(*database_), 1);
}

TEST_F(PostgresDatabase, ConflictIsCuredEvenIfTheWorkTookLongerThanAllRetries) {
  ASSERT_TRUE(Insert(*database_, 1).ok());
  const auto hasty = Open({.address = {}, .retry_time = std::chrono::milliseconds(0)});
  int runs = 0;
  const Status status = hasty->Write([&](Transaction& tx) -> Status {
    ++runs;
    BW_TRY_STATUS(tx.Query("SELECT x FROM t", {}, [](const Row&) { return Ok(); }));
    if (runs < 3) {
      EXPECT_TRUE(Script("UPDATE t SET name = 'other';").ok());
    }
    BW_TRY_STATUS(tx.Execute("UPDATE t SET name = 'mine'"));
    return Ok();
  });
  EXPECT_TRUE(status.ok()) << status.error().log();
  EXPECT_EQ(runs, 3);
}

TEST_F(PostgresDatabase, ConflictsWithoutEndAreReportedAsSuch) {
  ASSERT_TRUE(Insert(*database_, 1).ok());
  const auto stubborn = Open({.address = {}, .max_attempts = 3});
  int runs = 0;
  const Status status = stubborn->Write([&](Transaction& tx) -> Status {
    ++runs;
    BW_TRY_STATUS(tx.Query("SELECT x FROM t", {}, [](const Row&) { return Ok(); }));
    EXPECT_TRUE(Script("UPDATE t SET name = 'other';").ok());
    // Whatever the work makes of the failure.
    if (!tx.Execute("UPDATE t SET name = 'mine'").ok()) return NotFound("no");
    return Ok();
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(status.error().reason(), "database_busy");
  EXPECT_EQ(runs, 3);
}

TEST_F(PostgresDatabase, ConnectionsInUseByOthersAreWaitedForAndThenRefused) {
  const auto narrow =
      Open({.address = {}, .connections = 1, .acquire_timeout = std::chrono::milliseconds(50)});
  const Status status =
      narrow->Read([&](Transaction&) { return narrow->Read([](Transaction&) { return Ok(); }); });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(status.error().reason(), "database_unavailable");

  const auto patient = Open({.address = {}, .connections = 1});
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] { EXPECT_TRUE(Insert(*patient, i).ok()); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(Count(*patient), 8);
}

TEST_F(PostgresDatabase, PreparedStatementsOfAConnectionAreBounded) {
  const auto narrow = Open({.address = {}, .connections = 1});
  for (int i = 0; i < 400; ++i) {
    ASSERT_TRUE(Insert(*narrow, i).ok());
    ASSERT_TRUE(narrow
                    ->Read([&](Transaction& tx) {
                      return tx.Query("SELECT x FROM t WHERE x = " + std::to_string(i), {},
                                      [](const Row&) { return Ok(); });
                    })
                    .ok());
  }
  const auto kept = narrow->ReadValue([](Transaction& tx) {
    return tx.QueryOne("SELECT count(*) FROM pg_prepared_statements", {},
                       [](const Row& row) { return row.Int(0); });
  });
  EXPECT_LE(**kept, 257);
  EXPECT_GT(**kept, 200);
}

TEST_F(PostgresDatabase, WithoutPreparedStatementsNoneIsLeftOnTheServer) {
  const auto plain =
      Open({.address = {}, .connections = 1, .prepared_statements = PreparedStatements::kOff});
  ASSERT_TRUE(Insert(*plain, 1).ok());
  const auto kept = plain->ReadValue([](Transaction& tx) {
    return tx.QueryOne("SELECT count(*) FROM pg_prepared_statements", {},
                       [](const Row& row) { return row.Int(0); });
  });
  EXPECT_EQ(**kept, 0);
}

TEST_F(PostgresDatabase, StatementWhoseColumnsChangedTypeFailsOnceAtMost) {
  const auto narrow = Open({.address = {}, .connections = 1});
  const auto read = [&] {
    return narrow->Read([](Transaction& tx) {
      return tx.Query("SELECT * FROM t", {}, [](const Row&) { return Ok(); });
    });
  };
  ASSERT_TRUE(read().ok());
  ASSERT_TRUE(Script("ALTER TABLE t ADD COLUMN more BIGINT;").ok());
  static_cast<void>(read());
  EXPECT_TRUE(read().ok());
}

TEST_F(PostgresDatabase, TransactionPoolerTakesTurnsBetweenManyClients) {
  const std::string bouncer = PostgresBouncer();
  if (bouncer.empty()) GTEST_SKIP() << "BREAKWATER_TEST_POSTGRES_BOUNCER is unset";
  const std::string address = WithDatabase(bouncer, home_->name());
  // More connections than the pooler has, each of two processes.
  const auto one = Open({.address = {}, .connections = 12}, address);
  const auto other = Open({.address = {}, .connections = 12}, address);
  std::vector<std::thread> threads;
  for (int i = 0; i < 24; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 20; ++k) {
        const Status status = Insert(i % 2 == 0 ? *one : *other, i * 100 + k, "name");
        EXPECT_TRUE(status.ok()) << status.error().log();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(Count(*one), 24 * 20);
  EXPECT_EQ(Count(*other), 24 * 20);
}

TEST(OpenPostgres, MalformedAddressIsInvalidAndNotRepeated) {
  for (const auto* address : {"postgresql://u:hunter2@[::1/d", "postgresql://u:x/hunter2@host/d",
                              "postgresql://u:x@hunter2@host/d", "postgresql://h/d?hunter2=1"}) {
    const auto opened = OpenPostgres({.address = Secret(address)});
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code(), ErrorCode::kInvalid) << address;
    EXPECT_EQ((opened.error().message() + opened.error().log()).find("hunter2"), std::string::npos);
  }
}

TEST(OpenPostgres, ServerThatIsNotThereIsUnavailable) {
  // Port 1 of loopback: nobody listens.
  const auto opened = OpenPostgres({.address = Secret("postgresql://u:hunter2@127.0.0.1:1/d")});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(opened.error().reason(), "database_unavailable");
  EXPECT_EQ(opened.error().message().find("127.0.0.1"), std::string::npos);
  EXPECT_EQ((opened.error().message() + opened.error().log()).find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace breakwater::db
