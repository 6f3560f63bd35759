#include "registry/image_list.h"

#include <gtest/gtest.h>

#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::World;

class ImageListTest : public ::testing::Test {
 protected:
  void Push(const std::string& mark, const std::string& tag) {
    const std::string config = R"({"author":")" + mark + R"("})";
    ASSERT_TRUE(world_.PushBlob(path_, config).ok());
    const std::string content = testing::ImageManifest(config, {});
    const std::string reference = tag.empty() ? oci::Digest::Of(AsBytes(content)).text() : tag;
    ASSERT_TRUE(world_.services->manifests
                    .Put(world_.Caller(), path_,
                         {.content = content,
                          .content_type = "",
                          .reference = *oci::Reference::Parse(reference),
                          .tags = {}})
                    .ok());
  }
  ImageScope Untagged() const {
    return {
        .registry = path_.registry, .namespaces = {"team-a"}, .repositories = {}, .tagged = false};
  }

  World world_;
  RepositoryPath path_ = world_.Repository("team-a/app");
};

// However far what is asked for lies behind, a page ends: its reader has something to send, and the
// transaction does not stay open.
TEST_F(ImageListTest, APageLooksAtNoMoreRowsWhereNoneIsAskedFor) {
  for (int i = 0; i < 30; ++i) Push(std::to_string(i), "v" + std::to_string(i));
  ImagePosition position;
  for (int page = 0; page < 3; ++page) {
    const auto found = world_.services->images.Page(Untagged(), position, 10);
    ASSERT_TRUE(found.ok());
    EXPECT_TRUE(found->images.empty());
    EXPECT_TRUE(found->more);
    EXPECT_GT(found->position.digest, position.digest);
    position = found->position;
  }
  EXPECT_FALSE(world_.services->images.Page(Untagged(), position, 10)->more);
}

TEST_F(ImageListTest, PagesHoldWhatIsInScopeAndNothingElse) {
  for (int i = 0; i < 20; ++i) {
    Push(std::to_string(i), i % 3 == 0 ? "" : "v" + std::to_string(i));
  }
  std::size_t untagged = 0;
  ImagePosition position;
  for (bool more = true; more;) {
    const auto found = world_.services->images.Page(Untagged(), position, 4);
    ASSERT_TRUE(found.ok());
    for (const ListedImage& image : found->images) {
      EXPECT_TRUE(image.tags.empty());
      ++untagged;
    }
    more = found->more;
    position = found->position;
  }
  EXPECT_EQ(untagged, 7U);
}

}  // namespace
}  // namespace breakwater::registry
