#include "iam/sign_in/throttle.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "db/testing.h"

namespace breakwater::iam {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class ThrottleTest : public ::testing::Test {
 protected:
  int EntriesUntilBlocked(const std::string& subject) {
    int entries = 0;
    while (entries < 1000 && throttle.EnterName(subject).ok()) ++entries;
    return entries;
  }

  breakwater::testing::ManualClock clock;
  std::unique_ptr<db::testing::TestDatabase> database = db::testing::OpenTestDatabase();
  SignInThrottle throttle{database->database(), clock};
};

TEST_F(ThrottleTest, BlocksANameLongerWithEachFailure) {
  EXPECT_EQ(EntriesUntilBlocked("a"), 6);
  EXPECT_EQ(throttle.EnterName("a").error().reason(), "too_many_attempts");
  EXPECT_TRUE(throttle.EnterName("b").ok());
  clock.Advance(seconds(2));
  EXPECT_EQ(EntriesUntilBlocked("a"), 1);
  clock.Advance(seconds(3));
  EXPECT_EQ(EntriesUntilBlocked("a"), 0);
  clock.Advance(seconds(1));
  EXPECT_EQ(EntriesUntilBlocked("a"), 1);
}

TEST_F(ThrottleTest, NoBlockIsLongerThanItMayBe) {
  for (int i = 0; i < 40; ++i) {
    clock.Advance(minutes(15));
    EXPECT_TRUE(throttle.EnterName("a").ok()) << i;
  }
}

TEST_F(ThrottleTest, ARestartDoesNotUnblock) {
  EntriesUntilBlocked("a");
  SignInThrottle restarted(database->database(), clock);
  EXPECT_FALSE(restarted.EnterName("a").ok());
}

TEST_F(ThrottleTest, SuccessForgetsFailures) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(throttle.EnterName("a").ok());
    EXPECT_TRUE(throttle.ForgetName("a").ok());
  }
}

TEST_F(ThrottleTest, OldFailuresAreForgottenAndSwept) {
  EntriesUntilBlocked("a");
  clock.Advance(hours(25));
  ASSERT_TRUE(throttle.Sweep().ok());
  EXPECT_EQ(EntriesUntilBlocked("a"), 6);
}

TEST_F(ThrottleTest, AnAddressHasSoManyFailuresAMinute) {
  const auto entries = [&](std::string_view address) {
    int count = 0;
    while (throttle.EnterAddress(address).ok()) ++count;
    return count;
  };
  EXPECT_EQ(entries("192.0.2.1"), 30);
  EXPECT_EQ(entries("192.0.2.2"), 30);
  clock.Advance(seconds(20));
  EXPECT_EQ(entries("192.0.2.1"), 10);
  throttle.ForgetAddress("192.0.2.1");
  EXPECT_EQ(entries("192.0.2.1"), 1);
}

TEST_F(ThrottleTest, AnIpv6NetworkIsOneAddress) {
  for (int i = 0; i < 30; ++i) {
    EXPECT_TRUE(throttle.EnterAddress("2001:db8::" + std::to_string(i)).ok());
  }
  EXPECT_FALSE(throttle.EnterAddress("2001:db8::ffff").ok());
  EXPECT_TRUE(throttle.EnterAddress("2001:db8:0:1::1").ok());
}

TEST_F(ThrottleTest, MemoryOfAddressesIsBounded) {
  SignInThrottle small(database->database(), clock, {.address_burst = 2, .addresses = 3});
  for (int i = 0; i < 50; ++i) {
    clock.Advance(std::chrono::milliseconds(1));
    EXPECT_TRUE(small.EnterAddress("10.0.0." + std::to_string(i)).ok());
  }
  EXPECT_TRUE(small.EnterAddress("10.0.0.49").ok());
  EXPECT_FALSE(small.EnterAddress("10.0.0.49").ok());
}

TEST_F(ThrottleTest, UnknownNamesShareABoundedNumberOfSubjects) {
  EXPECT_EQ(SignInThrottle::UnknownSubject("abcdef"), SignInThrottle::UnknownSubject("abzzz"));
  EXPECT_NE(SignInThrottle::UnknownSubject("abcdef"), SignInThrottle::UnknownSubject("xbcdef"));
}

}  // namespace
}  // namespace breakwater::iam
