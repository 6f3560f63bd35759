// What every Database does, whatever is behind it:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, DatabaseConformance, ::testing::Values(DatabaseBackend{…}));
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "db/database.h"
#include "db/testing.h"
#include "db/together.h"

namespace breakwater::db::testing {

struct DatabaseBackend {
  std::string name;
  // Empty but for the migrations; null where there is none to be had, and then why.
  std::function<std::unique_ptr<TestDatabase>()> open;
  std::string why_absent;
};

inline void PrintTo(const DatabaseBackend& backend, std::ostream* out) {
  *out << backend.name;
}

class DatabaseConformance : public ::testing::TestWithParam<DatabaseBackend> {
 protected:
  void SetUp() override {
    if (database_ == nullptr) GTEST_SKIP() << GetParam().why_absent;
    const std::string bytes = db().dialect() == Dialect::kSqlite ? "BLOB" : "BYTEA";
    const Status made = db().Write([&](Transaction& tx) {
      return tx.ExecuteScript(
          "CREATE TABLE parent (id BIGINT NOT NULL PRIMARY KEY);"
          "CREATE TABLE thing (id BIGINT NOT NULL PRIMARY KEY, name TEXT UNIQUE, number BIGINT,"
          " real_number DOUBLE PRECISION, bytes " +
          bytes + ", parent BIGINT REFERENCES parent (id), CHECK (number <> 666));");
    });
    ASSERT_TRUE(made.ok()) << made.error().log();
  }

  Database& db() { return database_->database(); }

  Status Insert(std::int64_t id, const Param& name = nullptr, const Param& number = nullptr) {
    return db().Write([&](Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id, name, number) VALUES ($1, $2, $3)",
                               {id, name, number}));
      return Ok();
    });
  }
  static Result<std::int64_t> CountIn(Transaction& tx) {
    BW_TRY(const auto count, tx.QueryOne("SELECT count(*) FROM thing", {},
                                         [](const Row& row) { return row.Int(0); }));
    return *count;
  }
  std::int64_t Count() {
    return *db().ReadValue([](Transaction& tx) { return CountIn(tx); });
  }

  static void InThreads(int count, const std::function<void(int)>& body) {
    std::vector<std::thread> threads;
    for (int t = 0; t < count; ++t) threads.emplace_back([&body, t] { body(t); });
    for (auto& thread : threads) thread.join();
  }

 private:
  std::unique_ptr<TestDatabase> database_ = GetParam().open();
};

TEST_P(DatabaseConformance, ValuesComeBackAsTheyWentIn) {
  const std::string text = "caf\u00e9 \u65e5\u672c \U0001F40B 'quote'";
  Bytes bytes(256);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  for (const std::int64_t number : {std::numeric_limits<std::int64_t>::min(), std::int64_t{0},
                                    std::numeric_limits<std::int64_t>::max()}) {
    const Status written = db().Write([&](Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute("DELETE FROM thing"));
      BW_TRY_STATUS(tx.Execute(
          "INSERT INTO thing (id, name, number, real_number, bytes) VALUES ($1, $2, $3, $4, $5)",
          {1, text, number, 0.1, bytes}));
      return Ok();
    });
    ASSERT_TRUE(written.ok()) << written.error().log();
    const Status read = db().Read([&](Transaction& tx) {
      return tx.Query("SELECT name, number, real_number, bytes FROM thing", {},
                      [&](const Row& row) {
                        EXPECT_EQ(row.Text(0), text);
                        EXPECT_EQ(row.Int(1), number);
                        EXPECT_EQ(row.Double(2), 0.1);
                        EXPECT_TRUE(std::ranges::equal(row.Blob(3), bytes));
                        return Ok();
                      });
    });
    EXPECT_TRUE(read.ok());
  }
}

TEST_P(DatabaseConformance, NullIsNotEmpty) {
  ASSERT_TRUE(db().Write([&](Transaction& tx) -> Status {
                    const std::string insert =
                        "INSERT INTO thing (id, name, bytes) VALUES ($1, $2, $3)";
                    BW_TRY_STATUS(tx.Execute(insert, {1, nullptr, nullptr}));
                    BW_TRY_STATUS(tx.Execute(insert, {2, std::string_view(), ByteView()}));
                    return Ok();
                  })
                  .ok());
  int rows = 0;
  ASSERT_TRUE(db().Read([&](Transaction& tx) {
                    return tx.Query("SELECT id, name, bytes FROM thing ORDER BY id", {},
                                    [&](const Row& row) {
                                      ++rows;
                                      EXPECT_EQ(row.IsNull(1), row.Int(0) == 1);
                                      EXPECT_EQ(row.IsNull(2), row.Int(0) == 1);
                                      EXPECT_EQ(row.Text(1), "");
                                      EXPECT_TRUE(row.Blob(2).empty());
                                      return Ok();
                                    });
                  })
                  .ok());
  EXPECT_EQ(rows, 2);
}

