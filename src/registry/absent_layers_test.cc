#include "registry/absent_layers.h"

#include <thread>

#include <gtest/gtest.h>

#include "registry/accounting.h"
#include "registry/content.h"
#include "registry/pausing_database.h"
#include "registry/stored_bytes.h"
#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::Bytes;
using testing::ImageManifest;
using testing::PausingDatabase;
using testing::World;

oci::Digest DigestOf(const std::string& text) {
  return oci::Digest::Of(AsBytes(text));
}

oci::Reference Ref(const std::string& text) {
  return *oci::Reference::Parse(text);
}

class AbsentLayersTest : public ::testing::Test {
 protected:
  AbsentLayersTest() {
    world_.accept_absent_layers = true;
    world_.Restart();
    EXPECT_TRUE(world_.PushBlob(path_, "config").ok());
    EXPECT_TRUE(world_.PushBlob(path_, "layer").ok());
  }
  Manifests& manifests() { return world_.services->manifests; }
  Result<PushedManifest> Put(const RepositoryPath& path, const std::string& content,
                             const std::string& reference = "v1") {
    return manifests().Put(
        world_.Caller(), path,
        {.content = content, .content_type = "", .reference = Ref(reference), .tags = {}});
  }
  void PutSparse(const std::string& content, std::size_t absent,
                 const std::string& reference = "v1") {
    const auto put = Put(path_, content, reference);
    ASSERT_TRUE(put.ok()) << put.error().message();
    EXPECT_EQ(put->absent_layers, absent);
  }
  void Delete(const std::string& content) {
    ASSERT_TRUE(
        manifests().DeleteImage(world_.Caller(), path_, Ref(DigestOf(content).text())).ok());
  }
  void Restore(const std::string& content) {
    const auto restored =
        world_.services->trash.RestoreTags(world_.Caller(), path_, DigestOf(content));
    ASSERT_TRUE(restored.ok()) << restored.error().message();
  }
  std::string Blob(const std::string& bytes) { return world_.ReadBlob(path_, DigestOf(bytes)); }
  // Until no lease holds anything any more.
  void CollectAll() {
    world_.clock.Advance(std::chrono::hours{25});
    world_.Collect();
  }
  std::vector<std::string> Completed() {
    EXPECT_TRUE(world_.jobs->RunDue().ok());
    std::vector<std::string> digests;
    for (const auto& [type, payload] : world_.events) {
      if (type == "image.completed") digests.emplace_back(json::FindText(payload, "digest"));
    }
    return digests;
  }
  std::int64_t Stored() {
    return *world_.owner->database().ReadValue(
        [&](db::Transaction& tx) { return StoredBytes(tx, Book()); });
  }
  void ExpectBooksRight() {
    EXPECT_EQ(*world_.owner->database().ReadValue(
                  [&](db::Transaction& tx) { return CheckStoredBooks(tx, Book()); }),
              "");
  }
  BookKey Book() {
    return {.account = AccountId("acc"), .registry = world_.registry().name, .name_space = {}};
  }

  World world_;
  RepositoryPath path_ = world_.Repository("team-a/app");
  RepositoryPath other_ = world_.Repository("team-b/app");
  const std::string sparse_ = ImageManifest("config", {"layer", "late"});
};

TEST_F(AbsentLayersTest, AnImageIsTakenWithoutThemAndPulledWithoutThem) {
  PutSparse(sparse_, 1);
  EXPECT_EQ((*manifests().Get(path_, Ref("v1")))->content, sparse_);
  EXPECT_EQ(Blob("late"), "(blob_unknown)");
  EXPECT_EQ(world_.services->blobs.Head(path_, DigestOf("late")).error().reason(), "blob_unknown");
  EXPECT_EQ(Blob("layer"), "layer");
  EXPECT_EQ(world_.Count("absent_layer"), 1);
  EXPECT_EQ(world_.Count("manifest_reference"), 2);
  PutSparse(sparse_, 1, "v2");
  EXPECT_EQ(world_.Count("absent_layer"), 1);
}

TEST_F(AbsentLayersTest, AreRefusedWhereTheInstallationTakesNone) {
  world_.accept_absent_layers = false;
  world_.Restart();
  const auto refused = Put(path_, sparse_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "manifest_blob_unknown");
  EXPECT_EQ(refused.error().details().at(0).value, DigestOf("late").text());
  EXPECT_EQ(world_.Count("absent_layer"), 0);
}

