// PostgreSQL going away in every way, under work. Those that break the server start one of their
// own.
#include <array>
#include <atomic>
#include <cstdio>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/testing.h"
#include "db/postgres/connection.h"
#include "db/postgres/cutting_proxy.h"
#include "db/postgres/postgres_database.h"
#include "db/postgres/testing.h"

namespace breakwater::db {
namespace {

using std::chrono::milliseconds;
using testing::Cut;
using testing::CuttingProxy;
using testing::PostgresHome;
using testing::PostgresServer;
using testing::WithServer;

Status Insert(Database& database, std::int64_t x) {
  return database.Write([&](Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("INSERT INTO t (x) VALUES ($1)", {x}));
    return Ok();
  });
}

Result<std::set<std::int64_t>> Stored(Database& database) {
  return database.ReadValue([](Transaction& tx) -> Result<std::set<std::int64_t>> {
    BW_TRY(const auto all,
           tx.QueryAll("SELECT x FROM t", {}, [](const Row& row) { return row.Int(0); }));
    return std::set<std::int64_t>(all.begin(), all.end());
  });
}

// tests/services/postgres.sh on a folder of its own.
class Service {
 public:
  Service() : address_(AddressIn(Run("start"))) {}
  ~Service() { Run("clean"); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Empty if the packages are missing.
  const std::string& address() const { return address_; }
  std::string Run(const std::string& verb, const std::string& argument = "") {
    const std::string command = std::string("bash " BW_POSTGRES_SERVICE " ") + verb + " '" +
                                directory_.path().string() + "' " + argument;
    FILE* output = ::popen(command.c_str(), "r");
    BW_CHECK(output != nullptr);
    std::string text;
    std::array<char, 4096> buffer;
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), output)) {
      text.append(buffer.data(), got);
    }
    const int code = ::pclose(output);
    return code == 0 ? text : "";
  }

 private:
  static std::string AddressIn(const std::string& lines) {
    for (std::string_view line : Split(lines, '\n')) {
      if (line.starts_with("PG_URL='")) return std::string(line.substr(8, line.size() - 9));
    }
    return "";
  }

  breakwater::testing::TempDir directory_;
  std::string address_;
};

PostgresOptions Options(const std::string& address) {
  PostgresOptions options;
  options.address = Secret(address);
  return options;
}

std::unique_ptr<Database> Open(const PostgresOptions& options) {
  auto opened = OpenPostgres(options);
  EXPECT_TRUE(opened.ok()) << opened.error().message() << opened.error().log();
  return opened.ok() ? *std::move(opened) : nullptr;
}

Status CreateTable(Database& database) {
  return database.Write(
      [](Transaction& tx) { return tx.ExecuteScript("CREATE TABLE t (x BIGINT PRIMARY KEY);"); });
}

class PostgresCuts : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string server = PostgresServer();
    if (server.empty()) GTEST_SKIP() << "BREAKWATER_TEST_POSTGRES is unset";
    home_ = std::make_unique<PostgresHome>(server, PostgresHome::Content::kNothing);
    direct_ = home_->OpenAnother();
    ASSERT_TRUE(CreateTable(*direct_).ok());
    const auto port = direct_->ReadValue([](Transaction& tx) {
      return tx.QueryOne("SELECT CAST(current_setting('port') AS INTEGER)", {},
                         [](const Row& row) { return row.Int(0); });
    });
    proxy_ = std::make_unique<CuttingProxy>(static_cast<int>(**port));
    auto options =
        Options(WithServer(home_->address(), "127.0.0.1", proxy_->port()) + " sslmode=disable");
    options.retry_time = milliseconds(1000);
    database_ = Open(options);
  }

  // Inserts x with the commit cut so; counts the runs of the work and of its action.
  Status InsertCut(Cut cut, std::int64_t x) {
    runs_ = 0;
    actions_ = 0;
    const Status status = database_->Write([&](Transaction& tx) -> Status {
      ++runs_;
      BW_TRY_STATUS(tx.Execute("INSERT INTO t (x) VALUES ($1)", {x}));
      // Not before: reads end in a COMMIT as well, which may still be on its way.
      if (runs_ == 1) proxy_->CutNext(cut);
      tx.OnCommit([&] { ++actions_; });
      return Ok();
    });
    EXPECT_TRUE(proxy_->done());
    return status;
  }

  std::unique_ptr<PostgresHome> home_;
  std::unique_ptr<Database> direct_;
  std::unique_ptr<CuttingProxy> proxy_;
  std::unique_ptr<Database> database_;
  int runs_ = 0;
  int actions_ = 0;
};