TEST_P(DatabaseConformance, ParametersMayRepeatAndComeInAnyOrder) {
  const auto found = db().ReadValue([](Transaction& tx) {
    return tx.QueryOne(
        "SELECT CAST($2 AS TEXT) AS a, CAST($1 AS TEXT) AS b, CAST($2 AS TEXT) AS c", {"x", "y"},
        [](const Row& row) { return row.String(0) + row.String(1) + row.String(2); });
  });
  ASSERT_TRUE(found.ok()) << found.error().log();
  EXPECT_EQ(**found, "yxy");
}

TEST_P(DatabaseConformance, WrongNumberOfParametersIsAnInternalError) {
  for (const auto& params : {std::vector<Param>{}, std::vector<Param>{1, 2}}) {
    const Status status = db().Read([&](Transaction& tx) {
      return tx.QueryWith("SELECT id FROM thing WHERE id = $1", params,
                          [](const Row&) { return Ok(); });
    });
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code(), ErrorCode::kInternal);
  }
}

TEST_P(DatabaseConformance, ExecuteCountsChangedRows) {
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(Insert(i).ok());
  ASSERT_TRUE(db().Write([&](Transaction& tx) -> Status {
                    EXPECT_EQ(*tx.Execute("UPDATE thing SET number = $1 WHERE id >= $2", {7, 2}),
                              2);
                    EXPECT_EQ(*tx.Execute("UPDATE thing SET number = $1 WHERE id > $2", {7, 3}), 0);
                    EXPECT_EQ(*tx.Execute("DELETE FROM thing"), 3);
                    return Ok();
                  })
                  .ok());
}

TEST_P(DatabaseConformance, ReturningGivesTheRowsThatWereWritten) {
  const auto id = db().WriteValue([](Transaction& tx) {
    return tx.QueryOne("INSERT INTO thing (id) VALUES ($1) RETURNING id", {41},
                       [](const Row& row) { return row.Int(0); });
  });
  ASSERT_TRUE(id.ok()) << id.error().log();
  EXPECT_EQ(**id, 41);
  EXPECT_EQ(Count(), 1);
}

TEST_P(DatabaseConformance, ViolatedUniquenessIsExists) {
  ASSERT_TRUE(Insert(1, "one").ok());
  for (const Status& status : {Insert(1, "other"), Insert(2, "one")}) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code(), ErrorCode::kExists);
  }
  EXPECT_EQ(Count(), 1);
}

TEST_P(DatabaseConformance, OtherConstraintsAreConflicts) {
  const Status check = Insert(1, nullptr, 666);
  ASSERT_FALSE(check.ok());
  EXPECT_EQ(check.error().code(), ErrorCode::kConflict);
  const Status reference = db().Write([](Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id, parent) VALUES (1, 99)"));
    return Ok();
  });
  ASSERT_FALSE(reference.ok());
  EXPECT_EQ(reference.error().code(), ErrorCode::kConflict);
}

TEST_P(DatabaseConformance, ClientMessagesTellNothingOfTheSchema) {
  const Status status = db().Read([](Transaction& tx) {
    return tx.Query("SELECT secret_column FROM thing", {}, [](const Row&) { return Ok(); });
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kInternal);
  EXPECT_EQ(status.error().message(), "internal error");
  EXPECT_NE(status.error().log().find("secret_column"), std::string::npos);
  ASSERT_TRUE(Insert(1).ok());
  EXPECT_EQ(Insert(1).error().message().find("thing"), std::string::npos);
}

TEST_P(DatabaseConformance, ErrorOfTheWorkRollsEverythingBack) {
  const Status status = db().Write([](Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id) VALUES (1)"));
    BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id) VALUES (2)"));
    return Error(ErrorCode::kQuota, "full").Reason("quota_exceeded");
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kQuota);
  EXPECT_EQ(status.error().reason(), "quota_exceeded");
  EXPECT_EQ(Count(), 0);
}

TEST_P(DatabaseConformance, ExceptionInTheWorkRollsBackAndIsInternal) {
  const Status status = db().Write([](Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id) VALUES (1)"));
    throw std::runtime_error("oops");
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kInternal);
  EXPECT_EQ(status.error().message(), "internal error");
  EXPECT_EQ(Count(), 0);
  EXPECT_TRUE(Insert(1).ok());
}

