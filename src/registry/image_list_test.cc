#include "registry/image_list.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::World;

class ImageListTest : public ::testing::Test {
 protected:
  void Push(const std::string& mark, const std::string& tag) { PushTo(path_, mark, tag); }
  void PushTo(const RepositoryPath& path, const std::string& mark, const std::string& tag) {
    const std::string config = R"({"author":")" + mark + R"("})";
    ASSERT_TRUE(world_.PushBlob(path, config).ok());
    const std::string content = testing::ImageManifest(config, {});
    const std::string reference = tag.empty() ? oci::Digest::Of(AsBytes(content)).text() : tag;
    ASSERT_TRUE(world_.PushManifest(path, content, reference).ok());
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

// How many repositories there are besides those that are asked for decides how a page is found:
// among few it looks at all digests, among many into each repository.
class DigestListTest : public ImageListTest, public ::testing::WithParamInterface<int> {
 protected:
  DigestListTest() {
    const RepositoryPath other = world_.Repository("team-b/other");
    for (int i = 0; i < 10; ++i) PushTo(other, std::to_string(i), "");
    BW_CHECK(world_.database.Write([&](db::Transaction& tx) { return AddElsewhere(tx); }).ok());
  }

 private:
  // Repositories of another registry, the first of them with images.
  static Status AddElsewhere(db::Transaction& tx) {
    for (int i = 0; i < GetParam(); ++i) {
      const std::string name = "team-a/app-" + std::to_string(i);
      BW_TRY_STATUS(
          tx.Execute("INSERT INTO repository (id, registry, name_space, name, created) "
                     "VALUES ($1, 'elsewhere', 'team-a', $2, 0)",
                     {"elsewhere-" + std::to_string(i), name}));
    }
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO manifest (repository, digest, media_type, artifact_type, content_size, "
        "created, pushed, content) SELECT 'elsewhere-0', digest, media_type, artifact_type, "
        "content_size, created, pushed, content FROM manifest"));
    return Ok();
  }
};
INSTANTIATE_TEST_SUITE_P(AmongFewAndMany, DigestListTest, ::testing::Values(1, 300));

// Digests fall where they fall: each comes once and whole, also one that more repositories hold
// than a page has images.
TEST_P(DigestListTest, HoldsEachDigestWhole) {
  std::map<std::string, std::set<std::string>> all;
  for (int i = 0; i < 40; ++i) {
    const RepositoryPath path = world_.Repository("team-a/app-" + std::to_string(i % 8));
    const std::string mark = i < 20 ? "common" : std::to_string(i);
    PushTo(path, mark, "");
    all[testing::ImageManifest(R"({"author":")" + mark + R"("})", {})].insert(path.name);
  }
  std::map<std::string, std::set<std::string>> found;
  DigestPosition position;
  for (bool more = true; more;) {
    const auto page = world_.services->images.PageByDigest(Untagged(), position, 3);
    ASSERT_TRUE(page.ok()) << page.error().message();
    std::set<std::string> here;
    for (const ListedImage& image : page->images) {
      EXPECT_GT(image.digest.text(), position.digest);
      EXPECT_LE(image.digest.text(), page->position.digest);
      here.insert(image.digest.text());
      EXPECT_TRUE(found[image.digest.text()].insert(image.repository).second);
    }
    EXPECT_LE(here.size(), 3U);
    more = page->more;
    position = page->position;
  }
  ASSERT_EQ(found.size(), all.size());
  for (const auto& [content, repositories] : all) {
    EXPECT_EQ(found[oci::Digest::Of(AsBytes(content)).text()], repositories);
  }
}

// Whoever asks for one image after the other still comes to the end of a list.
TEST_P(DigestListTest, SkipsWhereNothingIsHoweverShortItsPagesAre) {
  Push("one", "");
  int pages = 0;
  DigestPosition position;
  for (bool more = true; more && pages < 100; ++pages) {
    const auto page = world_.services->images.PageByDigest(Untagged(), position, 1);
    ASSERT_TRUE(page.ok()) << page.error().message();
    more = page->more;
    position = page->position;
  }
  EXPECT_LE(pages, 20);
}

TEST_P(DigestListTest, HoldsDigestsOfEveryAlgorithm) {
  Push("one", "");
  const std::string config = R"({"author":"two"})";
  ASSERT_TRUE(world_.PushBlob(path_, config).ok());
  const std::string content = testing::ImageManifest(config, {});
  const auto digest = oci::Digest::Of(AsBytes(content), crypto::HashAlgorithm::kSha512);
  ASSERT_TRUE(world_.PushManifest(path_, content, digest.text()).ok());
  std::vector<std::string> found;
  DigestPosition position;
  for (bool more = true; more;) {
    const auto page = world_.services->images.PageByDigest(Untagged(), position, 1);
    ASSERT_TRUE(page.ok()) << page.error().message();
    for (const ListedImage& image : page->images) found.push_back(image.digest.text());
    more = page->more;
    position = page->position;
  }
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1], digest.text());
}

}  // namespace
}  // namespace breakwater::registry