TEST_F(PostgresCuts, CommitWhoseAnswerIsLostCountsOnce) {
  const Status status = InsertCut(Cut::kAfterCommit, 1);
  EXPECT_TRUE(status.ok()) << status.error().message() << status.error().log();
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(actions_, 1);
  EXPECT_EQ(*Stored(*direct_), std::set<std::int64_t>{1});
}

TEST_F(PostgresCuts, CommitThatNeverArrivedIsRunAgain) {
  const Status status = InsertCut(Cut::kBeforeCommit, 1);
  EXPECT_TRUE(status.ok()) << status.error().message() << status.error().log();
  EXPECT_EQ(runs_, 2);
  EXPECT_EQ(actions_, 1);
  EXPECT_EQ(*Stored(*direct_), std::set<std::int64_t>{1});
}

TEST_F(PostgresCuts, CommitOfWhichNothingCanBeLearntIsReportedAsUnknown) {
  const Status status = InsertCut(Cut::kHoldCommit, 1);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(status.error().reason(), "database_unavailable");
  EXPECT_NE(status.error().message().find("unknown"), std::string::npos);
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(actions_, 0);
}

TEST_F(PostgresCuts, CommitOfWorkThatWroteNothingIsRunAgain) {
  int runs = 0;
  const Status status = database_->Write([&](Transaction& tx) -> Status {
    ++runs;
    BW_TRY_STATUS(tx.Execute("UPDATE t SET x = 2 WHERE x = 1"));
    if (runs == 1) proxy_->CutNext(Cut::kAfterCommit);
    return Ok();
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(runs, 2);
}

TEST_F(PostgresCuts, ConnectionEndedInsideTheWorkRunsItAgain) {
  int runs = 0;
  const auto end_others = [&] {
    return direct_->Read([](Transaction& tx) {
      return tx.Query(
          "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
          " WHERE datname = current_database() AND pid <> pg_backend_pid()",
          {}, [](const Row&) { return Ok(); });
    });
  };
  const Status status = database_->Write([&](Transaction& tx) -> Status {
    ++runs;
    BW_TRY_STATUS(tx.Execute("INSERT INTO t (x) VALUES (1)"));
    if (runs == 1) {
      EXPECT_TRUE(end_others().ok());
    }
    BW_TRY_STATUS(tx.Execute("INSERT INTO t (x) VALUES (2)"));
    return Ok();
  });
  EXPECT_TRUE(status.ok()) << status.error().log();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(Stored(*direct_)->size(), 2U);
}

class PostgresFaults : public ::testing::Test {
 protected:
  void SetUp() override {
    if (PostgresServer().empty()) GTEST_SKIP() << "BREAKWATER_TEST_POSTGRES is unset";
    service_ = std::make_unique<Service>();
    if (service_->address().empty()) GTEST_SKIP() << "no server could be started";
    options_ = Options(service_->address());
    options_.connect_timeout = std::chrono::seconds(2);
    options_.statement_timeout = milliseconds(1000);
    database_ = Open(options_);
    ASSERT_TRUE(CreateTable(*database_).ok());
  }

  // Inserts from several threads while `harm` is done to the server, and for a while after. What
  // was acknowledged must be there, and nothing else but what was reported as unknown.
  void InsertWhile(const std::function<void()>& harm) {
    std::atomic<bool> over{false};
    std::array<std::set<std::int64_t>, 4> acknowledged;
    std::array<std::set<std::int64_t>, 4> open;
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < acknowledged.size(); ++t) {
      threads.emplace_back([&, t] {
        for (std::int64_t i = 0; !over; ++i) {
          const std::int64_t x = static_cast<std::int64_t>(t) * 1'000'000 + i;
          const Status status = Insert(*database_, x);
          if (status.ok()) {
            acknowledged[t].insert(x);
            continue;
          }
          EXPECT_EQ(status.error().code(), ErrorCode::kUnavailable) << status.error().log();
          if (status.error().message().find("unknown") != std::string::npos) open[t].insert(x);
        }
      });
    }
    harm();
    EXPECT_TRUE(Insert(*database_, -1).ok());
    over = true;
    for (auto& thread : threads) thread.join();

    auto stored = Stored(*database_);
    ASSERT_TRUE(stored.ok()) << stored.error().log();
    EXPECT_EQ(stored->erase(-1), 1U);
    int lost = 0;
    for (std::size_t t = 0; t < acknowledged.size(); ++t) {
      EXPECT_FALSE(acknowledged[t].empty());
      for (const std::int64_t x : acknowledged[t]) lost += stored->erase(x) == 0 ? 1 : 0;
      for (const std::int64_t x : open[t]) stored->erase(x);
    }
    EXPECT_EQ(lost, 0);
    EXPECT_TRUE(stored->empty()) << *stored->begin() << " was reported as failed";
  }

  std::unique_ptr<Service> service_;
  PostgresOptions options_;
  std::unique_ptr<Database> database_;
};

TEST_F(PostgresFaults, SessionsEndedByTheServerAreReplacedUnnoticed) {
  InsertWhile([&] {
    for (int i = 0; i < 5; ++i) {
      EXPECT_FALSE(service_->Run("kick").empty());
      EXPECT_TRUE(Insert(*database_, -100 - i).ok());
    }
    EXPECT_TRUE(database_
                    ->Write([](Transaction& tx) -> Status {
                      BW_TRY_STATUS(tx.Execute("DELETE FROM t WHERE x <= -100"));
                      return Ok();
                    })
                    .ok());
  });
}

TEST_F(PostgresFaults, RestartLosesNothingThatWasAcknowledged) {
  InsertWhile([&] { service_->Run("restart"); });
}

TEST_F(PostgresFaults, CrashLosesNothingThatWasAcknowledged) {
  for (int i = 0; i < 3; ++i) {
    InsertWhile([&] {
      service_->Run("crash");
      EXPECT_FALSE(service_->Run("start").empty());
    });
    ASSERT_TRUE(database_
                    ->Write([](Transaction& tx) -> Status {
                      BW_TRY_STATUS(tx.Execute("DELETE FROM t"));
                      return Ok();
                    })
                    .ok());
  }
}

// What decides whether the server's word on a transaction that it committed is to be trusted.
TEST_F(PostgresFaults, IncarnationChangesWithACrashAndNotWithARestart) {
  const auto incarnation = [&] {
    return **database_->ReadValue([](Transaction& tx) {
      return tx.QueryOne(std::string("SELECT ") + postgres::Connection::kIncarnation, {},
                         [](const Row& row) { return row.String(0); });
    });
  };
  const std::string first = incarnation();
  EXPECT_FALSE(first.empty());
  service_->Run("restart");
  EXPECT_EQ(incarnation(), first);
  service_->Run("crash");
  service_->Run("start");
  EXPECT_NE(incarnation(), first);
}

TEST_F(PostgresFaults, ServerThatIsGoneIsUnavailableAndUsedAgainWhenItIsBack) {
  service_->Run("stop");
  for (const milliseconds waits : {options_.retry_time, milliseconds(0)}) {
    const auto before = std::chrono::steady_clock::now();
    const Status status = Insert(*database_, 1);
    const auto took = std::chrono::steady_clock::now() - before;
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(status.error().reason(), "database_unavailable");
    // The first moments of an outage are waited for. No bound above: that would test the machine.
    EXPECT_GE(took, waits - milliseconds(1500));
  }
  ASSERT_FALSE(service_->Run("start").empty());
  EXPECT_TRUE(Insert(*database_, 1).ok());
}

TEST_F(PostgresFaults, ServerThatHangsIsGivenUpAndUsedAgainWhenItGoesOn) {
  options_.retry_time = milliseconds(100);
  const auto hasty = Open(options_);
  service_->Run("hang", "on");
  const Status status = Insert(*hasty, 1);
  service_->Run("hang", "off");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kUnavailable);
  const Status again = Insert(*hasty, 2);
  EXPECT_TRUE(again.ok()) << again.error().log();
}

}  // namespace
}  // namespace breakwater::db
