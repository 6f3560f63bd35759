#include "admin/fsck.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

#include "audit/heads.h"
#include "audit/segments.h"
#include "crypto/sealing.h"
#include "registry/testing.h"

namespace breakwater::admin {
namespace {

using registry::RepositoryPath;
using registry::testing::Bytes;
using registry::testing::ImageManifest;
using registry::testing::World;

constexpr std::size_t kLarge = 200'000;

oci::Digest DigestOf(const std::string& bytes) {
  return oci::Digest::Of(AsBytes(bytes));
}

class FsckTest : public ::testing::Test {
 protected:
  FsckTest() {
    Push();
    EXPECT_EQ(Check(false), "");
  }

  // The image, as a client pushes it: what is said to be there is not sent.
  void Push() {
    for (const std::string& blob : {config_, layer_}) {
      if (world_.services->blobs.Head(path_, DigestOf(blob)).ok()) continue;
      ASSERT_TRUE(world_.PushBlob(path_, blob).ok());
    }
    ASSERT_TRUE(world_.PushManifest(path_, manifest_, "v1").ok());
  }

  // An image of which two layers are absent.
  void PutSparse() {
    registry::Manifests lenient({.accept_absent_layers = true}, world_.database, world_.clock,
                                world_.changes);
    ASSERT_TRUE(lenient
                    .Put(world_.Caller(), path_,
                         {.content = ImageManifest(config_, {layer_, "late", "theirs"}),
                          .content_type = "",
                          .reference = *oci::Reference::Parse("sparse"),
                          .tags = {}})
                    .ok());
  }

  // Problems with their outcomes, in order.
  std::string Check(bool repair, bool read_blobs = true) {
    findings_.clear();
    std::string text;
    const auto summary =
        Fsck(world_.database, world_.store,
             {.repair = repair,
              .read_blobs = read_blobs,
              .shared = false,
              .report =
                  [&](const FsckFinding& finding) {
                    text += finding.problem + " " + std::string(ToString(finding.outcome)) + "\n";
                    findings_.push_back(finding);
                  }},
             world_.clock);
    EXPECT_TRUE(summary.ok());
    return text;
  }
  // Found; then repaired; then nothing is found any more.
  void ExpectRepaired(const std::string& problem) {
    EXPECT_EQ(Check(false), problem + " found\n");
    EXPECT_EQ(Check(true), problem + " repaired\n");
    EXPECT_EQ(Check(false), "");
    ExpectWhole();
  }
  // A push brings the image back, whatever was left of it.
  void ExpectHealedByAPush() {
    Push();
    EXPECT_EQ(Check(true), "");
    ExpectWhole();
  }
  void ExpectWhole() {
    EXPECT_EQ(world_.ReadBlob(path_, DigestOf(config_)), config_);
    EXPECT_EQ(world_.ReadBlob(path_, DigestOf(layer_)), layer_);
    const auto manifest = world_.services->manifests.Get(path_, *oci::Reference::Parse("v1"));
    ASSERT_TRUE(manifest.ok());
    EXPECT_EQ((*manifest)->content, manifest_);
  }

  void Sql(const std::string& sql, std::initializer_list<db::Param> params = {}) {
    ASSERT_TRUE(world_.owner->database()
                    .Write([&](db::Transaction& tx) -> Status {
                      BW_TRY(const auto changed, tx.Execute(sql, params));
                      return changed > 0 ? Ok() : Status(Internal("nothing has changed"));
                    })
                    .ok());
  }
  std::filesystem::path FileOf(const std::string& bytes) {
    const std::string hex(DigestOf(bytes).hex());
    return world_.directory.path() / "blobs" / "sha256" / hex.substr(0, 2) / hex;
  }
  // One bit, in the middle.
  void Damage(const std::filesystem::path& path) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_write,
                                 std::filesystem::perm_options::add);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(1000);
    const auto octet = static_cast<char>(file.get() ^ 1);
    file.seekp(1000);
    file.put(octet);
    ASSERT_TRUE(file.good());
  }
  void CommitBytes(const std::string& bytes) {
    auto staged = world_.disk->Stage();
    ASSERT_TRUE(staged.ok() && (*staged)->Append(AsBytes(bytes)).ok());
    const blob::CommitItem item{staged->get(), DigestOf(bytes)};
    ASSERT_TRUE(world_.disk->Commit(std::span(&item, 1))[0].ok());
  }

