#include "registry/quotas.h"

#include <gtest/gtest.h>

#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::World;

class QuotasTest : public ::testing::Test {
 protected:
  explicit QuotasTest(Plan plan = Plan::kStandard)
      : quotas_(plan, world_.database, world_.clock, world_.changes) {}
  AccountPlan Now() { return *quotas_.Get(account_, RegistryName(testing::kRegistry)); }
  Status Patch(const QuotaPatch& patch) {
    return quotas_.PatchQuota(world_.Caller(), resource_, patch);
  }
  Status Choose(Plan plan) { return quotas_.PatchPlan(world_.Caller(), resource_, plan); }

  World world_;
  AccountId account_{"acc"};
  control::Resource resource_ =
      control::ServiceResource(account_, RegistryName(testing::kRegistry), "us-south");
  Quotas quotas_;
};
class FreeQuotasTest : public QuotasTest {
 protected:
  FreeQuotasTest() : QuotasTest(Plan::kFree) {}
};

TEST_F(QuotasTest, StandardIsUnlimited) {
  EXPECT_EQ(Now().limits(), Limits{});
}

TEST_F(FreeQuotasTest, FreeHasItsTier) {
  EXPECT_EQ(Now().limits(), (Limits{.storage = 536'870'912, .traffic = 5'368'709'120}));
}

TEST_F(QuotasTest, PatchSetsWhatItNamesAndLeavesTheRest) {
  ASSERT_TRUE(Patch({.storage = 500 * kMegabyte, .traffic = 4900 * kMegabyte}).ok());
  EXPECT_EQ(Now().limits(), (Limits{.storage = 524'288'000, .traffic = 4900 * kMegabyte}));
  ASSERT_TRUE(Patch({.storage = kUnlimited}).ok());
  EXPECT_EQ(Now().limits(), (Limits{.storage = kUnlimited, .traffic = 4900 * kMegabyte}));
  ASSERT_TRUE(Patch({.hard = true}).ok());
  EXPECT_TRUE(Now().limits().hard);
}

TEST_F(FreeQuotasTest, FreeTakesOnlyLowerLimits) {
  ASSERT_TRUE(Patch({.storage = 100 * kMegabyte}).ok());
  for (const QuotaPatch& patch :
       {QuotaPatch{.storage = kUnlimited}, QuotaPatch{.storage = kFreeStorage + 1},
        QuotaPatch{.traffic = kUnlimited}, QuotaPatch{.traffic = kFreeTraffic + 1}}) {
    const Status refused = Patch(patch);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().reason(), "quota_above_plan");
  }
  EXPECT_EQ(Now().limits().storage, 100 * kMegabyte);
}

TEST_F(FreeQuotasTest, UpgradeLiftsTheTierAndKeepsWhatWasSet) {
  ASSERT_TRUE(Patch({.storage = 100 * kMegabyte}).ok());
  ASSERT_TRUE(Choose(Plan::kStandard).ok());
  EXPECT_EQ(Now().limits(), (Limits{.storage = 100 * kMegabyte, .traffic = kUnlimited}));
  ASSERT_TRUE(Patch({.storage = kUnlimited}).ok());
}

TEST_F(QuotasTest, ThereIsNoWayBackFromStandard) {
  const Status refused = Choose(Plan::kFree);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
  EXPECT_EQ(refused.error().reason(), "plan_one_way");
  EXPECT_TRUE(Choose(Plan::kStandard).ok());
}

TEST_F(QuotasTest, AreOfOneAccountInOneRegistry) {
  ASSERT_TRUE(Patch({.storage = 1}).ok());
  EXPECT_EQ(quotas_.Get(AccountId("other"), RegistryName(testing::kRegistry))->limits(), Limits{});
  EXPECT_EQ(quotas_.Get(account_, RegistryName("de.icr.example"))->limits(), Limits{});
}

TEST_F(QuotasTest, NonsenseIsRefused) {
  for (const std::int64_t bytes : {std::int64_t{-2}, (std::int64_t{1} << 53) + 1}) {
    const Status refused = Patch({.storage = bytes});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().reason(), "quota_invalid");
  }
}

TEST_F(QuotasTest, ChangesAreRecordedFieldByField) {
  ASSERT_TRUE(Patch({.storage = 7}).ok());
  const auto records = *world_.log.Query({});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].record.action, "container-registry.quota.set");
  ASSERT_EQ(records[0].record.changes.size(), 1U);
  EXPECT_EQ(records[0].record.changes[0].field, "storage_bytes");
}

TEST_F(QuotasTest, OfANamespaceAreItsOwnersAndGoWithIt) {
  world_.Repository("team-a/app");
  const auto get = [&](const char* account) {
    return quotas_.GetNamespace(AccountId(account), RegistryName(testing::kRegistry), "team-a");
  };
  EXPECT_EQ(*get("acc"), Limits{});
  EXPECT_EQ(get("other").error().reason(), "name_unknown");
  ASSERT_TRUE(quotas_
                  .PatchNamespace(world_.Caller(), account_, world_.registry(), "team-a",
                                  {.storage = 5, .hard = true})
                  .ok());
  EXPECT_EQ(*get("acc"), (Limits{.storage = 5, .traffic = kUnlimited, .hard = true}));
  EXPECT_FALSE(quotas_
                   .PatchNamespace(world_.Caller("other"), AccountId("other"), world_.registry(),
                                   "team-a", {.storage = 5})
                   .ok());
  ASSERT_TRUE(
      world_.services->namespaces.Delete(world_.Caller(), account_, world_.registry(), "team-a")
          .ok());
  world_.Repository("team-a/app", "other");
  EXPECT_EQ(*get("other"), Limits{});
}

}  // namespace
}  // namespace breakwater::registry
