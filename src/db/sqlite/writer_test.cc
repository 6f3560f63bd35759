#include "db/sqlite/writer.h"

#include <future>
#include <optional>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/testing.h"
#include "db/lazy_flush.h"

namespace breakwater::db::sqlite {
namespace {

Status Insert(Transaction& tx, std::int64_t id) {
  BW_TRY_STATUS(tx.Execute("INSERT INTO t (x) VALUES ($1)", {id}));
  return Ok();
}

class SqliteWriter : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Connection::Open(Path(), Connection::Access::kReadWrite, {.durable = false});
    ASSERT_TRUE(opened.ok());
    handle_ = (*opened)->handle();
    ASSERT_TRUE(
        (*opened)
            ->Script("CREATE TABLE t (x INTEGER PRIMARY KEY, parent INTEGER REFERENCES t (x)"
                     " DEFERRABLE INITIALLY DEFERRED)")
            .ok());
    writer_.emplace(*std::move(opened), options_);
  }

  std::string Path() const { return (directory_.path() / "x.db").string(); }

  // Runs `works`, each from a thread of its own, so that they meet in one group: a first work holds
  // the writer until all the others wait. The first `lazy` of them need no flush.
  std::vector<Status> RunTogether(const std::vector<Database::Work>& works, std::size_t lazy = 0) {
    std::promise<void> go;
    std::promise<void> holding;
    std::thread first([&] {
      const Status status = writer_->Run([&](Transaction&) {
        holding.set_value();
        go.get_future().wait();
        return Ok();
      });
      EXPECT_TRUE(status.ok());
    });
    holding.get_future().wait();
    std::vector<Status> outcomes(works.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < works.size(); ++i) {
      threads.emplace_back([&, i] {
        const auto scope = i < lazy ? std::make_unique<LazyFlush>() : nullptr;
        outcomes[i] = writer_->Run(works[i]);
      });
      while (writer_->waiting() != i + 1) std::this_thread::yield();
    }
    go.set_value();
    first.join();
    for (auto& thread : threads) thread.join();
    return outcomes;
  }

  std::vector<std::int64_t> Rows() {
    std::vector<std::int64_t> rows;
    const Status status = writer_->Run([&](Transaction& tx) -> Status {
      BW_TRY(rows, tx.QueryAll("SELECT x FROM t ORDER BY x", {},
                               [](const Row& row) { return row.Int(0); }));
      return Ok();
    });
    EXPECT_TRUE(status.ok());
    return rows;
  }

  WriterOptions options_{.durable = false};
  testing::TempDir directory_;
  sqlite3* handle_ = nullptr;
  std::optional<Writer> writer_;
};

TEST_F(SqliteWriter, CommitsAllThatWaitAtOnce) {
  const auto outcomes = RunTogether({[](Transaction& tx) { return Insert(tx, 1); },
                                     [](Transaction& tx) { return Insert(tx, 2); },
                                     [](Transaction& tx) { return Insert(tx, 3); }});
  for (const Status& status : outcomes) EXPECT_TRUE(status.ok());
  EXPECT_EQ(writer_->commits(), 2U);
  EXPECT_EQ(Rows(), (std::vector<std::int64_t>{1, 2, 3}));
}

// The setting that a commit is made with: 2 flushes, 1 does not.
Database::Work NoteFlush(std::int64_t* setting) {
  return [setting](Transaction& tx) -> Status {
    BW_TRY(const auto found,
           tx.QueryOne("PRAGMA synchronous", {}, [](const Row& row) { return row.Int(0); }));
    *setting = found.value_or(-1);
    return Ok();
  };
}

class DurableSqliteWriter : public SqliteWriter {
 protected:
  DurableSqliteWriter() { options_.durable = true; }
  void SetUp() override {
    SqliteWriter::SetUp();
    ASSERT_TRUE(writer_->Run([](Transaction&) { return Ok(); }).ok());
  }
  std::int64_t RunLazily() {
    const LazyFlush lazy;
    std::int64_t setting = 0;
    EXPECT_TRUE(writer_->Run(NoteFlush(&setting)).ok());
    return setting;
  }
};

TEST_F(DurableSqliteWriter, LeavesTheFlushOfLazyWorkToTheNextThatNeedsOne) {
  std::int64_t setting = 0;
  EXPECT_EQ(RunLazily(), 1);
  ASSERT_TRUE(writer_->Run(NoteFlush(&setting)).ok());
  EXPECT_EQ(setting, 2);
  EXPECT_EQ(RunLazily(), 1);
}