TEST_F(AbsentLayersTest, AreNoConfiguration) {
  const auto refused = Put(path_, ImageManifest("absent", {"layer", "late"}));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "manifest_blob_unknown");
  ASSERT_EQ(refused.error().details().size(), 1U);
  EXPECT_EQ(refused.error().details()[0].value, DigestOf("absent").text());
  EXPECT_FALSE(Put(path_, ImageManifest("absent", {"absent"})).ok());
}

// Whoever knows a digest could otherwise make another's blob his own.
TEST_F(AbsentLayersTest, AreThoseOfOtherRepositoriesToo) {
  ASSERT_TRUE(world_.PushBlob(other_, "late").ok());
  PutSparse(sparse_, 1);
  EXPECT_EQ(Blob("late"), "(blob_unknown)");
  Delete(sparse_);
  Restore(sparse_);
  EXPECT_EQ(Blob("late"), "(blob_unknown)");
  ASSERT_TRUE(manifests().Tag(world_.Caller(), path_, Ref("v1"), path_, Ref("v2")).ok());
  const RepositoryPath third = world_.Repository("team-a/third");
  ASSERT_TRUE(manifests().Tag(world_.Caller(), path_, Ref("v1"), third, Ref("v1")).ok());
  EXPECT_EQ(world_.ReadBlob(third, DigestOf("late")), "(blob_unknown)");
  EXPECT_EQ(world_.Count("absent_layer"), 2);
  // Nor do they keep it.
  ASSERT_TRUE(world_.services->blobs.Delete(other_, DigestOf("late")).ok());
  world_.Collect();
  EXPECT_EQ(world_.Count("blob"), 2);
}

TEST_F(AbsentLayersTest, BecomeReferencesWhenTheyAreUploaded) {
  PutSparse(sparse_, 1);
  EXPECT_TRUE(Completed().empty());
  ASSERT_TRUE(world_.PushBlob(path_, "late").ok());
  EXPECT_EQ(world_.Count("absent_layer"), 0);
  EXPECT_EQ(world_.Count("manifest_reference"), 3);
  EXPECT_EQ(Completed(), std::vector<std::string>{DigestOf(sparse_).text()});
  CollectAll();
  EXPECT_EQ(Blob("late"), "late") << "no lease is needed";
  EXPECT_EQ(world_.services->blobs.Delete(path_, DigestOf("late")).error().reason(), "blob_in_use");
  PutSparse(sparse_, 0);
  ExpectBooksRight();
}

TEST_F(AbsentLayersTest, BecomeReferencesAtTheEndOfASession) {
  PutSparse(sparse_, 1);
  const auto view = world_.services->uploads.Start(path_, world_.Caller().actor, {});
  ASSERT_TRUE(view.ok());
  io::StringSource source("late");
  ASSERT_TRUE(
      world_.services->uploads
          .Finish(view->id, {.source = &source, .length = {}, .range = {}}, DigestOf("late"))
          .ok());
  EXPECT_EQ(world_.Count("absent_layer"), 0);
}

TEST_F(AbsentLayersTest, BecomeReferencesWhenTheyAreMounted) {
  PutSparse(sparse_, 1);
  ASSERT_TRUE(world_.PushBlob(other_, "late").ok());
  EXPECT_EQ(world_.Count("absent_layer"), 1);
  EXPECT_TRUE(*world_.services->blobs.Mount(path_, DigestOf("late"), other_.name));
  EXPECT_EQ(world_.Count("absent_layer"), 0);
  EXPECT_EQ(Completed().size(), 1U);
  CollectAll();
  EXPECT_EQ(Blob("late"), "late");
  EXPECT_EQ(world_.ReadBlob(other_, DigestOf("late")), "(blob_unknown)");
}

TEST_F(AbsentLayersTest, CompleteAnImageWithTheLastOfThem) {
  const std::string two = ImageManifest("config", {"late", "later"});
  PutSparse(sparse_, 1);
  PutSparse(two, 2, "v2");
  ASSERT_TRUE(world_.PushBlob(path_, "late").ok());
  EXPECT_EQ(Completed(), std::vector<std::string>{DigestOf(sparse_).text()});
  ASSERT_TRUE(world_.PushBlob(path_, "later").ok());
  EXPECT_EQ(Completed().size(), 2U);
  EXPECT_EQ(world_.Count("absent_layer"), 0);
}