  const std::string config_ = "config";
  const std::string layer_ = Bytes(kLarge);
  const std::string manifest_ = ImageManifest(config_, {layer_});
  World world_;
  RepositoryPath path_ = world_.Repository("team-a/app");
  std::vector<FsckFinding> findings_;
};

TEST_F(FsckTest, FindsBytesThatAreGoneAndAPushBringsThemBack) {
  std::filesystem::remove(FileOf(layer_));
  EXPECT_EQ(Check(false), "blob_missing lost\n");
  ASSERT_EQ(findings_.size(), 1U);
  EXPECT_EQ(findings_[0].what, DigestOf(layer_).text());
  EXPECT_EQ(findings_[0].images,
            std::vector<std::string>{std::string(registry::testing::kRegistry) + "/team-a/app:v1"});
  EXPECT_EQ(Check(true), "blob_missing lost\n");
  // It is still lost, and said so again, until it is pushed.
  EXPECT_EQ(Check(true), "blob_missing lost\n");
  EXPECT_FALSE(world_.services->blobs.Head(path_, DigestOf(layer_)).ok());
  ExpectHealedByAPush();
}

TEST_F(FsckTest, FindsOneFlippedBitAndAPushBringsTheBlobBack) {
  Damage(FileOf(layer_));
  EXPECT_EQ(Check(false, /*read_blobs=*/false), "");
  EXPECT_EQ(Check(false), "blob_damaged lost\n");
  // Until it is repaired a push would be told that the blob is there.
  EXPECT_TRUE(world_.services->blobs.Head(path_, DigestOf(layer_)).ok());
  EXPECT_EQ(Check(true), "blob_damaged lost\n");
  EXPECT_FALSE(world_.services->blobs.Head(path_, DigestOf(layer_)).ok());
  ExpectHealedByAPush();
}

TEST_F(FsckTest, FindsABlobOfAnotherSizeWithoutReadingIt) {
  std::filesystem::resize_file(FileOf(layer_), kLarge - 1);
  EXPECT_EQ(Check(true, /*read_blobs=*/false), "blob_damaged lost\n");
  ExpectHealedByAPush();
}

TEST_F(FsckTest, FindsDamagedAndMissingContentInTheDatabase) {
  Sql("UPDATE blob_content SET content = $1 WHERE digest = $2",
      {AsBytes(std::string_view("confiG")), DigestOf(config_).text()});
  EXPECT_EQ(Check(true), "blob_damaged lost\n");
  ExpectHealedByAPush();
  Sql("DELETE FROM blob_content");
  EXPECT_EQ(Check(true), "blob_missing lost\n");
  ExpectHealedByAPush();
}

TEST_F(FsckTest, BringsABlobBackToAllWhoHadIt) {
  const RepositoryPath other = world_.Repository("team-b/app");
  ASSERT_TRUE(*world_.services->blobs.Mount(other, DigestOf(layer_), path_.name));
  Damage(FileOf(layer_));
  EXPECT_EQ(Check(true), "blob_damaged lost\nlink_without_blob repaired\n");
  Push();
  EXPECT_EQ(Check(false), "");
}

class FsckOfTheTrail : public FsckTest {
 protected:
  FsckOfTheTrail() {
    EXPECT_TRUE(world_.log.Seal().ok());
    Close(1);
    digest_ = segments_.List(1, 1)->at(0).digest;
  }
  void Close(int count) { EXPECT_EQ(*segments_.Close(), count); }
  std::filesystem::path File() {
    const std::string hex(oci::Digest::Parse(digest_)->hex());
    return world_.directory.path() / "blobs" / "sha256" / hex.substr(0, 2) / hex;
  }
  std::string Exported() {
    std::string lines;
    const auto next = segments_.Export(1, 1000, 1U << 20, lines);
    return next.ok() ? lines : next.error().message();
  }

