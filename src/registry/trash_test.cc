#include "registry/trash.h"

#include <set>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "registry/pausing_database.h"
#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::ImageManifest;
using testing::PausingDatabase;
using testing::World;
using Texts = std::vector<std::string>;

oci::Digest DigestOf(const std::string& text) {
  return oci::Digest::Of(AsBytes(text));
}

class TrashTest : public ::testing::Test {
 protected:
  TrashTest() {
    EXPECT_TRUE(world_.PushBlob(path_, "config").ok());
    EXPECT_TRUE(world_.PushBlob(path_, layer_).ok());
  }
  Trash& trash() { return world_.services->trash; }
  Manifests& manifests() { return world_.services->manifests; }
  static oci::Reference Ref(const std::string& text) { return *oci::Reference::Parse(text); }
  void Put(const std::string& content, const std::string& reference, const Texts& tags = {}) {
    const auto put = manifests().Put(
        world_.Caller(), path_,
        {.content = content, .content_type = "", .reference = Ref(reference), .tags = tags});
    ASSERT_TRUE(put.ok()) << put.error().message();
  }
  std::string Index(const Texts& children) {
    std::string text =
        R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) + R"(","manifests":[)";
    for (const std::string& child : children) {
      text += std::string(text.back() == '[' ? "" : ",") +
              R"({"mediaType":"a/b","size":1,"digest":")" + DigestOf(child).text() + "\"}";
    }
    return text + "]}";
  }
  std::string Signature(const std::string& subject, const std::string& mark = "") {
    return ImageManifest("config", {},
                         R"(,"annotations":{"m":")" + mark +
                             R"("},"subject":{"mediaType":"a/b","size":1,"digest":")" +
                             DigestOf(subject).text() + "\"}");
  }
  void Delete(const std::string& reference) {
    const auto deleted = manifests().DeleteImage(world_.Caller(), path_, Ref(reference));
    ASSERT_TRUE(deleted.ok()) << deleted.error().message();
  }
  bool IsThere(const std::string& reference) {
    return manifests().Head(path_, Ref(reference)).ok();
  }
  bool IsThere(const oci::Digest& digest) { return IsThere(digest.text()); }
  std::string NamedBy(const std::string& tag) {
    const auto found = manifests().Head(path_, Ref(tag));
    return found.ok() ? (*found)->digest.text() : found.error().reason();
  }
  Texts Listed() {
    const auto page = trash().List(path_.registry, {"team-a"}, {});
    EXPECT_TRUE(page.ok());
    Texts all;
    for (const TrashedImage& image : page->images) {
      std::string text = image.repository + "@" + image.digest.text();
      for (const std::string& tag : image.tags) text += " " + tag;
      all.push_back(text);
    }
    return all;
  }
  Result<RestoredTags> Restore(const std::string& content) {
    return trash().RestoreTags(world_.Caller(), path_, DigestOf(content));
  }
  std::string RestoreTag(const std::string& tag) {
    const Status done = trash().RestoreTag(world_.Caller(), path_, tag);
    return done.ok() ? "" : done.error().reason();
  }

  World world_;
  RepositoryPath path_ = world_.Repository("team-a/app");
  const std::string layer_ = testing::Bytes(70'000);
  const std::string image_ = ImageManifest("config", {layer_});
  const std::string other_ = ImageManifest("config", {layer_}, R"(,"annotations":{"o":"1"})");
};

TEST_F(TrashTest, KeepsTheTagsOfADeletedImageForThirtyDays) {
  Put(image_, "v1", {"v2"});
  Delete("v1");
  EXPECT_FALSE(IsThere("v2"));
  EXPECT_FALSE(IsThere(DigestOf(image_)));
  EXPECT_EQ(Listed(), Texts{"team-a/app@" + DigestOf(image_).text() + " v1 v2"});
  const auto page = trash().List(path_.registry, {"team-a"}, {});
  EXPECT_EQ(page->images[0].expires - page->images[0].deleted, std::chrono::days{30});
  EXPECT_TRUE(trash().List(path_.registry, {"team-b"}, {})->images.empty());
  world_.clock.Advance(std::chrono::days{30});
  EXPECT_TRUE(Listed().empty());
  EXPECT_EQ(Restore(image_).error().reason(), "not_in_trash");
  EXPECT_EQ(RestoreTag("v1"), "not_in_trash");
  EXPECT_EQ(*trash().Expire(), 1);
  EXPECT_EQ(world_.Count("trash_reference"), 0);
  EXPECT_EQ(world_.Count("trash_tag"), 0);
  const auto records = *world_.log.Query({.action = std::string(action::kTrashPurge)});
  ASSERT_EQ(records.size(), 1U) << "what is gone for good is on record";
  EXPECT_NE(json::Serialize(audit::ToJson(records[0].record))
                .find("team-a/app@" + DigestOf(image_).text()),
            std::string::npos);
  EXPECT_NE(records[0].record.target.crn.find(":us-south:"), std::string::npos)
      << records[0].record.target.crn;
  EXPECT_EQ(*trash().Expire(), 0);
}