TEST_F(AbsentLayersTest, CountAsStoredOnceTheyAreThere) {
  PutSparse(sparse_, 1);
  EXPECT_EQ(Stored(), 11);
  ExpectBooksRight();
  ASSERT_TRUE(world_.PushBlob(path_, "late").ok());
  EXPECT_EQ(Stored(), 15);
  ASSERT_TRUE(world_.PushBlob(path_, "late").ok());
  EXPECT_EQ(Stored(), 15);
  ExpectBooksRight();
  const Accounting accounting(world_.database, world_.store, world_.clock);
  const auto all =
      accounting.Of({.account = "acc", .registry = {}, .name_space = {}, .repository = {}});
  ASSERT_TRUE(all.ok());
  const StorageAmount& live = all->at(static_cast<std::size_t>(StorageState::kLive));
  EXPECT_EQ(live.blob_bytes, 15U);
  EXPECT_EQ(live.blobs, 3);
  Delete(sparse_);
  EXPECT_EQ(Stored(), 0);
  ExpectBooksRight();
}

TEST_F(AbsentLayersTest, KeepToHardQuotasWhenTheyCome) {
  PutSparse(sparse_, 1);
  ASSERT_TRUE(world_.services->quotas
                  .PatchQuota(world_.Caller(),
                              control::ServiceResource(AccountId("acc"), world_.registry().name,
                                                       "us-south"),
                              {.storage = 14, .hard = true})
                  .ok());
  const Status refused = world_.PushBlob(path_, "late");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "storage_quota_exceeded");
  EXPECT_EQ(world_.Count("absent_layer"), 1);
  EXPECT_EQ(Blob("late"), "(blob_unknown)");
  ASSERT_TRUE(world_.PushBlob(other_, "late").ok()) << "no image waits for it there";
  EXPECT_EQ(world_.services->blobs.Mount(path_, DigestOf("late"), other_.name).error().reason(),
            "storage_quota_exceeded");
  EXPECT_EQ(Stored(), 11);
  ExpectBooksRight();
}

// Whoever brings it completes them all.
TEST_F(AbsentLayersTest, AreWaitedForByAThousandImagesOfARepository) {
  const auto forget_one = [&] {
    ASSERT_TRUE(world_.owner->database()
                    .Write([&](db::Transaction& tx) -> Status {
                      BW_TRY_STATUS(tx.Execute("DELETE FROM absent_layer WHERE manifest = $1",
                                               {DigestOf("0").text()}));
                      return Ok();
                    })
                    .ok());
  };
  ASSERT_TRUE(world_.owner->database()
                  .Write([&](db::Transaction& tx) -> Status {
                    BW_TRY(const auto repository, EnsureRepository(tx, path_, world_.clock.Now()));
                    for (std::size_t i = 0; i < kMaxWaiting; ++i) {
                      BW_TRY_STATUS(tx.Execute("INSERT INTO absent_layer VALUES ($1, $2, $3, 4)",
                                               {repository, DigestOf(std::to_string(i)).text(),
                                                DigestOf("late").text()}));
                    }
                    return Ok();
                  })
                  .ok());
  const auto refused = Put(path_, sparse_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "manifest_blob_unknown");
  EXPECT_EQ(refused.error().details().at(0).value, DigestOf("late").text());
  for (const char* blob : {"config", "layer"}) ASSERT_TRUE(world_.PushBlob(other_, blob).ok());
  ASSERT_TRUE(Put(other_, sparse_).ok());
  const auto tag = [&] {
    return manifests().Tag(world_.Caller(), other_, Ref("v1"), path_, Ref("v1")).ok();
  };
  EXPECT_FALSE(tag());
  forget_one();
  EXPECT_TRUE(tag());
}