TEST_P(DatabaseConformance, ActionsRunInOrderAfterTheCommitAndOnlyThen) {
  std::vector<int> ran;
  ASSERT_TRUE(db().Write([&](Transaction& tx) -> Status {
                    BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id) VALUES (1)"));
                    tx.OnCommit([&] { ran.push_back(1); });
                    tx.OnCommit([&] { ran.push_back(2); });
                    EXPECT_TRUE(ran.empty());
                    return Ok();
                  })
                  .ok());
  EXPECT_EQ(ran, (std::vector{1, 2}));
  const Status failed = db().Write([&](Transaction& tx) -> Status {
    tx.OnCommit([&] { ran.push_back(3); });
    return Conflict("no");
  });
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(ran.size(), 2U);
}

TEST_P(DatabaseConformance, ReaderSeesOneSnapshotWhileOthersWrite) {
  ASSERT_TRUE(Insert(1).ok());
  const Status read = db().Read([&](Transaction& tx) -> Status {
    BW_TRY(const std::int64_t before, CountIn(tx));
    std::thread([&] { EXPECT_TRUE(Insert(2).ok()); }).join();
    BW_TRY(const std::int64_t after, CountIn(tx));
    EXPECT_EQ(before, 1);
    EXPECT_EQ(after, 1);
    return Ok();
  });
  EXPECT_TRUE(read.ok());
  EXPECT_EQ(Count(), 2);
}

TEST_P(DatabaseConformance, ReaderDoesNotSeeWhatIsNotCommitted) {
  ASSERT_TRUE(db().Write([&](Transaction& tx) -> Status {
                    BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id) VALUES (1)"));
                    std::thread([&] { EXPECT_EQ(Count(), 0); }).join();
                    return Ok();
                  })
                  .ok());
  EXPECT_EQ(Count(), 1);
}

TEST_P(DatabaseConformance, ReadTransactionCannotWrite) {
  const Status status = db().Read([](Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id) VALUES (1)"));
    return Ok();
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kInternal);
  EXPECT_EQ(Count(), 0);
}

TEST_P(DatabaseConformance, EightWritersLoseNoUpdate) {
  constexpr int kEach = 50;
  ASSERT_TRUE(Insert(1, nullptr, 0).ok());
  InThreads(8, [&](int) {
    for (int i = 0; i < kEach; ++i) {
      const Status status = db().Write([](Transaction& tx) -> Status {
        BW_TRY(const auto number, tx.QueryOne("SELECT number FROM thing WHERE id = 1", {},
                                              [](const Row& row) { return row.Int(0); }));
        BW_TRY_STATUS(tx.Execute("UPDATE thing SET number = $1 WHERE id = 1", {*number + 1}));
        return Ok();
      });
      EXPECT_TRUE(status.ok()) << status.error().log();
    }
  });
  const auto number = db().ReadValue([](Transaction& tx) {
    return tx.QueryOne("SELECT number FROM thing", {}, [](const Row& row) { return row.Int(0); });
  });
  EXPECT_EQ(**number, 8 * kEach);
}

TEST_P(DatabaseConformance, OneCallersErrorLeavesTheOthersAlone) {
  constexpr int kEach = 40;
  std::atomic<int> kept{0};
  InThreads(8, [&](int t) {
    for (int i = 0; i < kEach; ++i) {
      const bool fail = (t + i) % 3 == 0;
      const Status status = db().Write([&](Transaction& tx) -> Status {
        BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id) VALUES ($1)", {t * 1000 + i}));
        if (fail) BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id) VALUES ($1)", {t * 1000 + i}));
        return Ok();
      });
      EXPECT_EQ(status.ok(), !fail);
      if (status.ok()) ++kept;
    }
  });
  EXPECT_GT(kept, 0);
  EXPECT_EQ(Count(), kept);
}

TEST_P(DatabaseConformance, RowsStreamInOrderAndStopAtTheCallersError) {
  constexpr std::int64_t kRows = 20'000;
  ASSERT_TRUE(db().Write([&](Transaction& tx) -> Status {
                    for (std::int64_t i = 0; i < kRows; ++i) {
                      BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id) VALUES ($1)", {i}));
                    }
                    return Ok();
                  })
                  .ok());
  const auto ids = db().ReadValue([](Transaction& tx) {
    return tx.QueryAll("SELECT id FROM thing ORDER BY id", {},
                       [](const Row& row) { return row.Int(0); });
  });
  ASSERT_TRUE(ids.ok());
  std::vector<std::int64_t> expected(kRows);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(*ids, expected);

  int seen = 0;
  const Status stopped = db().Read([&](Transaction& tx) {
    return tx.Query("SELECT id FROM thing", {}, [&](const Row&) -> Status {
      if (++seen == 10) return TooLarge("enough");
      return Ok();
    });
  });
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(seen, 10);
  EXPECT_EQ(Count(), kRows);
}