TEST_F(TrashTest, RestoreByDigestCopiesTheImageWithTheTagsThatAreFree) {
  Put(image_, "v1", {"v2", "v3"});
  Delete("v1");
  Put(other_, "v2");
  const auto restored = Restore(image_);
  ASSERT_TRUE(restored.ok());
  EXPECT_EQ(restored->successful, (Texts{"v1", "v3"}));
  EXPECT_EQ(restored->unsuccessful, Texts{"v2"});
  EXPECT_EQ(NamedBy("v3"), DigestOf(image_).text());
  EXPECT_EQ(NamedBy("v2"), DigestOf(other_).text());
  EXPECT_EQ(Listed().size(), 1U);
  EXPECT_EQ(Restore(image_)->successful, (Texts{"v1", "v3"}));  // as often as one likes
}

TEST_F(TrashTest, WhatIsDeletedAgainKeepsTheTagsOfItsFirstDeletion) {
  Put(image_, "v1");
  Delete("v1");
  Put(image_, DigestOf(image_).text());
  Delete(DigestOf(image_).text());
  EXPECT_EQ(Listed(), Texts{"team-a/app@" + DigestOf(image_).text() + " v1"});
  Put(image_, "v2");
  Delete("v2");
  EXPECT_EQ(Restore(image_)->successful, (Texts{"v1", "v2"}));
}

TEST_F(TrashTest, RestoreByTagMovesThatTag) {
  Put(image_, "v1", {"v2"});
  Delete("v1");
  EXPECT_EQ(RestoreTag("none"), "not_in_trash");
  EXPECT_EQ(RestoreTag("v1"), "");
  EXPECT_EQ(NamedBy("v1"), DigestOf(image_).text());
  EXPECT_FALSE(IsThere("v2"));
  EXPECT_EQ(Listed(), Texts{"team-a/app@" + DigestOf(image_).text() + " v2"});
  EXPECT_EQ(RestoreTag("v1"), "not_in_trash");
  EXPECT_EQ(RestoreTag("v2"), "");
  EXPECT_TRUE(Listed().empty());
}

TEST_F(TrashTest, RestoreByTagIsRefusedWhileTheTagIsLive) {
  Put(image_, "v1");
  Delete("v1");
  Put(other_, "v1");
  EXPECT_EQ(RestoreTag("v1"), "tag_live");
  EXPECT_EQ(NamedBy("v1"), DigestOf(other_).text());
  world_.clock.Advance(std::chrono::seconds{1});
  Delete("v1");
  EXPECT_EQ(RestoreTag("v1"), "");  // the one deleted last
  EXPECT_EQ(NamedBy("v1"), DigestOf(other_).text());
}

TEST_F(TrashTest, CollectorKeepsWhatIsNeededToRestore) {
  Put(image_, "v1");
  Delete("v1");
  world_.clock.Advance(std::chrono::hours{72});
  EXPECT_GT(world_.Collect().links, 0);
  EXPECT_EQ(world_.Count("repository_blob"), 0);
  EXPECT_EQ(world_.Count("blob"), 2);
  ASSERT_TRUE(Restore(image_).ok());
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf(layer_)), layer_);
  world_.Collect();
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf(layer_)), layer_);
  Delete("v1");
  world_.clock.Advance(std::chrono::days{31});
  EXPECT_EQ(*trash().Expire(), 1);
  EXPECT_EQ(world_.Collect().blobs, 2);
}

TEST_F(TrashTest, BlobOfADeletedImageCanBeDeletedAndComesBackWithIt) {
  Put(image_, "v1");
  Delete("v1");
  ASSERT_TRUE(world_.services->blobs.Delete(path_, DigestOf(layer_)).ok());
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf(layer_)), "(blob_unknown)");
  ASSERT_TRUE(Restore(image_).ok());
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf(layer_)), layer_);
}

