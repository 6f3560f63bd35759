#include "registry/collector.h"

#include <gtest/gtest.h>

#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::Bytes;
using testing::ImageManifest;
using testing::World;

constexpr std::size_t kLarge = 200'000;

oci::Digest DigestOf(const std::string& bytes) {
  return oci::Digest::Of(AsBytes(bytes));
}

std::string ReasonOf(const auto& result) {
  return result.ok() ? "ok" : result.error().reason();
}

class CollectorTest : public ::testing::Test {
 protected:
  Status Put(const RepositoryPath& path, const std::string& content, const std::string& tag) {
    const auto put = world_.services->manifests.Put(
        world_.Caller(), path,
        {.content = content,
         .content_type = "",
         .reference = *oci::Reference::Parse(tag.empty() ? DigestOf(content).text() : tag),
         .tags = {}});
    return put.ok() ? Ok() : Status(put.error());
  }
  Status DeleteManifest(const std::string& reference) {
    return world_.services->manifests.Delete(world_.Caller(), path_,
                                             *oci::Reference::Parse(reference));
  }
  void PushImage(const std::string& tag, const std::string& layer) {
    ASSERT_TRUE(world_.PushBlob(path_, "config").ok());
    ASSERT_TRUE(world_.PushBlob(path_, layer).ok());
    ASSERT_TRUE(Put(path_, ImageManifest("config", {layer}), tag).ok());
  }
  std::string Head(const std::string& bytes) {
    return ReasonOf(world_.services->blobs.Head(path_, DigestOf(bytes)));
  }
  Collection CollectFor(const char* account, bool dry_run) {
    auto collected = world_.services->collector.CollectFor(AccountId(account), dry_run);
    EXPECT_TRUE(collected.ok());
    return *std::move(collected);
  }

  World world_;
  RepositoryPath path_ = world_.Repository("team-a/app");
};

TEST_F(CollectorTest, RemovesWhatNoManifestHasNamedWhenItsLeaseHasRunOut) {
  const std::string layer = Bytes(kLarge);
  ASSERT_TRUE(world_.PushBlob(path_, layer).ok());
  ASSERT_TRUE(world_.PushBlob(path_, "small").ok());
  world_.clock.Advance(std::chrono::hours{22});
  EXPECT_EQ(world_.Collect().links, 0);
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf(layer)), layer);
  const auto progress = world_.Collect();
  EXPECT_EQ(progress.links, 2);
  EXPECT_EQ(progress.blobs, 2);
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf(layer)), "(blob_unknown)");
  EXPECT_FALSE(world_.disk->Open(DigestOf(layer)).ok());
  EXPECT_EQ(world_.Count("blob_content"), 0);
}

TEST_F(CollectorTest, KeepsWhatAnyManifestNamesTaggedOrNot) {
  PushImage("v1", Bytes(kLarge, 'a'));
  PushImage("", Bytes(kLarge, 'b'));
  world_.clock.Advance(std::chrono::hours{1000});
  EXPECT_EQ(world_.Collect().links, 0);
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf(Bytes(kLarge, 'a'))), Bytes(kLarge, 'a'));
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf(Bytes(kLarge, 'b'))), Bytes(kLarge, 'b'));
}

TEST_F(CollectorTest, LeasesTheBlobsOfADeletedManifestFromThenOn) {
  const std::string layer = Bytes(kLarge);
  PushImage("v1", layer);
  world_.clock.Advance(std::chrono::hours{1000});
  ASSERT_TRUE(DeleteManifest(DigestOf(ImageManifest("config", {layer})).text()).ok());
  // A push that was told that the layer is there comes late.
  world_.clock.Advance(std::chrono::hours{22});
  EXPECT_EQ(world_.Collect().links, 0);
  EXPECT_EQ(ReasonOf(Put(path_, ImageManifest("config", {layer}), "v2")), "ok");
  world_.clock.Advance(std::chrono::hours{1000});
  EXPECT_EQ(world_.Collect().links, 0);
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf(layer)), layer);
}

