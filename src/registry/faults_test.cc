// Every database operation and every call of the blob store fails once, before and after it is
// done: what was acknowledged is there, what was not leaves no trace that a sweep does not remove,
// and no row points at nothing.
#include <gtest/gtest.h>

#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using db::testing::FaultPoint;
using testing::ImageManifest;
using testing::World;

constexpr int kMaxFaults = 1000;

// No link, tag or reference without what it points at; no file without its row once swept.
void ExpectConsistent(World& world) {
  world.database.FailOperation(0, FaultPoint::kBefore);
  world.store.FailCall(0, false);
  world.Restart();
  ASSERT_TRUE(world.services->uploads.Sweep(true).ok());
  EXPECT_EQ(world.Collect().failed, 0);
  const auto none = [&](const std::string& from) { EXPECT_EQ(world.Count(from), 0) << from; };
  none("repository_blob l WHERE NOT EXISTS (SELECT 1 FROM blob b WHERE b.digest = l.digest)");
  none("repository_blob l WHERE NOT EXISTS (SELECT 1 FROM repository r WHERE r.id = l.repository)");
  none(
      "blob b WHERE b.place = 0 AND NOT EXISTS "
      "(SELECT 1 FROM blob_content c WHERE c.digest = b.digest)");
  none("blob_content c WHERE NOT EXISTS (SELECT 1 FROM blob b WHERE b.digest = c.digest)");
  none(
      "tag t WHERE NOT EXISTS (SELECT 1 FROM manifest m "
      "WHERE m.repository = t.repository AND m.digest = t.digest)");
  none(
      "manifest_reference e WHERE e.kind <> 2 AND NOT EXISTS (SELECT 1 FROM repository_blob l "
      "WHERE l.repository = e.repository AND l.digest = e.target)");
  std::int64_t files = 0;
  ASSERT_TRUE(world.disk
                  ->List([&](const oci::Digest&, std::uint64_t) -> Status {
                    ++files;
                    return Ok();
                  })
                  .ok());
  EXPECT_EQ(files, world.Count("blob WHERE place = 1"));
  EXPECT_EQ(static_cast<std::int64_t>(world.StagedCount()), world.Count("upload"));
}

// Runs `attempt` in a fresh world for each fault of the database, then of the store.
void ForEachFault(const std::function<void(World&)>& prepare,
                  const std::function<bool(World&)>& attempt,
                  const std::function<void(World&, bool acknowledged)>& check) {
  for (const bool in_store : {false, true}) {
    for (const bool after : {false, true}) {
      bool fired = true;
      int n = 1;
      for (; fired && n < kMaxFaults; ++n) {
        World world;
        prepare(world);
        if (in_store) {
          world.store.FailCall(n, after);
        } else {
          world.database.FailOperation(n, after ? FaultPoint::kAfter : FaultPoint::kBefore);
        }
        const bool acknowledged = attempt(world);
        fired = in_store ? world.store.fired() : world.database.fired();
        EXPECT_TRUE(fired || acknowledged);
        ExpectConsistent(world);
        check(world, acknowledged);
        if (::testing::Test::HasFailure()) {
          FAIL() << (in_store ? "store" : "database") << " fault " << n
                 << (after ? " after" : " before");
        }
      }
      EXPECT_FALSE(fired);
      EXPECT_GT(n, in_store ? 1 : 2);
    }
  }
}

