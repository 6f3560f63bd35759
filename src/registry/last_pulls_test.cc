#include "registry/last_pulls.h"

#include <gtest/gtest.h>

#include "registry/content.h"
#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::ImageManifest;
using testing::World;

class LastPullsTest : public ::testing::Test {
 protected:
  LastPullsTest() {
    EXPECT_TRUE(world_.PushBlob(path_, "config").ok());
    EXPECT_TRUE(world_.PushManifest(path_, manifest_, "v1").ok());
  }
  std::optional<Timestamp> Known() {
    const auto pulled =
        world_.database.ReadValue([&](db::Transaction& tx) -> Result<std::optional<Timestamp>> {
          BW_TRY(const auto repository, FindRepository(tx, path_.registry, path_.name));
          return LastPull(tx, *repository, digest_);
        });
    return *pulled;
  }

  World world_;
  RepositoryPath path_ = world_.Repository("team-a/app");
  const std::string manifest_ = ImageManifest("config", {});
  const oci::Digest digest_ = oci::Digest::Of(AsBytes(manifest_));
  LastPulls pulls_{world_.database, world_.clock};
};

TEST_F(LastPullsTest, AreWrittenWithTheFlush) {
  EXPECT_FALSE(Known().has_value());
  pulls_.Note(path_, digest_);
  EXPECT_FALSE(Known().has_value());
  ASSERT_TRUE(pulls_.Flush().ok());
  EXPECT_EQ(Known(), world_.clock.Now());
}

TEST_F(LastPullsTest, AreWrittenOnceAnHour) {
  const Timestamp first = world_.clock.Now();
  pulls_.Note(path_, digest_);
  ASSERT_TRUE(pulls_.Flush().ok());
  world_.clock.Advance(std::chrono::minutes{59});
  pulls_.Note(path_, digest_);
  ASSERT_TRUE(pulls_.Flush().ok());
  EXPECT_EQ(Known(), first);
  world_.clock.Advance(std::chrono::minutes{1});
  pulls_.Note(path_, digest_);
  ASSERT_TRUE(pulls_.Flush().ok());
  EXPECT_EQ(Known(), world_.clock.Now());
}

TEST_F(LastPullsTest, OfAnotherProcessAreNeverMadeOlder) {
  LastPulls other(world_.database, world_.clock);
  pulls_.Note(path_, digest_);
  world_.clock.Advance(std::chrono::minutes{5});
  other.Note(path_, digest_);
  ASSERT_TRUE(other.Flush().ok());
  ASSERT_TRUE(pulls_.Flush().ok());
  EXPECT_EQ(Known(), world_.clock.Now());
}

TEST_F(LastPullsTest, ThatCouldNotBeWrittenAreKept) {
  pulls_.Note(path_, digest_);
  world_.database.FailOperation(1, db::testing::FaultPoint::kBefore);
  EXPECT_FALSE(pulls_.Flush().ok());
  ASSERT_TRUE(pulls_.Flush().ok());
  EXPECT_TRUE(Known().has_value());
}

TEST_F(LastPullsTest, GoWithTheManifest) {
  pulls_.Note(path_, digest_);
  ASSERT_TRUE(pulls_.Flush().ok());
  ASSERT_TRUE(world_.services->manifests
                  .Delete(world_.Caller(), path_, *oci::Reference::Parse(digest_.text()))
                  .ok());
  EXPECT_EQ(world_.Count("manifest_pull"), 0);
  world_.clock.Advance(LastPulls::kPrecision);
  pulls_.Note(path_, digest_);
  ASSERT_TRUE(pulls_.Flush().ok());
  EXPECT_EQ(world_.Count("manifest_pull"), 0);
}

}  // namespace
}  // namespace breakwater::registry