TEST_F(TrashTest, AttachmentsGoAndComeBackWithTheirImage) {
  Put(image_, "v1");
  const std::string signature = Signature(image_);
  const std::string name = "sha256-" + std::string(DigestOf(image_).hex()) + ".sig";
  const std::string earlier = Signature(image_, "earlier");
  Put(signature, name);
  Put(earlier, DigestOf(earlier).text());
  Delete(DigestOf(earlier).text());
  Delete("v1");
  EXPECT_FALSE(IsThere(name));
  EXPECT_EQ(Listed().size(), 2U);  // the image, and the signature that was deleted by itself
  ASSERT_TRUE(Restore(image_).ok());
  EXPECT_EQ(NamedBy(name), DigestOf(signature).text());
  EXPECT_FALSE(IsThere(DigestOf(earlier)));
  EXPECT_EQ(manifests().Referrers(path_, DigestOf(image_), "", "")->entries.size(), 1U);
  Delete("v1");
  EXPECT_EQ(RestoreTag("v1"), "");
  EXPECT_TRUE(IsThere(name));
  EXPECT_EQ(Listed().size(), 1U);
}

TEST_F(TrashTest, IndexComesBackWithItsChildren) {
  Put(image_, DigestOf(image_).text());
  const std::string index = Index({image_});
  Put(index, "all");
  Delete("all");
  Delete(DigestOf(image_).text());
  ASSERT_TRUE(Restore(index).ok());
  EXPECT_TRUE(IsThere("all"));
  EXPECT_TRUE(IsThere(DigestOf(image_)));
}

// Whoever keeps what was pulled last must not lose it over a deletion that was a mistake.
TEST_F(TrashTest, ARestoredImageWasPulledWhenItWasPulledBeforeItsDeletion) {
  Put(image_, "v1");
  world_.clock.Advance(std::chrono::hours{5});
  const Timestamp pulled = world_.clock.Now();
  const auto last_pull = [&] {
    return *world_.owner->database().ReadValue([&](db::Transaction& tx) {
      return tx.QueryOne("SELECT pulled FROM manifest_pull WHERE digest = $1",
                         {DigestOf(image_).text()}, [](const db::Row& row) { return row.Time(0); });
    });
  };
  world_.services->last_pulls.Note(path_, DigestOf(image_));
  ASSERT_TRUE(world_.services->last_pulls.Flush().ok());
  Delete("v1");
  ASSERT_FALSE(last_pull());
  ASSERT_TRUE(Restore(image_).ok());
  EXPECT_EQ(last_pull(), pulled);
  // Also if it was pulled just before, and nobody had written that down yet.
  world_.clock.Advance(std::chrono::hours{5});
  world_.services->last_pulls.Note(path_, DigestOf(image_));
  Delete("v1");
  ASSERT_TRUE(world_.services->last_pulls.Flush().ok());
  ASSERT_TRUE(Restore(image_).ok());
  EXPECT_EQ(last_pull(), pulled + std::chrono::hours{5});
}

// A part of an image list that is on its way goes on waiting for it.
TEST_F(TrashTest, ARestoredImageThatNoTagLedToIsNoneThatATagLedTo) {
  Put(image_, DigestOf(image_).text());
  const auto tagged = [&] {
    return **world_.owner->database().ReadValue([&](db::Transaction& tx) {
      return tx.QueryOne("SELECT tagged FROM manifest WHERE digest = $1", {DigestOf(image_).text()},
                         [](const db::Row& row) { return row.Bool(0); });
    });
  };
  EXPECT_FALSE(tagged());
  Delete(DigestOf(image_).text());
  ASSERT_TRUE(Restore(image_).ok());
  EXPECT_FALSE(tagged());
}

TEST_F(TrashTest, NamespaceDeletionEmptiesIt) {
  Put(image_, "v1");
  Delete("v1");
  ASSERT_TRUE(world_.services->namespaces
                  .Delete(world_.Caller(), AccountId("acc"), world_.registry(), "team-a")
                  .ok());
  for (const char* table : {"trash_image", "trash_tag", "trash_reference"}) {
    EXPECT_EQ(world_.Count(table), 0) << table;
  }
}