TEST_F(AbsentLayersTest, GoWithTheirImageAndComeBackWithIt) {
  PutSparse(sparse_, 1);
  Delete(sparse_);
  EXPECT_EQ(world_.Count("absent_layer"), 0);
  EXPECT_EQ(world_.Count("trash_absent_layer"), 1);
  Restore(sparse_);
  EXPECT_EQ(world_.Count("absent_layer"), 1);
  Delete(sparse_);
  ASSERT_TRUE(world_.PushBlob(path_, "late").ok());
  EXPECT_EQ(world_.Count("trash_absent_layer"), 1) << "as it was when it was deleted";
  Restore(sparse_);
  EXPECT_EQ(world_.Count("absent_layer"), 0) << "it has come meanwhile";
  CollectAll();
  EXPECT_EQ(Blob("late"), "late");
  ExpectBooksRight();
  Delete(sparse_);
  world_.clock.Advance(ManifestOptions{}.trash_life);
  ASSERT_TRUE(world_.services->trash.Expire().ok());
  EXPECT_EQ(world_.Count("trash_absent_layer"), 0);
}

TEST_F(AbsentLayersTest, AreCopiedWithAnImageUnlessTheTargetHasThem) {
  PutSparse(sparse_, 1);
  ASSERT_TRUE(manifests().Tag(world_.Caller(), path_, Ref("v1"), other_, Ref("v1")).ok());
  EXPECT_EQ(world_.Count("absent_layer"), 2);
  const RepositoryPath third = world_.Repository("team-b/third");
  ASSERT_TRUE(world_.PushBlob(third, "late").ok());
  ASSERT_TRUE(manifests().Tag(world_.Caller(), path_, Ref("v1"), third, Ref("v1")).ok());
  EXPECT_EQ(world_.Count("absent_layer"), 2);
  CollectAll();
  for (const char* blob : {"config", "layer", "late"}) {
    EXPECT_EQ(world_.ReadBlob(third, DigestOf(blob)), blob);
  }
  ExpectBooksRight();
}

TEST_F(AbsentLayersTest, ComeWithOtherImagesThatAreCopiedOrRestored) {
  const std::string whole = ImageManifest("config", {"late"});
  ASSERT_TRUE(world_.PushBlob(other_, "config").ok());
  ASSERT_TRUE(world_.PushBlob(other_, "late").ok());
  ASSERT_TRUE(Put(other_, whole).ok());
  PutSparse(sparse_, 1);
  ASSERT_TRUE(manifests().Tag(world_.Caller(), other_, Ref("v1"), path_, Ref("whole")).ok());
  EXPECT_EQ(world_.Count("absent_layer"), 0);
  EXPECT_EQ(Completed(), std::vector<std::string>{DigestOf(sparse_).text()});

  Delete(whole);
  Delete(sparse_);
  CollectAll();
  world_.clock.Advance(kLapsedLink);
  ASSERT_TRUE(world_.PushBlob(path_, "config").ok());
  ASSERT_TRUE(world_.PushBlob(path_, "layer").ok());
  const std::string again = ImageManifest("config", {"layer", "late"}, R"(,"annotations":{})");
  PutSparse(again, 1);
  Restore(whole);
  EXPECT_EQ(world_.Count("absent_layer"), 0);
  EXPECT_EQ(Completed().size(), 2U);
  ExpectBooksRight();
}

TEST_F(AbsentLayersTest, LeaveWithTheirNamespace) {
  PutSparse(sparse_, 1);
  const std::string gone = ImageManifest("config", {"late", "later"});
  PutSparse(gone, 2, "v2");
  Delete(gone);
  ASSERT_TRUE(world_.PushBlob(path_, "x").ok());
  ASSERT_TRUE(world_.services->blobs.Delete(path_, DigestOf("x")).ok());
  ASSERT_TRUE(world_.services->namespaces
                  .Delete(world_.Caller(), AccountId("acc"), world_.registry(), "team-a")
                  .ok());
  for (const char* table : {"absent_layer", "trash_absent_layer", "lapsed_link"}) {
    EXPECT_EQ(world_.Count(table), 0) << table;
  }
}

