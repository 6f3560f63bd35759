#include "iam/alerts.h"

#include <gtest/gtest.h>

#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using std::chrono::hours;
using testing::World;

class AlertsTest : public ::testing::Test {
 protected:
  AlertsTest() {
    world.jobs->Register("test.alert", {}, [this](const jobs::Job& job) -> Status {
      BW_TRY(auto alert, IdentityAlertFrom(job.payload));
      alerts.push_back(std::move(alert));
      return Ok();
    });
    world.jobs->Subscribe(std::string(kIdentityAlert), "test.alert");
  }
  MadeApiKey Key(std::chrono::days life) {
    return *world.api_keys.Create(world.administrator, world.account,
                                  world.administrator.actor.iam_id,
                                  {.name = "k", .expires = world.clock.Now() + life});
  }
  // What is told of since the last time.
  std::vector<std::string> Told() {
    alerts.clear();
    EXPECT_TRUE(world.api_keys.WarnOfEnds(*world.jobs).ok());
    EXPECT_TRUE(world.jobs->RunDue().ok());
    std::vector<std::string> severities;
    for (const IdentityAlert& alert : alerts) severities.push_back(alert.severity);
    return severities;
  }

  World world;
  std::vector<IdentityAlert> alerts;
};

using Severities = std::vector<std::string>;

TEST_F(AlertsTest, AKeysEndIsToldThreeTimes) {
  const MadeApiKey key = Key(std::chrono::days(100));
  EXPECT_EQ(Told(), Severities{});
  world.clock.Advance(hours(24 * 71));
  EXPECT_EQ(Told(), Severities{"low"});
  EXPECT_EQ(json::FindText(alerts.front().payload, "apikey_id"), key.key.id);
  EXPECT_EQ(Told(), Severities{});
  world.clock.Advance(hours(24 * 23));
  EXPECT_EQ(Told(), Severities{"medium"});
  world.clock.Advance(hours(24 * 5 + 12));
  EXPECT_EQ(Told(), Severities{"high"});
  EXPECT_EQ(Told(), Severities{});
  world.clock.Advance(hours(24 * 2));
  EXPECT_EQ(Told(), Severities{});
}

TEST_F(AlertsTest, NoAlertIsForAKeyThatWasMadeForLess) {
  Key(std::chrono::days(5));
  EXPECT_EQ(Told(), Severities{});
  world.clock.Advance(hours(24 * 4 + 12));
  EXPECT_EQ(Told(), Severities{"high"});
}

TEST_F(AlertsTest, AKeyThatWasProlongedIsToldOfAgain) {
  const MadeApiKey key = Key(std::chrono::days(100));
  world.clock.Advance(hours(24 * 99 + 12));
  EXPECT_EQ(Told(), Severities{"high"});
  ASSERT_TRUE(world.api_keys
                  .Update(world.administrator, world.account, key.key.id, "*",
                          {.expires = world.clock.Now() + std::chrono::days(20)})
                  .ok());
  EXPECT_EQ(Told(), Severities{"low"});
}

TEST_F(AlertsTest, UseOfTheBreakGlassIdentityIsTold) {
  const Secret key("a password in a safe");
  SignIn sign_in(world.sign_in_deps,
                 {.name = "break-glass", .password_hash = Secret(*world.password_hasher.Hash(key))},
                 {});
  ASSERT_TRUE(sign_in.WithPassword({}, {"break-glass", key}).ok());
  ASSERT_TRUE(world.jobs->RunDue().ok());
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts.front().type, "break_glass_used");
  EXPECT_EQ(alerts.front().severity, "critical");
}

}  // namespace
}  // namespace breakwater::iam