TEST_F(TrashTest, PurgeRemovesAnImageForGood) {
  Put(image_, "v1");
  const std::string name = "sha256-" + std::string(DigestOf(image_).hex()) + ".sig";
  Put(Signature(image_), name);
  Delete("v1");
  EXPECT_EQ(trash().Purge(world_.Caller(), path_, DigestOf(other_)).error().reason(),
            "not_in_trash");
  const auto planned = trash().PurgeWouldRemove(path_, DigestOf(image_));
  ASSERT_EQ(planned->size(), 2U);
  EXPECT_EQ((*planned)[1].tags, std::vector<std::string>{name});
  const auto purged = trash().Purge(world_.Caller(), path_, DigestOf(image_));
  ASSERT_EQ(purged->size(), 2U);
  EXPECT_EQ((*purged)[0].tags, std::vector<std::string>{"v1"});
  EXPECT_EQ((*purged)[1].digest, DigestOf(Signature(image_)));
  EXPECT_EQ(world_.Count("trash_image"), 0);
}

TEST_F(TrashTest, RestoringTellsWhoListensAndIsRecorded) {
  Put(image_, "v1");
  Delete("v1");
  ASSERT_TRUE(world_.jobs->RunDue().ok());
  world_.events.clear();
  ASSERT_TRUE(Restore(image_).ok());
  ASSERT_TRUE(world_.jobs->RunDue().ok());
  ASSERT_FALSE(world_.events.empty());
  EXPECT_EQ(world_.events.back().first, "image.pushed");
  const auto records = world_.log.Query({.action = "container-registry.trash.restore"});
  ASSERT_EQ(records->size(), 1U);
  EXPECT_FALSE((*records)[0].record.data_event);
}

TEST_F(TrashTest, RecordsNameTheImageByItsDigest) {
  Put(image_, "v1");
  Delete("v1");
  ASSERT_TRUE(Restore(image_).ok());
  Delete("v1");
  ASSERT_EQ(RestoreTag("v1"), "");
  Delete("v1");
  ASSERT_TRUE(trash().Purge(world_.Caller(), path_, DigestOf(image_)).ok());
  for (const auto action : {action::kTrashRestore, action::kTrashPurge}) {
    const auto records = *world_.log.Query({.action = std::string(action)});
    EXPECT_EQ(records.size(), action == action::kTrashRestore ? 2U : 1U);
    for (const auto& one : records) {
      EXPECT_EQ(one.record.target.digest, DigestOf(image_).text()) << one.record.target.name;
    }
  }
}

// What happens between the statements of a change, once, by another thread.
class TrashRace : public ::testing::Test {
 protected:
  TrashRace() {
    EXPECT_TRUE(world_.PushBlob(path_, "config").ok());
    Put(image_, "v1");
    Put(other_, DigestOf(other_).text());
  }
  void Put(const std::string& content, const std::string& reference) {
    EXPECT_TRUE(world_.PushManifest(path_, content, reference).ok());
  }
  // What a push does to the tag, without what else it would wait for.
  void PointToOther() {
    const Status done = world_.database.Write([&](db::Transaction& tx) -> Status {
      BW_TRY_STATUS(
          tx.Execute("INSERT INTO tag (repository, name, digest, updated) "
                     "SELECT id, 'v1', $1, 0 FROM repository",
                     {DigestOf(other_).text()}));
      return Ok();
    });
    EXPECT_TRUE(done.ok()) << done.error().message();
  }
  // Before the statement that begins so; where one write runs at a time, before the transaction.
  void Meanwhile(std::string_view statement, std::function<void()> what) {
    const auto once = [this, what = std::move(what)] {
      if (std::exchange(happened_, true)) return;
      std::thread(what).join();
    };
    if (database_.dialect() == db::Dialect::kPostgres) {
      database_.inside = [once, statement](std::string_view sql) {
        if (sql.starts_with(statement)) once();
      };
    } else {
      database_.around = once;
    }
  }

  World world_;
  const RepositoryPath path_ = world_.Repository("team-a/app");
  const oci::Reference tag_ = *oci::Reference::Parse("v1");
  const std::string image_ = ImageManifest("config", {});
  const std::string other_ = ImageManifest("config", {}, R"(,"annotations":{"o":"1"})");
  bool happened_ = false;
  PausingDatabase database_{world_.database};
  control::ChangePath changes_{database_,         world_.log,  *world_.jobs,
                               world_.authorizer, world_.gate, world_.facts};
};