const std::string& Large() {
  static const std::string large(200'000, 'L');
  return large;
}

oci::Digest DigestOf(const std::string& bytes) {
  return oci::Digest::Of(AsBytes(bytes));
}

bool PushInChunks(World& world, const std::string& bytes) {
  auto path = world.services->namespaces.Resolve(world.registry(), "team-a/app");
  if (!path.ok()) return false;
  Uploads& uploads = world.services->uploads;
  const auto view = uploads.Start(*path, world.Caller().actor, {});
  if (!view.ok()) return false;
  for (std::size_t at = 0; at < bytes.size(); at += 70'000) {
    io::StringSource source(std::string_view(bytes).substr(at, 70'000));
    if (!uploads.Append(view->id, {.source = &source, .length = {}, .range = {}}).ok()) {
      return false;
    }
  }
  return uploads.Finish(view->id, {}, DigestOf(bytes)).ok();
}

void ExpectBlob(World& world, const std::string& bytes, bool acknowledged) {
  const auto path = world.services->namespaces.Resolve(world.registry(), "team-a/app");
  const std::string read = world.ReadBlob(*path, DigestOf(bytes));
  // Reported as failed after it was done: either is right, but nothing in between.
  if (acknowledged || read != "(blob_unknown)") {
    EXPECT_EQ(read, bytes);
  }
}

TEST(Faults, OfABlobPushLoseNoAcknowledgedByte) {
  for (const std::string& bytes : {std::string("small"), Large()}) {
    ForEachFault([](World& world) { world.Repository("team-a/app"); },
                 [&](World& world) { return PushInChunks(world, bytes); },
                 [&](World& world, bool acknowledged) { ExpectBlob(world, bytes, acknowledged); });
  }
}

TEST(Faults, OfAMonolithicPushLeaveNothingBehind) {
  ForEachFault([](World& world) { world.Repository("team-a/app"); },
               [](World& world) {
                 const auto path =
                     world.services->namespaces.Resolve(world.registry(), "team-a/app");
                 return path.ok() && world.PushBlob(*path, Large()).ok();
               },
               [](World& world, bool acknowledged) { ExpectBlob(world, Large(), acknowledged); });
}

bool PutManifest(World& world, const std::string& content) {
  const auto path = world.services->namespaces.Resolve(world.registry(), "team-a/app");
  return path.ok() && world.services->manifests
                          .Put(world.Caller(), *path,
                               {.content = content,
                                .content_type = "",
                                .reference = *oci::Reference::Parse("v1"),
                                .tags = {"v2"}})
                          .ok();
}

TEST(Faults, OfAManifestPushLoseNoTagAndTellOfNone) {
  const std::string old_manifest = ImageManifest("config", {});
  const std::string new_manifest = ImageManifest("config", {Large()});
  ForEachFault(
      [&](World& world) {
        const RepositoryPath path = world.Repository("team-a/app");
        BW_CHECK(world.PushBlob(path, "config").ok());
        BW_CHECK(world.PushBlob(path, Large()).ok());
        BW_CHECK(PutManifest(world, old_manifest));
        BW_CHECK(world.jobs->RunDue().ok());
        world.events.clear();
      },
      [&](World& world) { return PutManifest(world, new_manifest); },
      [&](World& world, bool acknowledged) {
        const auto path = world.services->namespaces.Resolve(world.registry(), "team-a/app");
        const Manifests& manifests = world.services->manifests;
        const auto v1 = manifests.Get(*path, *oci::Reference::Parse("v1"));
        const auto v2 = manifests.Get(*path, *oci::Reference::Parse("v2"));
        ASSERT_TRUE(v1.ok());
        ASSERT_TRUE(v2.ok());
        EXPECT_EQ((*v1)->content, (*v2)->content);
        const bool moved = (*v1)->content == new_manifest;
        EXPECT_TRUE(moved || (*v1)->content == old_manifest);
        EXPECT_TRUE(moved || !acknowledged);
        ASSERT_TRUE(world.jobs->RunDue().ok());
        EXPECT_EQ(world.events.size(), moved ? 1U : 0U);
      });
}

TEST(Faults, OfACollectionRemoveNothingThatIsHeld) {
  ForEachFault(
      [](World& world) {
        const RepositoryPath path = world.Repository("team-a/app");
        BW_CHECK(world.PushBlob(path, Large()).ok());
        BW_CHECK(world.PushBlob(path, Large() + "unheld").ok());
        BW_CHECK(world.services->blobs.Delete(path, DigestOf(Large() + "unheld")).ok());
      },
      [](World& world) {
        world.clock.Advance(std::chrono::hours{1});
        const auto progress =
            world.services->collector.Run(std::chrono::steady_clock::time_point::max());
        return progress.ok() && progress->failed == 0;
      },
      [](World& world, bool) { ExpectBlob(world, Large(), true); });
}

}  // namespace
}  // namespace breakwater::registry
