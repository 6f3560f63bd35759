#include "registry/quota_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/facts_testing.h"
#include "registry/quota_warnings.h"
#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using ::testing::Contains;
using ::testing::SizeIs;

class QuotaFactsTest : public ::testing::Test {
 protected:
  std::vector<control::Resource> List() { return reader_.List(QuotaType(), account_); }
  std::string Text(const control::Resource& resource, std::string_view property) {
    return reader_.Text(resource, property);
  }
  void Limit(std::int64_t storage) {
    ASSERT_TRUE(
        world_.services->quotas.PatchQuota(world_.Caller(), service_, {.storage = storage}).ok());
  }

  testing::World world_;
  AccountId account_{"acc"};
  control::Resource service_ =
      control::ServiceResource(account_, RegistryName(testing::kRegistry), "us-south");
  QuotaFacts facts_{world_.registries, world_.services->quotas, world_.clock};
  control::testing::SourceReader reader_{world_.database, facts_};
  control::testing::FactNews news_{*world_.jobs};
};

TEST_F(QuotaFactsTest, ARegistryWithoutALimitSaysSo) {
  ASSERT_THAT(List(), SizeIs(1));
  EXPECT_EQ(Text(List()[0], "storage_limit_bytes"), "absent");
  EXPECT_EQ(Text(List()[0], "storage_threshold"), "0");
  control::testing::ExpectCatalogued(QuotaType(), *reader_.Read(List()[0]));
}

TEST_F(QuotaFactsTest, UseIsToldAsItPassesAThreshold) {
  const auto path = world_.Repository("team/app");
  const std::string config(200, 'c');
  const std::string layer(700, 'l');
  ASSERT_TRUE(world_.PushBlob(path, config).ok());
  ASSERT_TRUE(world_.PushBlob(path, layer).ok());
  Limit(1'000);
  EXPECT_THAT(news_.Take(), Contains("quota"));
  ASSERT_TRUE(world_.PushManifest(path, testing::ImageManifest(config, {layer}), "v1").ok());
  ASSERT_TRUE(FoldAndWarn(world_.database, world_.services->quotas, *world_.jobs).ok());
  EXPECT_THAT(news_.Take(), Contains("quota"));
  EXPECT_EQ(Text(List()[0], "storage_limit_bytes"), "1000");
  EXPECT_EQ(Text(List()[0], "storage_threshold"), "80");
  Limit(10'000);
  EXPECT_EQ(Text(List()[0], "storage_threshold"), "0");
}

TEST_F(QuotaFactsTest, ANamespaceWithAQuotaOfItsOwnIsAResource) {
  world_.Repository("team/app");
  ASSERT_TRUE(world_.services->quotas
                  .PatchNamespace(world_.Caller(), account_, world_.registry(), "team",
                                  {.storage = 500, .hard = true})
                  .ok());
  EXPECT_THAT(news_.Take(), Contains("quota"));
  const auto all = List();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[1].name_space, "team");
  EXPECT_EQ(Text(all[1], "storage_limit_bytes"), "500");
  EXPECT_EQ(Text(all[1], "hard"), "true");
  EXPECT_NE(all[0].crn().ToString(), all[1].crn().ToString());
}

}  // namespace
}  // namespace breakwater::registry