TEST_F(CollectorTest, TellsAPushOfNoBlobThatItMightNotKeepForAnHour) {
  ASSERT_TRUE(world_.PushBlob(path_, "small").ok());
  world_.clock.Advance(std::chrono::hours{23});
  EXPECT_EQ(Head("small"), "ok");
  world_.clock.Advance(std::chrono::seconds{1});
  EXPECT_EQ(Head("small"), "blob_unknown");
  // Pushed again it is leased again.
  ASSERT_TRUE(world_.PushBlob(path_, "small").ok());
  EXPECT_EQ(Head("small"), "ok");
  world_.clock.Advance(std::chrono::hours{2});
  EXPECT_EQ(world_.Collect().links, 0);
}

TEST_F(CollectorTest, TellsOfABlobThatAManifestNamesWhateverItsLease) {
  PushImage("v1", Bytes(kLarge));
  world_.clock.Advance(std::chrono::hours{1000});
  EXPECT_EQ(Head(Bytes(kLarge)), "ok");
  EXPECT_EQ(Head("config"), "ok");
}

TEST_F(CollectorTest, MakesAManifestThatComesTooLateSayWhatIsMissing) {
  ASSERT_TRUE(world_.PushBlob(path_, "config").ok());
  world_.clock.Advance(std::chrono::hours{25});
  world_.Collect();
  EXPECT_EQ(ReasonOf(Put(path_, ImageManifest("config", {}), "v1")), "manifest_blob_unknown");
  ASSERT_TRUE(world_.PushBlob(path_, "config").ok());
  EXPECT_EQ(ReasonOf(Put(path_, ImageManifest("config", {}), "v1")), "ok");
}

TEST_F(CollectorTest, LeasesWhatIsMounted) {
  const RepositoryPath other = world_.Repository("team-b/app");
  const std::string layer = Bytes(kLarge);
  ASSERT_TRUE(world_.PushBlob(path_, layer).ok());
  world_.clock.Advance(std::chrono::hours{23});
  ASSERT_TRUE(*world_.services->blobs.Mount(other, DigestOf(layer), path_.name));
  world_.clock.Advance(std::chrono::hours{2});
  EXPECT_EQ(world_.Collect().links, 1);
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf(layer)), "(blob_unknown)");
  EXPECT_EQ(world_.ReadBlob(other, DigestOf(layer)), layer);
}

TEST_F(CollectorTest, WaitsBetweenTwoRuns) {
  EXPECT_TRUE(world_.Collect().idle);
  const auto now = std::chrono::steady_clock::time_point::max();
  ASSERT_TRUE(world_.PushBlob(path_, "small").ok());
  ASSERT_TRUE(world_.services->blobs.Delete(path_, DigestOf("small")).ok());
  world_.clock.Advance(std::chrono::minutes{59});
  EXPECT_EQ(world_.services->collector.Run(now)->blobs, 0);
  world_.clock.Advance(std::chrono::minutes{1});
  EXPECT_EQ(world_.services->collector.Run(now)->blobs, 1);
}

// Every step in a process of its own, as if each one before had been killed.
TEST_F(CollectorTest, GoesOnWhereTheLastStepEnded) {
  for (char seed = 'a'; seed < 'k'; ++seed) {
    ASSERT_TRUE(world_.PushBlob(path_, Bytes(50, seed)).ok());
  }
  world_.clock.Advance(std::chrono::hours{25});
  std::int64_t steps = 0;
  std::int64_t links = 0;
  std::int64_t blobs = 0;
  for (bool idle = false; !idle; ++steps) {
    Collector fresh({.batch = 3}, {world_.database, world_.store, *world_.services->locks},
                    world_.clock);
    const auto progress = fresh.Step();
    ASSERT_TRUE(progress.ok());
    EXPECT_LE(progress->links, 3);
    EXPECT_LE(progress->blobs, 3);
    links += progress->links;
    blobs += progress->blobs;
    idle = progress->idle;
  }
  EXPECT_EQ(links, 10);
  EXPECT_EQ(blobs, 10);
  EXPECT_GT(steps, 8);
}