  audit::Heads heads_ =
      *audit::Heads::Open(world_.database, world_.log, crypto::NewSealingKey(), world_.clock);
  audit::Segments segments_{{.age = std::chrono::hours{0}},
                            world_.database,
                            world_.store,
                            world_.log,
                            heads_,
                            world_.clock};
  std::string digest_;
};

TEST_F(FsckOfTheTrail, HasASegmentWrittenAgainWhoseEntriesAreRows) {
  EXPECT_EQ(Check(false), "");
  const auto spoil = {
      +[](const std::filesystem::path& file) { std::filesystem::remove(file); },
      +[](const std::filesystem::path& file) { std::filesystem::resize_file(file, 10); }};
  for (const auto& one : spoil) {
    one(File());
    EXPECT_EQ(Check(false), "audit_segment_wrong found\n");
    EXPECT_EQ(Check(true), "audit_segment_wrong repaired\n");
    EXPECT_EQ(Check(false), "") << "a server writes it when it serves again";
    Close(1);
    EXPECT_TRUE(std::filesystem::exists(File()));
    EXPECT_EQ(Check(false), "");
  }
}

TEST_F(FsckOfTheTrail, SaysThatASegmentIsLostAndKeepsWhatIsLeftOfIt) {
  const std::string whole = Exported();
  world_.clock.Advance(std::chrono::days{2});
  ASSERT_GT(*segments_.RemoveOld(1), 0);
  ASSERT_EQ(Exported(), whole);
  std::filesystem::resize_file(File(), 10);
  for (const bool repair : {false, true, false}) {
    EXPECT_EQ(Check(repair), "audit_segment_wrong lost\n") << repair;
    EXPECT_TRUE(std::filesystem::exists(File()));
  }
  Sql("DELETE FROM blob WHERE digest = $1", {digest_});
  EXPECT_EQ(Check(true), "audit_segment_wrong lost\n");
  EXPECT_TRUE(std::filesystem::exists(File()));
}

TEST_F(FsckOfTheTrail, MakesTheRowOfASegmentsBlobAgain) {
  const std::string whole = Exported();
  Sql("DELETE FROM blob WHERE digest = $1", {digest_});
  EXPECT_EQ(Check(false), "audit_segment_wrong found\n");
  EXPECT_EQ(Check(true), "audit_segment_wrong repaired\n");
  EXPECT_EQ(Check(false), "");
  EXPECT_EQ(Exported(), whole);
}

TEST_F(FsckTest, RemovesBytesThatNothingNames) {
  CommitBytes(Bytes(kLarge, 'x'));
  ExpectRepaired("bytes_unnamed");
  EXPECT_FALSE(world_.disk->Open(DigestOf(Bytes(kLarge, 'x'))).ok());
  Sql("INSERT INTO blob_content (digest, content) VALUES ($1, $2)",
      {DigestOf("stray").text(), AsBytes(std::string_view("stray"))});
  ExpectRepaired("bytes_unnamed");
}

TEST_F(FsckTest, RemovesStagingOfNobodyAndUploadsWithoutStaging) {
  auto staged = world_.disk->Stage();
  ASSERT_TRUE(staged.ok() && (*staged)->Append(AsBytes("abc")).ok() && (*staged)->Flush().ok());
  ExpectRepaired("staging_unowned");
  const auto view = world_.services->uploads.Start(path_, world_.Caller().actor, {});
  ASSERT_TRUE(view.ok());
  io::StringSource source(layer_);
  ASSERT_TRUE(
      world_.services->uploads.Append(view->id, {.source = &source, .length = {}, .range = {}})
          .ok());
  EXPECT_EQ(Check(true), "");
  std::vector<std::string> ids;
  ASSERT_TRUE(world_.disk
                  ->ListStaged([&](const blob::BlobStore::StagedInfo& info) -> Status {
                    ids.push_back(info.id);
                    return Ok();
                  })
                  .ok());
  ASSERT_EQ(ids.size(), 1U);
  ASSERT_TRUE(world_.disk->Discard(ids[0]).ok());
  ExpectRepaired("upload_without_bytes");
}