TEST_F(DurableSqliteWriter, FlushesAGroupInWhichOneNeedsIt) {
  EXPECT_EQ(RunLazily(), 1);
  std::int64_t lazy_one = 0;
  const auto outcomes =
      RunTogether({NoteFlush(&lazy_one), [](Transaction& tx) { return Insert(tx, 1); }},
                  /*lazy=*/1);
  for (const Status& status : outcomes) EXPECT_TRUE(status.ok());
  EXPECT_EQ(lazy_one, 2);
}

TEST_F(SqliteWriter, FailuresInAGroupLeaveTheOthersInIt) {
  bool acted = false;
  const auto outcomes = RunTogether({
      [](Transaction& tx) { return Insert(tx, 1); },
      [](Transaction& tx) -> Status {
        BW_TRY_STATUS(Insert(tx, 7));
        return Insert(tx, 1);
      },
      [&](Transaction& tx) -> Status {
        tx.OnCommit([&] { acted = true; });
        BW_TRY_STATUS(Insert(tx, 8));
        throw std::runtime_error("bug");
      },
      [](Transaction& tx) -> Status {
        BW_TRY_STATUS(tx.Execute("INSERT INTO t (x, parent) VALUES (9, 999)"));
        return Ok();
      },
      [](Transaction& tx) { return Insert(tx, 2); },
  });
  EXPECT_TRUE(outcomes[0].ok());
  EXPECT_EQ(outcomes[1].error().code(), ErrorCode::kExists);
  EXPECT_EQ(outcomes[2].error().code(), ErrorCode::kInternal);
  EXPECT_EQ(outcomes[3].error().code(), ErrorCode::kConflict);
  EXPECT_TRUE(outcomes[4].ok());
  EXPECT_FALSE(acted);
  EXPECT_EQ(writer_->commits(), 2U);
  EXPECT_EQ(Rows(), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(SqliteWriter, FailedCommitIsEveryonesFailureAndRunsNoAction) {
  std::atomic<int> acted{0};
  std::atomic<bool> fail{false};
  sqlite3_commit_hook(
      handle_, [](void* flag) { return static_cast<std::atomic<bool>*>(flag)->load() ? 1 : 0; },
      &fail);
  const auto work = [&](std::int64_t id) -> Database::Work {
    return [&, id](Transaction& tx) {
      fail = true;
      tx.OnCommit([&] { ++acted; });
      return Insert(tx, id);
    };
  };
  const auto outcomes =
      RunTogether({work(1), [](Transaction&) -> Status { return Conflict("mine"); }, work(2)});
  fail = false;
  EXPECT_EQ(outcomes[0].error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(outcomes[1].error().code(), ErrorCode::kConflict);
  EXPECT_EQ(outcomes[2].error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(acted, 0);
  EXPECT_TRUE(Rows().empty());
}

TEST_F(SqliteWriter, LostTransactionIsEveryonesFailure) {
  const auto outcomes = RunTogether({
      [](Transaction& tx) { return Insert(tx, 1); },
      [](Transaction& tx) -> Status {
        // What SQLite does by itself on a full disk.
        BW_TRY_STATUS(tx.Execute("ROLLBACK"));
        return Ok();
      },
      [](Transaction& tx) { return Insert(tx, 2); },
  });
  for (const Status& status : outcomes) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code(), ErrorCode::kUnavailable);
  }
  EXPECT_TRUE(Rows().empty());
  EXPECT_TRUE(writer_->Run([](Transaction& tx) { return Insert(tx, 3); }).ok());
}

TEST_F(SqliteWriter, WriteInsideAWriteEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(static_cast<void>(writer_->Run(
                   [&](Transaction&) { return writer_->Run([](Transaction&) { return Ok(); }); })),
               "get_id");
}

class SqliteWriterWithLittleRoom : public SqliteWriter {
 protected:
  SqliteWriterWithLittleRoom() {
    options_.max_waiting = 2;
    options_.max_group = 1;
    options_.room_wait = std::chrono::milliseconds(0);
  }
};

TEST_F(SqliteWriterWithLittleRoom, RefusesMoreCallersThanMayWait) {
  std::optional<Status> refused;
  const auto outcomes = RunTogether({
      [](Transaction& tx) { return Insert(tx, 1); },
      [](Transaction& tx) { return Insert(tx, 2); },
  });
  for (const Status& status : outcomes) EXPECT_TRUE(status.ok());
  EXPECT_EQ(writer_->commits(), 3U);

  std::vector<std::thread> waiting;
  ASSERT_TRUE(
      writer_
          ->Run([&](Transaction&) {
            for (std::size_t i = 0; i < 2; ++i) {
              waiting.emplace_back([&, id = static_cast<std::int64_t>(10 + i)] {
                EXPECT_TRUE(writer_->Run([id](Transaction& tx) { return Insert(tx, id); }).ok());
              });
            }
            while (writer_->waiting() != 2) std::this_thread::yield();
            std::thread([&] { refused = writer_->Run([](Transaction&) { return Ok(); }); }).join();
            return Ok();
          })
          .ok());
  for (auto& thread : waiting) thread.join();
  ASSERT_TRUE(refused && !refused->ok());
  EXPECT_EQ(refused->error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(refused->error().reason(), "database_busy");
}

class SqliteWriterWithSmallLog : public SqliteWriter {
 protected:
  SqliteWriterWithSmallLog() {
    options_.checkpoint_pages = 20;
    options_.checkpoint_urgent_pages = 400;
    options_.idle = std::chrono::hours(1);
  }
  void WriteMuch() {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(writer_
                      ->Run([](Transaction& tx) -> Status {
                        BW_TRY_STATUS(
                            tx.Execute("INSERT INTO t (x) SELECT coalesce(max(x), 0) + 1 FROM t"));
                        return Ok();
                      })
                      .ok());
    }
  }
  std::uintmax_t LogSize() const { return std::filesystem::file_size(Path() + "-wal"); }
};

TEST_F(SqliteWriterWithSmallLog, KeepsTheLogSmall) {
  WriteMuch();
  EXPECT_LT(LogSize(), 40U * 4096U);
}

// Two readers that take turns: each ends its transaction only after the other has begun a newer
// one.
class OverlappingReaders {
 public:
  explicit OverlappingReaders(const std::string& path) {
    for (int me = 0; me < 2; ++me) threads_.emplace_back([this, path, me] { Loop(path, me); });
  }
  ~OverlappingReaders() {
    stop_ = true;
    for (auto& thread : threads_) thread.join();
  }

 private:
  void Loop(const std::string& path, int me) {
    const auto reader = *Connection::Open(path, Connection::Access::kReadOnly, {});
    for (int round = 1;; ++round) {
      EXPECT_TRUE(reader->Execute("BEGIN").ok());
      EXPECT_TRUE(reader->Execute("SELECT count(*) FROM t").ok());
      begun_[me] = round;
      while (begun_[1 - me] < round + me && !stop_) std::this_thread::yield();
      EXPECT_TRUE(reader->Execute("ROLLBACK").ok());
      if (stop_) return;
    }
  }

  std::atomic<bool> stop_{false};
  std::atomic<int> begun_[2]{0, 0};
  std::vector<std::thread> threads_;
};

// SQLite looks for readers that have ended ten times a second: on a slow machine that takes luck.
class SqliteWriterWithPatience : public SqliteWriterWithSmallLog {
 protected:
  SqliteWriterWithPatience() { options_.checkpoint_urgent_wait = std::chrono::seconds(2); }
};

TEST_F(SqliteWriterWithPatience, KeepsTheLogSmallThoughReadersAlwaysOverlap) {
  const OverlappingReaders readers(Path());
  WriteMuch();
  // Unchecked growth would be two pages for each of the 1 000 commits: 2 000.
  EXPECT_LT(LogSize(), 1500U * 4096U);
}

TEST_F(SqliteWriterWithSmallLog, WaitsOnlyAMomentForAReaderThatStays) {
  auto reader = *Connection::Open(Path(), Connection::Access::kReadOnly, {});
  ASSERT_TRUE(reader->Execute("BEGIN").ok());
  ASSERT_TRUE(reader->Execute("SELECT * FROM t").ok());
  WriteMuch();
  EXPECT_GT(LogSize(), 600U * 4096U);
  ASSERT_TRUE(reader->Execute("ROLLBACK").ok());
  EXPECT_EQ(Rows().size(), 1000U);
}

}  // namespace
}  // namespace breakwater::db::sqlite
