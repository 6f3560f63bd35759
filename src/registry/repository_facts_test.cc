#include "registry/repository_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/facts_testing.h"
#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class RepositoryFactsTest : public ::testing::Test {
 protected:
  std::vector<control::Resource> List(const char* account = "acc") {
    return reader_.List(RepositoryType(), AccountId(account));
  }
  std::string Text(std::string_view property) { return reader_.Text(List().front(), property); }
  oci::Digest Push(const std::string& config, const std::string& tag) {
    EXPECT_TRUE(world_.PushBlob(path_, config).ok());
    const auto pushed =
        world_.services->manifests.Put(world_.Caller(), path_,
                                       {.content = testing::ImageManifest(config, {}),
                                        .content_type = "",
                                        .reference = *oci::Reference::Parse(tag),
                                        .tags = {}});
    EXPECT_TRUE(pushed.ok());
    return pushed->digest;
  }

  testing::World world_;
  RepositoryFacts facts_{world_.registries, world_.clock};
  control::testing::SourceReader reader_{world_.database, facts_};
  RepositoryPath path_ = world_.Repository("team/app");
};

TEST_F(RepositoryFactsTest, OnlyWhatHoldsSomethingIsThere) {
  ASSERT_TRUE(world_.PushBlob(path_, "blob").ok());
  EXPECT_THAT(List(), IsEmpty());
  Push("one", "1");
  ASSERT_THAT(List(), SizeIs(1));
  EXPECT_EQ(List().front().name, "team/app");
  EXPECT_THAT(List("another"), IsEmpty());
  control::testing::ExpectCatalogued(RepositoryType(), *reader_.Read(List().front()));
}

TEST_F(RepositoryFactsTest, TagsManifestsAndTheirDatesAreTold) {
  ASSERT_TRUE(world_.services->tag_immutability
                  .Set(world_.Caller(), AccountId("acc"), world_.registry(), "team",
                       {.immutable = {"release-*"}, .except = {}})
                  .ok());
  Push("one", "latest");
  const oci::Digest last = Push("two", "latest");
  Push("two", "release-1");
  EXPECT_EQ(Text("tags"), "2");
  EXPECT_EQ(Text("immutable_tags"), "1");
  EXPECT_EQ(Text("manifests"), "2");
  EXPECT_EQ(Text("untagged_manifests"), "1");
  EXPECT_NE(Text("last_push"), "absent");
  EXPECT_EQ(Text("last_pull"), "absent");
  world_.services->last_pulls.Note(path_, last);
  ASSERT_TRUE(world_.services->last_pulls.Flush().ok());
  EXPECT_NE(Text("last_pull"), "absent");
}

}  // namespace
}  // namespace breakwater::registry