TEST_F(FsckTest, TakesADamagedManifestOutOfTheWayOfItsPush) {
  Sql("UPDATE manifest SET content = $1", {AsBytes(std::string_view("{}"))});
  EXPECT_EQ(Check(false), "manifest_damaged lost\n");
  ASSERT_EQ(findings_[0].images.size(), 1U);
  EXPECT_EQ(Check(true), "manifest_damaged lost\n");
  EXPECT_EQ(Check(true), "");
  EXPECT_EQ(world_.Count("tag"), 0);
  // Its blobs wait for it.
  world_.clock.Advance(std::chrono::hours{22});
  world_.Collect();
  EXPECT_TRUE(world_.services->blobs.Head(path_, DigestOf(layer_)).ok());
  ExpectHealedByAPush();
}

TEST_F(FsckTest, MakesDerivedRowsOfAManifestAgain) {
  Sql("UPDATE manifest SET config_digest = NULL");
  ExpectRepaired("manifest_rows_wrong");
  Sql("UPDATE manifest SET content_size = 1");
  ExpectRepaired("manifest_rows_wrong");
  Sql("UPDATE manifest SET subject = $1, referrer = '{}'", {DigestOf("x").text()});
  ExpectRepaired("manifest_rows_wrong");
  Sql("DELETE FROM manifest_reference WHERE kind = 1");
  ExpectRepaired("manifest_rows_wrong");
  EXPECT_EQ(world_.Count("manifest_reference"), 2);
}

TEST_F(FsckTest, MakesALinkAgainThatAManifestNeeds) {
  Sql("DELETE FROM repository_blob WHERE digest = $1", {DigestOf(layer_).text()});
  ExpectRepaired("link_missing");
}

TEST_F(FsckTest, DropsRowsThatNameWhatIsNotThere) {
  const std::string digest = DigestOf("nothing").text();
  Sql("INSERT INTO tag (repository, name, digest, updated) SELECT id, 'v2', $1, 0 FROM repository",
      {digest});
  ExpectRepaired("tag_without_manifest");
  Sql("INSERT INTO manifest_reference (repository, manifest, kind, target, size) "
      "SELECT id, $1, 2, $1, 0 FROM repository",
      {digest});
  ExpectRepaired("reference_of_no_manifest");
  Sql("INSERT INTO absent_layer (repository, manifest, digest, size) "
      "SELECT id, $1, $1, 0 FROM repository",
      {digest});
  ExpectRepaired("reference_of_no_manifest");
  Sql("INSERT INTO trash_absent_layer (repository, manifest, digest, size) "
      "SELECT id, $1, $1, 0 FROM repository",
      {digest});
  ExpectRepaired("trash_of_no_image");
  Sql("INSERT INTO lapsed_link (repository, digest, until) VALUES ('gone', $1, 0)", {digest});
  ExpectRepaired("row_of_no_repository");
  Sql("INSERT INTO repository_blob (repository, digest, linked, leased_until) "
      "SELECT id, $1, 0, 0 FROM repository",
      {digest});
  ExpectRepaired("link_without_blob");
  Sql("INSERT INTO repository_blob (repository, digest, linked, leased_until) "
      "VALUES ('gone', $1, 0, 0)",
      {DigestOf(layer_).text()});
  ExpectRepaired("row_of_no_repository");
}

