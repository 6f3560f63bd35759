#include "db/sqlite/sqlite_database.h"

#include <algorithm>
#include <random>
#include <set>
#include <sstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/testing.h"
#include "db/testing.h"
#include "io/file.h"

namespace breakwater::db {
namespace {

TEST(SqliteDatabase, SecondOpeningIsRefusedUntilTheFirstEnds) {
  const breakwater::testing::TempDir directory;
  const SqliteOptions options{.path = directory.path() / "x.db"};
  auto first = OpenSqlite(options);
  ASSERT_TRUE(first.ok());
  const auto second = OpenSqlite(options);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::kConflict);
  EXPECT_EQ(second.error().reason(), "database_in_use");
  first->reset();
  EXPECT_TRUE(OpenSqlite(options).ok());
}

TEST(SqliteDatabase, ReadingOnlyWorksBesideTheProcessThatWrites) {
  const breakwater::testing::TempDir directory;
  const auto path = directory.path() / "x.db";
  EXPECT_FALSE(OpenSqliteReadOnly(path).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  const auto writing = OpenSqlite({.path = path});
  ASSERT_TRUE((*writing)
                  ->Write([](Transaction& tx) {
                    return tx.ExecuteScript("CREATE TABLE t (x); INSERT INTO t VALUES (1);");
                  })
                  .ok());
  const auto reading = OpenSqliteReadOnly(path);
  ASSERT_TRUE(reading.ok()) << reading.error().log();
  const auto rows = (*reading)->ReadValue([](Transaction& tx) {
    return tx.QueryAll("SELECT x FROM t", {}, [](const Row& row) { return row.Int(0); });
  });
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(*rows, std::vector<std::int64_t>{1});
  const Status written =
      (*reading)->Write([](Transaction& tx) { return tx.ExecuteScript("DELETE FROM t;"); });
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().reason(), "read_only");
}

TEST(SqliteDatabase, MissingDirectoryIsAnErrorThatNamesNoPathToTheClient) {
  const breakwater::testing::TempDir directory;
  const auto opened = OpenSqlite({.path = directory.path() / "absent" / "x.db"});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().message().find("absent"), std::string::npos);
  EXPECT_NE(opened.error().log().find("absent"), std::string::npos);
}

TEST(SqliteDatabase, FilesAreForTheirOwnerAlone) {
  const breakwater::testing::TempDir directory;
  const auto database = OpenSqlite({.path = directory.path() / "x.db"});
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE((*database)
                  ->Write([](Transaction& tx) { return tx.ExecuteScript("CREATE TABLE t (x);"); })
                  .ok());
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    struct stat status{};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << entry.path();
  }
}

TEST(SqliteDatabase, ReaderBeyondTheMostWaitsAndIsThenRefused) {
  const breakwater::testing::TempDir directory;
  const auto database = OpenSqlite({.path = directory.path() / "x.db",
                                    .readers = 1,
                                    .reader_wait = std::chrono::milliseconds(1)});
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE((*database)
                  ->Read([&](Transaction&) {
                    const Status inner = (*database)->Read([](Transaction&) { return Ok(); });
                    EXPECT_FALSE(inner.ok());
                    EXPECT_EQ(inner.error().reason(), "database_busy");
                    return Ok();
                  })
                  .ok());
  EXPECT_TRUE((*database)->Read([](Transaction&) { return Ok(); }).ok());
}

TEST(SqliteDatabase, WriterIsNotHeldUpByAReader) {
  const auto database = db::testing::OpenSqliteTestDatabase();
  Database& db = database->database();
  ASSERT_TRUE(db.Write([](Transaction& tx) {
                  return tx.ExecuteScript("CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (0);");
                }).ok());
  ASSERT_TRUE(db.Read([&](Transaction& tx) -> Status {
                  return tx.Query("SELECT x FROM t", {}, [&](const Row&) {
                    return db.Write([](Transaction& writing) -> Status {
                      BW_TRY_STATUS(writing.Execute("UPDATE t SET x = x + 1"));
                      return Ok();
                    });
                  });
                }).ok());
}

// A process that writes until it is killed; reads which rows it acknowledged.
class Victim {
 public:
  Victim(const std::filesystem::path& database, std::int64_t first_id) {
    int ends[2];
    BW_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
    out_ = io::UniqueFd(ends[0]);
    const io::UniqueFd in(ends[1]);
    const std::string path = database.string();
    const std::string first = std::to_string(first_id);
    pid_ = ::fork();
    BW_CHECK(pid_ >= 0);
    if (pid_ == 0) {
      ::dup2(in.get(), STDOUT_FILENO);
      ::execl(BW_DB_KILL_HELPER, "kill_helper", path.c_str(), first.c_str(), nullptr);
      ::_exit(127);
    }
  }

  // Kills it after `count` acknowledgements and returns all that came through.
  std::set<std::int64_t> KillAfter(std::size_t count) {
    std::string text;
    bool killed = false;
    std::size_t lines = 0;
    char buffer[256];
    for (;;) {
      const ssize_t got = ::read(out_.get(), buffer, sizeof buffer);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
      lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
      if (lines >= count && !killed) {
        ::kill(pid_, SIGKILL);
        killed = true;
      }
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    std::set<std::int64_t> ids;
    std::istringstream in(text);
    for (std::int64_t id = 0; in >> id;) ids.insert(id);
    return ids;
  }

 private:
  io::UniqueFd out_;
  pid_t pid_ = 0;
};

TEST(SqliteDatabase, KilledAtRandomItKeepsEveryAcknowledgedRow) {
  const breakwater::testing::TempDir directory;
  const auto path = directory.path() / "x.db";
  std::mt19937 random(7);
  std::set<std::int64_t> acknowledged;
  for (int round = 0; round < 8; ++round) {
    Victim victim(path, round * 1'000'000 + 1);
    const auto more = victim.KillAfter(1 + random() % 400);
    EXPECT_FALSE(more.empty());
    acknowledged.insert(more.begin(), more.end());

    const auto database = OpenSqlite({.path = path});
    ASSERT_TRUE(database.ok()) << database.error().log();
    std::set<std::int64_t> present;
    const Status read = (*database)->Read([&](Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Query("SELECT id FROM kept", {}, [&](const Row& row) {
        present.insert(row.Int(0));
        return Ok();
      }));
      return tx.Query("PRAGMA integrity_check", {}, [](const Row& row) {
        EXPECT_EQ(row.Text(0), "ok");
        return Ok();
      });
    });
    ASSERT_TRUE(read.ok()) << read.error().log();
    EXPECT_TRUE(std::ranges::includes(present, acknowledged));
  }
}

}  // namespace
}  // namespace breakwater::db
