#include "iam/sign_in/throttle.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "crypto/sealing.h"
#include "db/testing.h"

namespace breakwater::iam {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class ThrottleTest : public ::testing::Test {
 protected:
  static ThrottleSubject Named(const std::string& name, std::string_view from = "192.0.2.1") {
    return SignInThrottle::User(IamId(name), from);
  }
  Status Enter(const std::string& name, std::string_view from = "192.0.2.1") {
    return throttle.EnterName(Named(name, from));
  }
  int EntriesUntilBlocked(const std::string& name, std::string_view from = "192.0.2.1") {
    int entries = 0;
    while (entries < 1000 && Enter(name, from).ok()) ++entries;
    return entries;
  }
  // From more addresses than anybody has.
  int StrangersUntilBlocked(const std::string& name) {
    int entries = 0;
    while (entries < 1000 && Enter(name, "10.0.0." + std::to_string(entries)).ok()) ++entries;
    return entries;
  }

  breakwater::testing::ManualClock clock;
  std::unique_ptr<db::testing::TestDatabase> database = db::testing::OpenTestDatabase();
  SignInThrottle throttle{database->database(), clock};
};

TEST_F(ThrottleTest, BlocksANameLongerWithEachFailure) {
  EXPECT_EQ(EntriesUntilBlocked("a"), 6);
  EXPECT_EQ(Enter("a").error().reason(), "too_many_attempts");
  EXPECT_TRUE(Enter("b").ok());
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
    EXPECT_TRUE(Enter("a").ok()) << i;
  }
}

TEST_F(ThrottleTest, ARestartDoesNotUnblock) {
  EntriesUntilBlocked("a");
  SignInThrottle restarted(database->database(), clock);
  EXPECT_FALSE(restarted.EnterName(Named("a")).ok());
}

TEST_F(ThrottleTest, SuccessForgetsFailures) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(Enter("a").ok());
    EXPECT_TRUE(throttle.ForgetName(Named("a")).ok());
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

TEST_F(ThrottleTest, StrangersBlockEachOtherAndNotWhoComesFromWhereTheyDid) {
  ASSERT_TRUE(Enter("a", "192.0.2.1").ok());
  ASSERT_TRUE(throttle.ForgetName(Named("a", "192.0.2.1")).ok());
  EXPECT_EQ(StrangersUntilBlocked("a"), 51);
  EXPECT_EQ(Enter("a", "203.0.113.5").error().reason(), "too_many_attempts");
  EXPECT_EQ(EntriesUntilBlocked("a", "192.0.2.1"), 6);
}

TEST_F(ThrottleTest, OneStrangerBlocksANameForNobodyElse) {
  for (int i = 0; i < 100; ++i) (void)Enter("a", "10.0.0.1").ok();
  EXPECT_TRUE(Enter("a", "192.0.2.1").ok());
}

TEST_F(ThrottleTest, SuccessTakesBackOnesOwnFailuresAlone) {
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(Enter("a", "10.0.0." + std::to_string(i)).ok());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Enter("a", "192.0.2.1").ok());
  ASSERT_TRUE(throttle.ForgetName(Named("a", "192.0.2.1")).ok());
  // 40 of the 50 that strangers have are used.
  EXPECT_EQ(StrangersUntilBlocked("a"), 11);
}

TEST_F(ThrottleTest, AnAddressIsKnownForAWhile) {
  ASSERT_TRUE(throttle.ForgetName(Named("a", "192.0.2.1")).ok());
  clock.Advance(hours(24 * 91));
  ASSERT_TRUE(throttle.Sweep().ok());
  EXPECT_EQ(StrangersUntilBlocked("a"), 51);
  EXPECT_FALSE(Enter("a", "192.0.2.1").ok());
}

TEST_F(ThrottleTest, AFewAddressesOfANameAreKnown) {
  for (int i = 0; i < 40; ++i) {
    clock.Advance(seconds(1));
    ASSERT_TRUE(throttle.ForgetName(Named("a", "192.0.2." + std::to_string(i))).ok());
  }
  StrangersUntilBlocked("a");
  EXPECT_FALSE(Enter("a", "192.0.2.0").ok());
  EXPECT_TRUE(Enter("a", "192.0.2.39").ok());
}

TEST_F(ThrottleTest, UnknownNamesShareABoundedNumberOfSubjects) {
  const KeyHasher hasher{crypto::NewSealingKey()};
  const auto one = SignInThrottle::Unknown(hasher, "alice", "192.0.2.1");
  EXPECT_EQ(one.everywhere.size(), std::string("unknown:").size() + 4);
  EXPECT_EQ(one.here.size(), std::string("unknown-here:").size() + 4);
  EXPECT_EQ(one.everywhere, SignInThrottle::Unknown(hasher, "alice", "192.0.2.2").everywhere);
}

}  // namespace
}  // namespace breakwater::iam
