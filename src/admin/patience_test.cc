#include "admin/patience.h"

#include <vector>

#include <gtest/gtest.h>

namespace breakwater::admin {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Pauses take no time but by their own clock.
class PatienceTest : public ::testing::Test {
 protected:
  PatienceTest() {
    patience_.now = [this] { return now_; };
    patience_.pause = [this](milliseconds time) {
      now_ += time;
      pauses_.push_back(time);
    };
  }
  static Error Busy() { return Unavailable("busy"); }
  static Error Later(const std::string& when) {
    return Unavailable("busy").Detail("retry_after", when);
  }

  Patience patience_;
  PatientClock::time_point now_{};
  std::vector<milliseconds> pauses_;
};

TEST_F(PatienceTest, PausesGrowToTheLongestAndEnd) {
  patience_.first = milliseconds(500);
  patience_.longest = seconds(3);
  patience_.attempts = 6;
  int made = 0;
  const Status status = Patiently(patience_, [&]() -> Status {
    ++made;
    return Busy();
  });
  EXPECT_EQ(status.error().message(), "busy");
  EXPECT_EQ(made, 6);
  EXPECT_EQ(pauses_, (std::vector<milliseconds>{milliseconds(500), seconds(1), seconds(2),
                                                seconds(3), seconds(3)}));
}

TEST_F(PatienceTest, WhatWorksAgainIsReturned) {
  int made = 0;
  const auto value = Patiently(patience_, [&]() -> Result<int> {
    if (++made < 3) return Busy();
    return made;
  });
  EXPECT_EQ(*value, 3);
}

TEST_F(PatienceTest, WhatDoesNotPassIsNotWaitedFor) {
  const std::vector<Error> errors = {Unavailable("x"),
                                     DeadlineExceeded("x"),
                                     Error(ErrorCode::kRateLimited, "x"),
                                     Conflict("x").Reason("backup_running"),
                                     Unavailable("x").Reason("tls_failed"),
                                     Conflict("x"),
                                     Invalid("x"),
                                     Denied("x"),
                                     Unauthenticated("x"),
                                     NotFound("x"),
                                     DataCorrupt("x"),
                                     Internal("x")};
  for (std::size_t i = 0; i < errors.size(); ++i) {
    Attempts attempts(patience_);
    EXPECT_EQ(attempts.Again(errors[i]), i < 4) << i;
  }
}

TEST_F(PatienceTest, TheServerMayAskForALongerPauseButNotForAnyLength) {
  for (const auto& [asked, got] : std::vector<std::pair<std::string, milliseconds>>{
           {"7", seconds(7)},
           {"0", milliseconds(500)},
           {"-5", milliseconds(500)},
           {"999999999999", seconds(30)},
           {"Mon, 30 Nov 2026 17:33:14 GMT", milliseconds(500)}}) {
    pauses_.clear();
    Attempts attempts(patience_);
    EXPECT_TRUE(attempts.Again(Later(asked)));
    EXPECT_EQ(pauses_, std::vector{got}) << asked;
  }
}

TEST_F(PatienceTest, EndsWithItsTimeToo) {
  patience_.most = seconds(100);
  int made = 0;
  const Status status = Patiently(patience_, [&]() -> Status {
    ++made;
    now_ += seconds(60);  // until it is known to have failed
    return Busy();
  });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(made, 3);
}

TEST_F(PatienceTest, BeginsAnewAfterProgress) {
  patience_.attempts = 2;
  Attempts attempts(patience_);
  EXPECT_TRUE(attempts.Again(Busy()));
  attempts.Progress();
  EXPECT_TRUE(attempts.Again(Busy()));
  EXPECT_FALSE(attempts.Again(Busy()));
}

TEST_F(PatienceTest, TellsWhyItWaits) {
  std::string told;
  patience_.told = [&](const Error& why, milliseconds pause) {
    told += why.message() + " " + std::to_string(pause.count());
  };
  Attempts attempts(patience_);
  EXPECT_TRUE(attempts.Again(Busy()));
  EXPECT_FALSE(attempts.Again(Denied("no")));
  EXPECT_EQ(told, "busy 500");
}

}  // namespace
}  // namespace breakwater::admin