// Or a push that takes long would become a sparse image although its client did all it should.
TEST_F(AbsentLayersTest, AreNotWhatTheRepositoryHadUntilLately) {
  ASSERT_TRUE(world_.PushBlob(path_, "late").ok());
  CollectAll();
  EXPECT_EQ(Blob("late"), "(blob_unknown)");
  ASSERT_TRUE(world_.PushBlob(path_, "config").ok());
  ASSERT_TRUE(world_.PushBlob(path_, "layer").ok());
  EXPECT_EQ(Put(path_, sparse_).error().reason(), "manifest_blob_unknown");
  ASSERT_TRUE(world_.PushBlob(path_, "late").ok());
  PutSparse(sparse_, 0);

  Delete(sparse_);
  world_.clock.Advance(std::chrono::hours{25});
  ASSERT_TRUE(world_.PushBlob(path_, "config").ok());
  ASSERT_TRUE(world_.PushBlob(path_, "layer").ok());
  ASSERT_TRUE(world_.services->blobs.Delete(path_, DigestOf("late")).ok());
  EXPECT_EQ(Put(path_, sparse_).error().reason(), "manifest_blob_unknown");
  world_.clock.Advance(kLapsedLink);
  PutSparse(sparse_, 1);
  world_.Collect();
  EXPECT_EQ(world_.Count("lapsed_link"), 0);
}

TEST_F(AbsentLayersTest, AreNotWhatAnotherImageHasLost) {
  ASSERT_TRUE(Put(path_, ImageManifest("config", {"layer"})).ok());
  ASSERT_TRUE(world_.owner->database()
                  .Write([&](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(tx.Execute("DELETE FROM repository_blob WHERE digest = $1",
                                             {DigestOf("layer").text()}));
                    return Ok();
                  })
                  .ok());
  EXPECT_EQ(Put(path_, ImageManifest("config", {"layer", "late"}), "v2").error().reason(),
            "manifest_blob_unknown");
}

// The push of the manifest and the upload of its layer, one of them wholly inside the other: at
// each of its statements where the database lets transactions overlap, else between its
// transactions.
class AbsentLayersRace : public ::testing::Test {
 protected:
  // Runs `outer` with `inner` at its pause number `at`; whether there was such a pause.
  using Act = std::function<Status(db::Database&, World&, const RepositoryPath&)>;
  static bool Play(int at, const Act& outer, const Act& inner) {
    World world;
    const RepositoryPath path = world.Repository("team-a/app");
    EXPECT_TRUE(world.PushBlob(path, "config").ok());
    PausingDatabase database(world.database);
    int pauses = 0;
    bool done = false;
    const auto pause = [&] {
      if (done || pauses++ != at) return;
      done = true;
      std::thread([&] {
        const Status status = inner(world.database, world, path);
        EXPECT_TRUE(status.ok()) << status.error().message();
      }).join();
    };
    if (database.dialect() == db::Dialect::kPostgres) {
      database.inside = [&](std::string_view) { pause(); };
    } else {
      database.around = pause;
    }
    const Status status = outer(database, world, path);
    EXPECT_TRUE(status.ok()) << status.error().message();
    if (!done) return false;
    EXPECT_EQ(world.Count("absent_layer"), 0) << at;
    EXPECT_EQ(world.Count("manifest_reference"), 2) << at;
    world.clock.Advance(std::chrono::hours{25});
    world.Collect();
    EXPECT_EQ(world.ReadBlob(path, DigestOf("late")), "late") << at;
    return true;
  }
  static Status PutManifest(db::Database& database, World& world, const RepositoryPath& path) {
    control::ChangePath changes(database, world.log, *world.jobs, world.authorizer, world.gate,
                                world.facts);
    Manifests manifests({.accept_absent_layers = true}, database, world.clock, changes);
    BW_TRY_STATUS(manifests.Put(world.Caller(), path,
                                {.content = ImageManifest("config", {"late"}),
                                 .content_type = "",
                                 .reference = Ref("v1"),
                                 .tags = {}}));
    return Ok();
  }
  static Status Upload(db::Database& database, World& world, const RepositoryPath& path) {
    Uploads uploads(testing::TestUploadOptions(), database, world.store, *world.services->locks,
                    world.clock, {});
    io::StringSource source("late");
    return uploads.Push(path, world.Caller().actor, {.source = &source, .length = {}, .range = {}},
                        DigestOf("late"));
  }
};

TEST_F(AbsentLayersRace, LayerThatComesWhileItsManifestIsPushedIsNotAbsent) {
  int at = 0;
  while (Play(at, PutManifest, Upload)) ++at;
  EXPECT_GE(at, 2);
}

TEST_F(AbsentLayersRace, ManifestThatComesWhileItsLayerIsUploadedLacksNothing) {
  int at = 0;
  while (Play(at, Upload, PutManifest)) ++at;
  EXPECT_GE(at, 2);
}

}  // namespace
}  // namespace breakwater::registry