TEST_F(CollectorTest, LooksThroughTheStoreABatchAtATime) {
  for (char seed = 'a'; seed < 'h'; ++seed) {
    auto staged = world_.disk->Stage();
    ASSERT_TRUE(staged.ok());
    ASSERT_TRUE((*staged)->Append(AsBytes(Bytes(50, seed))).ok());
    const blob::CommitItem item{staged->get(), DigestOf(Bytes(50, seed))};
    ASSERT_TRUE(world_.disk->Commit({&item, 1})[0].ok());
  }
  Collector collector({.batch = 3}, {world_.database, world_.store, *world_.services->locks},
                      world_.clock);
  world_.clock.Advance(std::chrono::hours{25});
  std::int64_t orphans = 0;
  for (bool idle = false; !idle;) {
    const auto progress = collector.Step();
    ASSERT_TRUE(progress.ok());
    EXPECT_LE(progress->orphans, 3);
    orphans += progress->orphans;
    idle = progress->idle;
  }
  EXPECT_EQ(orphans, 7);
}

TEST_F(CollectorTest, GoesOnAfterABlobThatCannotBeRemoved) {
  for (char seed = 'a'; seed < 'd'; ++seed) {
    ASSERT_TRUE(world_.PushBlob(path_, Bytes(kLarge, seed)).ok());
  }
  world_.clock.Advance(std::chrono::hours{25});
  world_.store.FailCall(2, false);
  const auto progress = world_.Collect();
  // Its row is gone, and its bytes are found as such by the same run.
  EXPECT_EQ(progress.failed, 1);
  EXPECT_EQ(progress.blobs, 2);
  EXPECT_EQ(progress.orphans, 1);
  EXPECT_FALSE(world_.disk->Open(DigestOf(Bytes(kLarge, 'b'))).ok());
}

TEST_F(CollectorTest, TakesBytesThatAreGoneAlreadyForRemoved) {
  ASSERT_TRUE(world_.PushBlob(path_, Bytes(kLarge)).ok());
  ASSERT_TRUE(world_.disk->Remove(DigestOf(Bytes(kLarge))).ok());
  world_.clock.Advance(std::chrono::hours{25});
  const auto progress = world_.Collect();
  EXPECT_EQ(progress.blobs, 1);
  EXPECT_EQ(progress.failed, 0);
}

TEST_F(CollectorTest, ReportsToAnAccountWhatGoesAndWhatIsOnlyHeldByALease) {
  const RepositoryPath foreign = world_.Repository("team-x/app", "other");
  const std::string shared = Bytes(kLarge, 's');
  ASSERT_TRUE(world_.PushBlob(path_, shared).ok());
  ASSERT_TRUE(world_.PushBlob(foreign, shared).ok());
  ASSERT_TRUE(world_.PushBlob(path_, "mine").ok());
  world_.clock.Advance(std::chrono::hours{25});
  ASSERT_TRUE(world_.PushBlob(path_, "fresh").ok());
  PushImage("v1", "layer");

  for (const bool dry_run : {true, false}) {
    const Collection collection = CollectFor("acc", dry_run);
    ASSERT_EQ(collection.removed.size(), 2U);
    ASSERT_EQ(collection.held.size(), 1U);
    EXPECT_EQ(collection.held[0].digest, DigestOf("fresh"));
    EXPECT_EQ(collection.held[0].repository, "team-a/app");
    EXPECT_EQ(collection.held[0].leased_until, world_.clock.Now() + kBlobLease);
    // The other account's link holds the bytes, and nobody is told of it.
    EXPECT_EQ(collection.freed_blobs, 2);
    EXPECT_EQ(collection.freed_bytes, kLarge + 4U);
    EXPECT_FALSE(collection.more);
  }
  EXPECT_TRUE(CollectFor("acc", true).removed.empty());
  EXPECT_EQ(world_.ReadBlob(foreign, DigestOf(shared)), shared);
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf(shared)), "(blob_unknown)");
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf("layer")), "layer");
}

}  // namespace
}  // namespace breakwater::registry
