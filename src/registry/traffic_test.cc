#include "registry/traffic.h"

#include <gtest/gtest.h>

#include "registry/quota_warnings.h"
#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::World;

class TrafficTest : public ::testing::Test {
 protected:
  Traffic& traffic() { return world_.services->traffic; }
  std::int64_t Written(const BookKey& key, const char* month = nullptr) {
    const auto bytes = world_.database.ReadValue([&](db::Transaction& tx) {
      return tx.QueryOne(
          "SELECT bytes FROM pull_traffic WHERE account = $1 AND registry = $2 AND "
          "name_space = $3 AND month = $4",
          {key.account, key.registry, key.name_space,
           month == nullptr ? ToString(MonthOf(world_.clock.Now())) : month},
          [](const db::Row& row) { return row.Int(0); });
    });
    return bytes->value_or(0);
  }
  void Limit(std::int64_t bytes) {
    ASSERT_TRUE(
        world_.services->quotas
            .PatchQuota(world_.Caller(),
                        control::ServiceResource(account_.account, account_.registry, "us-south"),
                        {.traffic = bytes})
            .ok());
  }

  World world_;
  BookKey account_{
      .account = AccountId("acc"), .registry = RegistryName(testing::kRegistry), .name_space = {}};
  BookKey a_{account_.account, account_.registry, "team-a"};
  BookKey b_{account_.account, account_.registry, "team-b"};
};

TEST_F(TrafficTest, IsKnownAtOnceAndWrittenWithTheFlush) {
  traffic().Count(a_, 10);
  traffic().Count(b_, 5);
  EXPECT_EQ(traffic().Get(account_)->used, 15);
  EXPECT_EQ(traffic().Get(a_)->used, 10);
  EXPECT_EQ(Written(account_), 0);
  EXPECT_EQ(traffic().pending(), 15U);
  ASSERT_TRUE(traffic().Flush().ok());
  EXPECT_EQ(Written(account_), 15);
  EXPECT_EQ(Written(b_), 5);
  EXPECT_EQ(traffic().pending(), 0U);
  EXPECT_EQ(traffic().Get(account_)->used, 15);
  ASSERT_TRUE(traffic().Flush().ok());
  EXPECT_EQ(Written(account_), 15);
}

TEST_F(TrafficTest, OfSeveralProcessesAddsUp) {
  Traffic other(world_.database, world_.clock, world_.services->quotas, *world_.jobs);
  EXPECT_EQ(other.Get(account_)->used, 0);
  traffic().Count(a_, 10);
  other.Count(a_, 7);
  ASSERT_TRUE(traffic().Flush().ok());
  EXPECT_EQ(other.Get(account_)->used, 7);  // not asked anew within a second
  ASSERT_TRUE(other.Flush().ok());
  world_.clock.Advance(std::chrono::seconds{1});
  EXPECT_EQ(other.Get(account_)->used, 17);
  EXPECT_EQ(traffic().Get(account_)->used, 17);
  EXPECT_EQ(Written(account_), 17);
}

TEST_F(TrafficTest, ThatCouldNotBeWrittenIsKept) {
  traffic().Count(a_, 10);
  world_.database.FailOperation(1, db::testing::FaultPoint::kBefore);
  EXPECT_FALSE(traffic().Flush().ok());
  EXPECT_EQ(traffic().failed_flushes(), 1U);
  traffic().Count(a_, 1);
  ASSERT_TRUE(traffic().Flush().ok());
  EXPECT_EQ(Written(account_), 11);
}

TEST_F(TrafficTest, BeginsAnewWithTheMonth) {
  const std::string before = ToString(MonthOf(world_.clock.Now()));
  traffic().Count(a_, 10);
  EXPECT_EQ(traffic().Get(a_)->used, 10);
  world_.clock.Advance(EndOf(MonthOf(world_.clock.Now())) - world_.clock.Now());
  EXPECT_EQ(traffic().Get(a_)->used, 0);
  traffic().Count(a_, 3);
  ASSERT_TRUE(traffic().Flush().ok());
  EXPECT_EQ(Written(a_, before.c_str()), 10);
  EXPECT_EQ(Written(a_), 3);
  EXPECT_EQ(traffic().pending(), 0U);
}

TEST_F(TrafficTest, RemembersWhenTheLimitWasReachedUntilItIsRaised) {
  Limit(10);
  traffic().Count(a_, 9);
  EXPECT_FALSE(traffic().Get(account_)->reached.has_value());
  traffic().Count(a_, 1);
  const Timestamp then = world_.clock.Now();
  EXPECT_EQ(traffic().Get(account_)->reached, then);
  ASSERT_TRUE(traffic().Flush().ok());
  world_.clock.Advance(std::chrono::minutes{5});
  Traffic other(world_.database, world_.clock, world_.services->quotas, *world_.jobs);
  EXPECT_EQ(other.Get(account_)->reached, then);
  Limit(20);
  EXPECT_FALSE(traffic().Get(account_)->reached.has_value());
  traffic().Count(a_, 10);
  EXPECT_EQ(traffic().Get(account_)->reached, world_.clock.Now());
}

TEST_F(TrafficTest, WarnsOnceForEachThreshold) {
  std::vector<std::string> warnings;
  world_.jobs->Register("witness.quota", {}, [&](const jobs::Job& job) {
    warnings.push_back(std::string(json::FindText(job.payload, "quota")) + " " +
                       json::Serialize(*json::Find(job.payload, "percent")));
    return Ok();
  });
  world_.jobs->Subscribe(std::string(event::kQuotaWarning), "witness.quota");
  Limit(100);
  Traffic other(world_.database, world_.clock, world_.services->quotas, *world_.jobs);
  for (const std::uint64_t bytes : {79U, 1U, 14U, 1U, 5U, 5U}) {
    traffic().Count(a_, bytes);
    ASSERT_TRUE(traffic().Flush().ok());
    ASSERT_TRUE(other.Flush().ok());
  }
  ASSERT_TRUE(world_.jobs->RunDue().ok());
  EXPECT_EQ(warnings, (std::vector<std::string>{"traffic 80", "traffic 95", "traffic 100"}));
}

TEST(Month, IsTheCalendarsInUtc) {
  const Timestamp last = *ParseRfc3339("2026-12-31T23:59:59.999999Z");
  EXPECT_EQ(ToString(MonthOf(last)), "2026-12");
  EXPECT_EQ(FormatRfc3339(EndOf(MonthOf(last))), "2027-01-01T00:00:00Z");
  EXPECT_EQ(ToString(MonthOf(last + std::chrono::microseconds{1})), "2027-01");
}

}  // namespace
}  // namespace breakwater::registry
