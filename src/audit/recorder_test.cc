#include "audit/recorder.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "base/wait.h"
#include "db/testing.h"

namespace breakwater::audit {
namespace {

class ReadRecorder : public ::testing::Test {
 protected:
  RecorderOptions Options(std::string process) const {
    return {.process = std::move(process), .account = AccountId("acc")};
  }
  static Record Made(const std::string& action) {
    Record record;
    record.account = AccountId("acc");
    record.action = action;
    return record;
  }
  void Set(PullLevel level) {
    ASSERT_TRUE(database_
                    .Write([&](db::Transaction& tx) {
                      return WriteSettings(tx, {.pulls = level}, clock_.Now());
                    })
                    .ok());
  }
  std::size_t Count(const std::string& action) { return log_.Query({.action = action})->size(); }

  testing::ManualClock clock_;
  std::unique_ptr<db::testing::TestDatabase> owner_ = db::testing::OpenTestDatabase();
  db::testing::FaultyDatabase database_{owner_->database()};
  Log log_{database_, clock_};
};

TEST_F(ReadRecorder, WritesWhatWaitsInTheOrderInWhichItCame) {
  Recorder recorder(Options("one"), database_, log_, clock_);
  for (int i = 0; i < 1200; ++i) recorder.Add(Made("a" + std::to_string(i)));
  ASSERT_TRUE(recorder.Flush().ok());
  const auto found = *log_.Query({.limit = 2000});
  ASSERT_EQ(found.size(), 1200U);
  for (int i = 0; i < 1200; ++i) {
    EXPECT_EQ(found[static_cast<std::size_t>(i)].record.action, "a" + std::to_string(i));
  }
  EXPECT_EQ(recorder.counts().recorded, 1200U);
}

TEST_F(ReadRecorder, AddsWithoutWaiting) {
  Recorder recorder(Options("one"), database_, log_, clock_);
  {
    const NoWaitScope scope;
    recorder.Add(Made("a"));
    EXPECT_TRUE(recorder.Wants({.identity = "i", .digest = "d"}));
    EXPECT_FALSE(scope.refused());
  }
  ASSERT_TRUE(recorder.Flush().ok());
  EXPECT_EQ(Count("a"), 1U);
}

TEST_F(ReadRecorder, StopWritesTheRestAndLeavesNothingToReport) {
  {
    Recorder recorder(Options("one"), database_, log_, clock_);
    recorder.Start();
    recorder.Add(Made("a"));
  }
  EXPECT_EQ(Count("a"), 1U);
  clock_.Advance(std::chrono::hours{1});
  Recorder next(Options("two"), database_, log_, clock_);
  ASSERT_TRUE(next.Flush().ok());
  EXPECT_EQ(Count(std::string(Recorder::kInterruptedAction)), 0U);
}

TEST_F(ReadRecorder, AProcessThatIsGoneIsReportedOnce) {
  ASSERT_TRUE(database_
                  .Write([&](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(
                        tx.Execute("INSERT INTO audit_recorder (process, started, seen, "
                                   "recorded) VALUES ('crashed', $1, $1, 7)",
                                   {clock_.Now()}));
                    return Ok();
                  })
                  .ok());
  clock_.Advance(std::chrono::seconds{61});
  Recorder one(Options("one"), database_, log_, clock_);
  Recorder two(Options("two"), database_, log_, clock_);
  ASSERT_TRUE(one.Flush().ok());
  ASSERT_TRUE(two.Flush().ok());
  const auto found = *log_.Query({.action = std::string(Recorder::kInterruptedAction)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(json::FindText(found[0].record.request, "process"), "crashed");
  EXPECT_EQ(one.counts().interrupted + two.counts().interrupted, 1U);
}

TEST_F(ReadRecorder, WhatCannotBeWrittenWaitsAndWhatIsTooMuchIsCountedAndRecorded) {
  RecorderOptions options = Options("one");
  options.max_waiting = 3;
  Recorder recorder(options, database_, log_, clock_);
  ASSERT_TRUE(recorder.Flush().ok());
  // The second: the batch, behind the settings.
  database_.FailOperation(2, db::testing::FaultPoint::kBefore);
  for (int i = 0; i < 5; ++i) recorder.Add(Made("a"));
  EXPECT_FALSE(recorder.Flush().ok());
  EXPECT_EQ(recorder.counts().waiting, 3U);
  EXPECT_EQ(recorder.counts().lost, 2U);
  ASSERT_TRUE(recorder.Flush().ok());
  EXPECT_EQ(Count("a"), 3U);
  const auto lost = *log_.Query({.action = std::string(Recorder::kLostAction)});
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(json::Find(lost[0].record.request, "count")->as_int64(), 2);
  ASSERT_TRUE(recorder.Flush().ok());
  EXPECT_EQ(Count(std::string(Recorder::kLostAction)), 1U);
}

TEST_F(ReadRecorder, WhatTheDatabaseNeverTakesIsReportedAndHoldsUpNothingElse) {
  Recorder recorder(Options("one"), database_, log_, clock_);
  Record twice = Made("twice");
  twice.id = "00000000-0000-7000-8000-000000000001";
  recorder.Add(Made("a"));
  recorder.Add(twice);
  recorder.Add(twice);
  recorder.Add(Made("b"));
  ASSERT_TRUE(recorder.Flush().ok());
  EXPECT_EQ(Count("a"), 1U);
  EXPECT_EQ(Count("twice"), 1U);
  EXPECT_EQ(Count("b"), 1U);
  EXPECT_EQ(recorder.counts().waiting, 0U);
  EXPECT_EQ(recorder.counts().recorded, 3U);
  EXPECT_EQ(recorder.counts().lost, 1U);
  EXPECT_EQ(Count(std::string(Recorder::kLostAction)), 1U);
}

TEST_F(ReadRecorder, LevelsDecideWhichPullsAreRecorded) {
  Recorder recorder(Options("one"), database_, log_, clock_);
  const Pull by_tag{.identity = "i", .address = "a", .digest = "d", .by_tag = true};
  Pull by_digest = by_tag;
  by_digest.by_tag = false;

  Set(PullLevel::kAll);
  ASSERT_TRUE(recorder.Flush().ok());
  EXPECT_TRUE(recorder.Wants(by_digest));
  EXPECT_TRUE(recorder.Wants(by_digest));

  Set(PullLevel::kByTag);
  ASSERT_TRUE(recorder.Flush().ok());
  EXPECT_TRUE(recorder.Wants(by_tag));
  EXPECT_FALSE(recorder.Wants(by_digest));

  Set(PullLevel::kFirstOfDay);
  ASSERT_TRUE(recorder.Flush().ok());
  EXPECT_TRUE(recorder.Wants(by_tag));
  EXPECT_FALSE(recorder.Wants(by_digest));
  Pull refused = by_tag;
  refused.digest = {};
  EXPECT_TRUE(recorder.Wants(refused));
  Pull other = by_tag;
  other.address = "b";
  EXPECT_TRUE(recorder.Wants(other));
  clock_.Advance(std::chrono::hours{24});
  EXPECT_TRUE(recorder.Wants(by_digest));
}

}  // namespace
}  // namespace breakwater::audit
