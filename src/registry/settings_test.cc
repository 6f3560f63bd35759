#include "registry/settings.h"

#include <gtest/gtest.h>

#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::World;

class SettingsTest : public ::testing::Test {
 protected:
  Settings Now() { return *service().Get(account_, RegistryName(testing::kRegistry)); }
  SettingsService& service() { return world_.services->settings; }

  World world_;
  AccountId account_{"acc"};
  control::Resource resource_ =
      control::ServiceResource(account_, RegistryName(testing::kRegistry), "us-south");
};

TEST_F(SettingsTest, StartWithPoliciesOnAndTheRestOff) {
  EXPECT_EQ(Now(), (Settings{.iam_authz = true, .private_only = false, .platform_metrics = false}));
}

TEST_F(SettingsTest, PatchSetsWhatItNamesAndLeavesTheRest) {
  ASSERT_TRUE(service().PatchAuth(world_.Caller(), resource_, {.private_only = true}).ok());
  ASSERT_TRUE(service().PatchPlatformMetrics(world_.Caller(), resource_, true).ok());
  EXPECT_EQ(Now(), (Settings{.iam_authz = true, .private_only = true, .platform_metrics = true}));
  ASSERT_TRUE(service().PatchAuth(world_.Caller(), resource_, {}).ok());
  EXPECT_TRUE(Now().private_only);
}

TEST_F(SettingsTest, AreOfOneAccountInOneRegistry) {
  ASSERT_TRUE(service().PatchAuth(world_.Caller(), resource_, {.private_only = true}).ok());
  EXPECT_FALSE(service().Get(AccountId("other"), RegistryName(testing::kRegistry))->private_only);
  EXPECT_FALSE(service().Get(account_, RegistryName("de.icr.example"))->private_only);
}

TEST_F(SettingsTest, IamAuthzCannotBeTurnedOff) {
  const Status refused =
      service().PatchAuth(world_.Caller(), resource_, {.iam_authz = false, .private_only = true});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
  EXPECT_EQ(refused.error().reason(), "iam_authz_one_way");
  EXPECT_EQ(Now(), Settings{});
}

TEST_F(SettingsTest, IamAuthzCanBeTurnedOffWhereTheInstallationAllowsIt) {
  SettingsService lenient({.allow_iam_authz_off = true}, world_.database, world_.clock,
                          world_.registries, world_.changes);
  ASSERT_TRUE(lenient.PatchAuth(world_.Caller(), resource_, {.iam_authz = false}).ok());
  const auto settings = lenient.Get(account_, RegistryName(testing::kRegistry));
  ASSERT_TRUE(settings.ok());
  EXPECT_FALSE(settings->iam_authz);
  EXPECT_TRUE(lenient.PatchAuth(world_.Caller(), resource_, {.iam_authz = true}).ok());
}

TEST_F(SettingsTest, ChangeThatTheGateRefusesChangesNothing) {
  world_.gate.refuses = [](const condition::Facts& facts) {
    return *facts.Find("private_only")->value() == condition::Value(true);
  };
  const Status refused = service().PatchAuth(world_.Caller(), resource_, {.private_only = true});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "config_rule_denied");
  EXPECT_FALSE(Now().private_only);
  const auto records = *world_.log.Query({});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].record.outcome, audit::Outcome::kFailure);
}

TEST_F(SettingsTest, ChangeIsRecordedFieldByField) {
  ASSERT_TRUE(service().PatchAuth(world_.Caller(), resource_, {.private_only = true}).ok());
  const auto records = *world_.log.Query({});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].record.action, action::kAuthSet);
  ASSERT_EQ(records[0].record.changes.size(), 1U);
  EXPECT_EQ(records[0].record.changes[0].field, "private_only");
}

TEST_F(SettingsTest, FactsAreReadInsideTheTransactionThatChangesThem) {
  world_.gate.refuses = [](const condition::Facts& facts) {
    return *facts.Find("platform_metrics")->value() == condition::Value(false);
  };
  EXPECT_TRUE(service().PatchPlatformMetrics(world_.Caller(), resource_, true).ok());
  EXPECT_FALSE(service().PatchPlatformMetrics(world_.Caller(), resource_, false).ok());
}

TEST_F(SettingsTest, EveryConfiguredRegistryHasItsService) {
  const auto listed = world_.database.ReadValue(
      [&](db::Transaction& tx) { return service().List(tx, service().Types()[0], account_); });
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ((*listed)[0], resource_);
}

}  // namespace
}  // namespace breakwater::registry