// The second has planned what it moves to the trash when the first moves it.
TEST_F(TrashRace, OfTwoDeletionsOfAnImageOneDeletesItAndTheOtherFindsNone) {
  Meanwhile("UPDATE manifest SET tagged", [&] {
    EXPECT_TRUE(world_.services->manifests.DeleteImage(world_.Caller(), path_, tag_).ok());
  });
  Manifests manifests({}, database_, world_.clock, changes_);
  const auto second = manifests.DeleteImage(world_.Caller(), path_, tag_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().reason(), "manifest_unknown") << second.error().message();
  EXPECT_TRUE(happened_);
  EXPECT_EQ(world_.Count("trash_image"), 1);
}

TEST_F(TrashRace, ATagThatIsPushedWhileItsImageComesBackStaysWhereItIs) {
  ASSERT_TRUE(world_.services->manifests.DeleteImage(world_.Caller(), path_, tag_).ok());
  Meanwhile("INSERT INTO tag", [&] { PointToOther(); });
  Trash trash(database_, world_.clock, world_.registries, changes_, nullptr);
  const auto restored = trash.RestoreTags(world_.Caller(), path_, DigestOf(image_));
  ASSERT_TRUE(restored.ok()) << restored.error().message();
  EXPECT_TRUE(happened_);
  EXPECT_EQ(restored->successful, Texts{});
  EXPECT_EQ(restored->unsuccessful, Texts{"v1"});
  EXPECT_EQ((*world_.services->manifests.Head(path_, tag_))->digest, DigestOf(other_));
}

TEST_F(TrashRace, ATagThatIsPushedWhileItComesBackIsSaidToBeLive) {
  ASSERT_TRUE(world_.services->manifests.DeleteImage(world_.Caller(), path_, tag_).ok());
  Meanwhile("INSERT INTO tag", [&] { PointToOther(); });
  Trash trash(database_, world_.clock, world_.registries, changes_, nullptr);
  const Status restored = trash.RestoreTag(world_.Caller(), path_, "v1");
  ASSERT_FALSE(restored.ok());
  EXPECT_TRUE(happened_);
  EXPECT_EQ(restored.error().reason(), "tag_live") << restored.error().message();
  EXPECT_EQ((*world_.services->manifests.Head(path_, tag_))->digest, DigestOf(other_));
  EXPECT_EQ(world_.Count("trash_tag"), 1);
}

// As a push does. Else one would have the tag and wait for the image, and the other the image and
// wait for the tag, until PostgreSQL takes a second to end one of them, again and again.
TEST_F(TrashRace, ADeletionHasTheImageBeforeItTakesAnythingOfIt) {
  if (database_.dialect() == db::Dialect::kSqlite) return;  // it lets one write at a time
  std::set<std::string> early;
  bool deletes = false;
  database_.inside = [&](std::string_view sql) {
    const bool writes = sql.starts_with("DELETE") || sql.starts_with("INSERT");
    if (!writes || sql.find("audit") != std::string_view::npos) return;
    deletes = true;
    std::thread([&] {
      const auto free = world_.database.WriteValue([&](db::Transaction& tx) {
        return tx.QueryAll("SELECT digest FROM manifest WHERE digest = $1 FOR UPDATE SKIP LOCKED",
                           {DigestOf(image_).text()},
                           [](const db::Row& row) { return row.String(0); });
      });
      EXPECT_TRUE(free.ok());
      if (free.ok() && !free->empty()) early.insert(std::string(sql));
    }).join();
  };
  Manifests manifests({}, database_, world_.clock, changes_);
  ASSERT_TRUE(manifests.DeleteImage(world_.Caller(), path_, tag_).ok());
  EXPECT_TRUE(deletes);
  EXPECT_EQ(early, std::set<std::string>{});
}

TEST_F(TrashRace, PushesAndDeletionsOfOneImageAllComeToTheirEnd) {
  constexpr int kThreads = 6;
  constexpr int kTimes = 5;
  const auto digest = *oci::Reference::Parse(DigestOf(image_).text());
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kTimes; ++n) {
        Put(image_, "v1");
        const auto deleted = world_.services->manifests.DeleteImage(world_.Caller(), path_, digest);
        const std::string outcome = deleted.ok() ? "" : deleted.error().reason();
        EXPECT_TRUE(outcome.empty() || outcome == "manifest_unknown") << outcome;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace breakwater::registry