TEST_P(DatabaseConformance, AQueryMayRunInsideItself) {
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(Insert(i).ok());
  int pairs = 0;
  const std::string sql = "SELECT id FROM thing WHERE id >= $1 ORDER BY id";
  ASSERT_TRUE(db().Read([&](Transaction& tx) {
                    return tx.Query(sql, {1}, [&](const Row& outer) {
                      return tx.Query(sql, {outer.Int(0)}, [&](const Row&) {
                        ++pairs;
                        return Ok();
                      });
                    });
                  })
                  .ok());
  EXPECT_EQ(pairs, 6);
}

TEST_P(DatabaseConformance, ConditionsInTheStatementHoldWithoutSerializableIsolation) {
  constexpr int kThreads = 8;
  constexpr int kTurns = 25;
  ASSERT_TRUE(Insert(1, nullptr, 0).ok());
  std::atomic<int> won{0};
  InThreads(kThreads, [&](int) {
    for (int turn = 0; turn < kTurns; ++turn) {
      // Every number is reached once, whoever comes first.
      const auto changed = db().WriteValue(
          [&](Transaction& tx) {
            return tx.Execute("UPDATE thing SET number = $1 WHERE id = 1 AND number = $2",
                              {turn + 1, turn});
          },
          Isolation::kStatement);
      EXPECT_TRUE(changed.ok());
      if (changed.ok()) won += static_cast<int>(*changed);
    }
  });
  const auto number = db().ReadValue([](Transaction& tx) {
    return tx.QueryOne("SELECT number FROM thing", {}, [](const Row& row) { return row.Int(0); });
  });
  EXPECT_EQ(**number, won);
  EXPECT_GE(won, 1);
}

TEST_P(DatabaseConformance, ReadsAndWritesAreRefusedWhereAThreadMustNotWait) {
  const auto nothing = [](Transaction&) { return Ok(); };
  const NoWaitScope scope;
  EXPECT_EQ(db().Read(nothing).error().reason(), "would_wait");
  EXPECT_EQ(db().Write(nothing).error().reason(), "would_wait");
  EXPECT_TRUE(scope.refused());
}

TEST_P(DatabaseConformance, EpochChangesBeforeTheWriterHearsOfItsCommit) {
  if (!db().epoch()) GTEST_SKIP() << "others may write to this database";
  const auto before = db().epoch();
  ASSERT_EQ(Count(), 0);
  EXPECT_EQ(db().epoch(), before) << "a read changes nothing";
  std::optional<std::uint64_t> at_commit;
  ASSERT_TRUE(db().Write([&](Transaction& tx) -> Status {
                    tx.OnCommit([&] { at_commit = db().epoch(); });
                    BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id) VALUES (1)"));
                    return Ok();
                  })
                  .ok());
  EXPECT_NE(at_commit, before);
  EXPECT_NE(db().epoch(), before);
}

TEST_P(DatabaseConformance, WhatRunsTogetherSeesItselfAndIsCommittedAtOnce) {
  const auto add = [&](int id) {
    return db().Write([id](Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id) VALUES ($1)", {id}));
      return Ok();
    });
  };
  EXPECT_FALSE(IsTogether());
  ASSERT_TRUE(Together(db(), [&](Transaction&) -> Status {
                EXPECT_TRUE(IsTogether());
                BW_TRY_STATUS(add(1));
                EXPECT_EQ(Count(), 1);
                return Together(db(), [&](Transaction&) { return add(2); });
              }).ok());
  EXPECT_EQ(Count(), 2);
  const Status failed = Together(db(), [&](Transaction&) -> Status {
    BW_TRY_STATUS(add(3));
    return Conflict("no");
  });
  EXPECT_EQ(failed.error().code(), ErrorCode::kConflict);
  const Status ignored = Together(db(), [&](Transaction&) -> Status {
    BW_TRY_STATUS(add(4));
    EXPECT_FALSE(db().Write([](Transaction&) { return Status(NotFound("no")); }).ok());
    return Ok();
  });
  EXPECT_EQ(ignored.error().code(), ErrorCode::kNotFound) << "a write that fails fails them all";
  EXPECT_EQ(Count(), 2);
  EXPECT_FALSE(IsTogether());
}

TEST_P(DatabaseConformance, WhatComesAfterItComesWhateverBecameOfIt) {
  const auto add = [&](int id) {
    return db().Write([id](Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute("INSERT INTO thing (id) VALUES ($1)", {id}));
      return Ok();
    });
  };
  const auto both = [&](int now, int later, const Status& end) {
    return Together(db(), [&, now, later](Transaction&) -> Status {
      AfterTogether([&add, later] { EXPECT_TRUE(add(later).ok()); });
      BW_TRY_STATUS(add(now));
      return end;
    });
  };
  EXPECT_TRUE(both(1, 2, Ok()).ok());
  EXPECT_EQ(Count(), 2);
  EXPECT_EQ(both(3, 4, Conflict("no")).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(Count(), 3) << "what was not committed alone is not there";
}

}  // namespace breakwater::db::testing