TEST_F(FsckTest, CountsSparseImagesAndHasNothingAgainstThem) {
  ASSERT_TRUE(world_.PushBlob(world_.Repository("team-b/app"), "theirs").ok());
  PutSparse();
  EXPECT_EQ(Check(true), "");
  const auto summary = Fsck(world_.database, world_.store, {}, world_.clock);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->sparse_images, 1);
  EXPECT_EQ(summary->absent_layers, 2);
  // What others have is never given to it.
  Sql("UPDATE manifest SET content_size = 1");
  EXPECT_EQ(Check(true), "manifest_rows_wrong repaired\nmanifest_rows_wrong repaired\n");
  Sql("DELETE FROM absent_layer");
  EXPECT_EQ(Check(true), "manifest_rows_wrong repaired\n");
  EXPECT_EQ(Check(true), "");
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf("theirs")), "(blob_unknown)");
  EXPECT_EQ(world_.Count("absent_layer"), 2);
}

TEST_F(FsckTest, TurnsLayersThatAreThereIntoReferences) {
  PutSparse();
  // Both that a link was made behind its back, and that the blob came.
  ASSERT_TRUE(world_.PushBlob(path_, "other").ok());
  Sql("UPDATE absent_layer SET digest = $1 WHERE digest = $2",
      {DigestOf("other").text(), DigestOf("late").text()});
  EXPECT_EQ(Check(false), "manifest_rows_wrong found\nabsent_layer_present found\n");
  EXPECT_EQ(Check(true), "manifest_rows_wrong repaired\n") << "which removes the wrong row";
  EXPECT_EQ(Check(true), "");
  ASSERT_TRUE(world_.PushBlob(path_, "late").ok());
  Sql("INSERT INTO absent_layer (repository, manifest, digest, size) SELECT repository, manifest, "
      "target, size FROM manifest_reference WHERE target = $1",
      {DigestOf("late").text()});
  Sql("DELETE FROM manifest_reference WHERE target = $1", {DigestOf("late").text()});
  ExpectRepaired("absent_layer_present");
  EXPECT_EQ(world_.Count("absent_layer"), 1);
  world_.clock.Advance(std::chrono::hours{25});
  world_.Collect();
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf("late")), "late");
}

TEST_F(FsckTest, SaysThatARepositoryCannotBeReached) {
  Sql("DELETE FROM namespace");
  EXPECT_EQ(Check(true), "repository_without_namespace lost\n");
}

TEST_F(FsckTest, SaysItOfMoreRepositoriesThanOnePageHolds) {
  constexpr int kMany = 1'100;
  ASSERT_TRUE(world_.owner->database()
                  .Write([](db::Transaction& tx) -> Status {
                    for (int i = 0; i < kMany; ++i) {
                      const std::string id = std::to_string(i);
                      BW_TRY_STATUS(tx.Execute(
                          "INSERT INTO repository (id, registry, name_space, name, created) "
                          "VALUES ($1, 'r', 'gone', $2, 0)",
                          {id, "gone/" + id}));
                    }
                    return Ok();
                  })
                  .ok());
  Check(false);
  EXPECT_EQ(findings_.size(), kMany);
}

TEST_F(FsckTest, CountsWhatItHasLookedAt) {
  const auto summary = Fsck(world_.database, world_.store, {}, world_.clock);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->blobs, 2);
  EXPECT_EQ(summary->blob_bytes, kLarge + config_.size());
  EXPECT_EQ(summary->manifests, 1);
}

TEST_F(FsckTest, StopsWhereAServerIsAtWork) {
  Sql("INSERT INTO digest_lock (digest, holder, held_until) VALUES ('x', 'x', $1)",
      {world_.clock.Now() + std::chrono::seconds{30}});
  FsckOptions options;
  options.shared = true;
  const auto refused = Fsck(world_.database, world_.store, options, world_.clock);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "source_in_use");
}

TEST_F(FsckTest, CountsAnewWhatAnAccountStores) {
  Sql("UPDATE stored_blob SET size = size + 1 WHERE name_space = ''");
  ExpectRepaired("usage_wrong");
  Sql("DELETE FROM stored_blob");
  ExpectRepaired("usage_wrong");
}

}  // namespace
}  // namespace breakwater::admin
