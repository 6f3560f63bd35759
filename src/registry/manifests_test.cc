#include "registry/manifests.h"

#include <algorithm>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "oci/referrers.h"
#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::ImageManifest;
using testing::World;

class ManifestsTest : public ::testing::Test {
 protected:
  ManifestsTest() {
    EXPECT_TRUE(world_.PushBlob(path_, "config").ok());
    EXPECT_TRUE(world_.PushBlob(path_, "layer").ok());
  }
  Manifests& manifests() { return world_.services->manifests; }
  static oci::Reference Ref(const std::string& text) { return *oci::Reference::Parse(text); }
  static oci::Digest DigestOf(const std::string& text) { return oci::Digest::Of(AsBytes(text)); }
  Result<PushedManifest> Put(const std::string& content, const std::string& reference,
                             std::vector<std::string> tags = {}, const std::string& type = "") {
    return manifests().Put(world_.Caller(), path_,
                           {.content = content,
                            .content_type = type,
                            .reference = Ref(reference),
                            .tags = std::move(tags)});
  }
  Status Delete(const std::string& reference) {
    return manifests().Delete(world_.Caller(), path_, Ref(reference));
  }
  std::string Get(const std::string& reference) {
    const auto got = manifests().Get(path_, Ref(reference));
    return got.ok() ? (*got)->content : "(" + got.error().reason() + ")";
  }
  std::vector<std::string> Tags(const std::string& last = "", std::optional<std::size_t> n = {}) {
    return manifests().Tags(path_, {.last = last, .n = n})->names;
  }
  void RunEvents() { EXPECT_TRUE(world_.jobs->RunDue().ok()); }

  World world_;
  RepositoryPath path_ = world_.Repository("team-a/app");
  std::string image_ = ImageManifest("config", {"layer"});
};

TEST_F(ManifestsTest, AreReturnedByteForByteByTagAndDigest) {
  const std::string spaced = " " + image_ + "\n";
  const auto pushed = Put(spaced, "v1");
  ASSERT_TRUE(pushed.ok()) << pushed.error().message();
  EXPECT_EQ(pushed->digest, DigestOf(spaced));
  EXPECT_EQ(Get("v1"), spaced);
  EXPECT_EQ(Get(pushed->digest.text()), spaced);
  const auto head = *manifests().Head(path_, Ref("v1"));
  EXPECT_EQ(head->size, spaced.size());
  EXPECT_EQ(head->media_type, oci::kOciManifest);
  EXPECT_TRUE(head->content.empty());
}

TEST_F(ManifestsTest, PushedByDigestNeedNoTag) {
  ASSERT_TRUE(Put(image_, DigestOf(image_).text()).ok());
  EXPECT_EQ(Get(DigestOf(image_).text()), image_);
  EXPECT_TRUE(Tags().empty());
  const auto wrong = Put(image_ + " ", DigestOf(image_).text());
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().reason(), "digest_invalid");
}

TEST_F(ManifestsTest, MayHaveASha512Digest) {
  const auto digest = oci::Digest::Of(AsBytes(image_), crypto::HashAlgorithm::kSha512);
  const auto pushed = Put(image_, digest.text(), {"a", "b"});
  ASSERT_TRUE(pushed.ok());
  EXPECT_EQ(pushed->digest, digest);
  EXPECT_EQ((*manifests().Get(path_, Ref("a")))->digest, digest);
}

TEST_F(ManifestsTest, TagParametersTagAllAtOnce) {
  const auto pushed = Put(image_, DigestOf(image_).text(), {"b", "a", "b"});
  ASSERT_TRUE(pushed.ok());
  EXPECT_EQ(pushed->tags, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(Tags(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Put(image_, DigestOf(image_).text(), {"ok", ".bad"}).error().reason(), "tag_invalid");
  EXPECT_EQ(Tags().size(), 2U);
  const std::vector<std::string> many(kMaxTagsPerPush + 1, "t");
  EXPECT_TRUE(Put(image_, DigestOf(image_).text(), many).ok());
  std::vector<std::string> different;
  for (std::size_t i = 0; i <= kMaxTagsPerPush; ++i) different.push_back("t" + std::to_string(i));
  EXPECT_EQ(Put(image_, DigestOf(image_).text(), different).error().reason(), "too_many_tags");
}

TEST_F(ManifestsTest, MissingBlobsAreNamedOneByOne) {
  const auto refused = Put(ImageManifest("config", {"layer", "x", "y"}), "v1");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "manifest_blob_unknown");
  ASSERT_EQ(refused.error().details().size(), 2U);
  EXPECT_EQ(refused.error().details()[0].value, DigestOf("x").text());
  EXPECT_EQ(Get("v1"), "(manifest_unknown)");
  EXPECT_TRUE(Tags().empty());
}

TEST_F(ManifestsTest, BlobOfAnotherRepositoryIsMissing) {
  ASSERT_TRUE(world_.PushBlob(world_.Repository("team-a/other"), "foreign").ok());
  EXPECT_EQ(Put(ImageManifest("config", {"foreign"}), "v1").error().reason(),
            "manifest_blob_unknown");
}

TEST_F(ManifestsTest, IndexesMayBeEmptySparseAndNested) {
  const std::string empty = oci::ReferrersIndex({});
  ASSERT_TRUE(Put(empty, "empty", {}, std::string(oci::kOciIndex)).ok());
  const std::string sparse = oci::ReferrersIndex(
      {R"({"mediaType":"x/y","digest":")" + DigestOf("absent").text() + R"(","size":1})",
       R"({"mediaType":"x/y","digest":")" + DigestOf(empty).text() + R"(","size":1})"});
  ASSERT_TRUE(Put(sparse, "sparse").ok());
  EXPECT_EQ(world_.Count("manifest_reference"), 2);
}

TEST_F(ManifestsTest, MovedTagLeavesTheOldImageUntagged) {
  ASSERT_TRUE(Put(image_, "v1").ok());
  const std::string next = image_ + " ";
  ASSERT_TRUE(Put(next, "v1").ok());
  EXPECT_EQ(Get("v1"), next);
  EXPECT_EQ(Get(DigestOf(image_).text()), image_);
  EXPECT_EQ(Tags().size(), 1U);
}

TEST_F(ManifestsTest, PushedAgainAreNoError) {
  ASSERT_TRUE(Put(image_, "v1").ok());
  ASSERT_TRUE(Put(image_, "v1").ok());
  EXPECT_EQ(world_.Count("manifest"), 1);
  EXPECT_EQ(world_.Count("manifest_reference"), 2);
}

TEST_F(ManifestsTest, DeletedTagLeavesTheManifest) {
  ASSERT_TRUE(Put(image_, "v1").ok());
  ASSERT_TRUE(Put(image_, "v2").ok());
  ASSERT_TRUE(Delete("v1").ok());
  EXPECT_EQ(Get("v1"), "(manifest_unknown)");
  EXPECT_EQ(Get("v2"), image_);
  EXPECT_EQ(Get(DigestOf(image_).text()), image_);
  EXPECT_EQ(Delete("v1").error().reason(), "manifest_unknown");
}

TEST_F(ManifestsTest, DeletedDigestTakesEveryTagOnIt) {
  ASSERT_TRUE(Put(image_, "v1").ok());
  ASSERT_TRUE(Put(image_, "v2").ok());
  ASSERT_TRUE(Put(image_ + " ", "v3").ok());
  ASSERT_TRUE(Delete(DigestOf(image_).text()).ok());
  EXPECT_EQ(Get("v1"), "(manifest_unknown)");
  EXPECT_EQ(Get(DigestOf(image_).text()), "(manifest_unknown)");
  EXPECT_EQ(Tags(), std::vector<std::string>{"v3"});
  EXPECT_EQ(world_.Count("manifest_reference"), 2);
}

TEST_F(ManifestsTest, ImageIsDeletedByAnyOfItsTags) {
  ASSERT_TRUE(Put(image_, "v1").ok());
  ASSERT_TRUE(Put(image_, "v2").ok());
  const auto deleted = manifests().DeleteImage(world_.Caller(), path_, Ref("v2"));
  ASSERT_TRUE(deleted.ok());
  EXPECT_EQ(deleted->digest, DigestOf(image_));
  EXPECT_TRUE(Tags().empty());
}

TEST_F(ManifestsTest, ImageCanBeDeletedAndRestoredHoweverManyTagsItHas) {
  constexpr int kMany = 10'000;
  ASSERT_TRUE(Put(image_, "v1").ok());
  // As pushes would add them.
  ASSERT_TRUE(world_.owner->database()
                  .Write([&](db::Transaction& tx) -> Status {
                    for (int i = 1; i < kMany; ++i) {
                      BW_TRY_STATUS(tx.Execute(
                          "INSERT INTO tag (repository, name, digest, updated) SELECT r.id, "
                          "CAST($1 AS TEXT), t.digest, t.updated FROM repository r JOIN tag t ON "
                          "t.repository = r.id AND t.name = 'v1'",
                          {std::string(100, 't') + std::to_string(i)}));
                    }
                    return Ok();
                  })
                  .ok());
  RunEvents();
  world_.events.clear();
  const auto deleted = manifests().DeleteImage(world_.Caller(), path_, Ref("v1"));
  ASSERT_TRUE(deleted.ok()) << deleted.error().message();
  EXPECT_EQ(deleted->tags.size(), static_cast<std::size_t>(kMany));
  const auto records = *world_.log.Query({.action = std::string(action::kImageDelete)});
  ASSERT_EQ(records.size(), 1U);
  const auto& changes = records[0].record.changes;
  const auto left_out =
      std::ranges::find(changes, "tags.(more).left_out", &audit::FieldChange::field);
  ASSERT_NE(left_out, changes.end());
  EXPECT_EQ(left_out->before, json::Value(kMany - 1000));
  const auto restored =
      world_.services->trash.RestoreTags(world_.Caller(), path_, DigestOf(image_));
  ASSERT_TRUE(restored.ok()) << restored.error().message();
  EXPECT_EQ(restored->successful.size(), static_cast<std::size_t>(kMany));
  RunEvents();
  // Both of the deletion and of the restored tags.
  EXPECT_EQ(std::ranges::count_if(world_.events,
                                  [](const auto& event) {
                                    const json::Value* more = json::Find(event.second, "more_tags");
                                    return more != nullptr && *more == json::Value(kMany - 100) &&
                                           event.second.at("tags").as_array().size() == 100;
                                  }),
            2);
}

TEST_F(ManifestsTest, BlobThatAManifestNeedsIsNotDeleted) {
  ASSERT_TRUE(Put(image_, "v1").ok());
  Blobs& blobs = world_.services->blobs;
  const Status refused = blobs.Delete(path_, DigestOf("layer"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf("layer")), "layer");
  ASSERT_TRUE(Delete(DigestOf(image_).text()).ok());
  EXPECT_TRUE(blobs.Delete(path_, DigestOf("layer")).ok());
  EXPECT_EQ(world_.ReadBlob(path_, DigestOf("layer")), "(blob_unknown)");
  EXPECT_EQ(blobs.Delete(path_, DigestOf("layer")).error().reason(), "blob_unknown");
}

TEST_F(ManifestsTest, PushAndDeletionsAreEventsOfTheirTransaction) {
  ASSERT_TRUE(Put(image_, "v1", {"v2"}).ok());
  ASSERT_FALSE(Put(ImageManifest("config", {"x"}), "bad").ok());
  ASSERT_TRUE(Delete("v2").ok());
  ASSERT_TRUE(Delete(DigestOf(image_).text()).ok());
  RunEvents();
  ASSERT_EQ(world_.events.size(), 3U);
  EXPECT_EQ(world_.events[0].first, event::kImagePushed);
  EXPECT_EQ(json::Serialize(world_.events[0].second),
            R"({"account":"acc","registry":"us.icr.example","region":"us-south",)"
            R"("repository":"team-a/app","digest":")" +
                DigestOf(image_).text() + R"(","tags":["v1","v2"],"media_type":")" +
                std::string(oci::kOciManifest) + R"("})");
  EXPECT_EQ(world_.events[1].first, event::kTagDeleted);
  EXPECT_EQ(world_.events[2].first, event::kImageDeleted);
  EXPECT_EQ(json::FindText(world_.events[2].second, "media_type"), oci::kOciManifest);
}

TEST_F(ManifestsTest, ChangesAreRecordedAsDataEvents) {
  ASSERT_TRUE(Put(image_, "v1").ok());
  const std::string digest = DigestOf(image_).text();
  ASSERT_TRUE(Delete(digest).ok());
  audit::Filter filter;
  filter.action = std::string(action::kImageDelete);
  const auto records = *world_.log.Query(filter);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_TRUE(records[0].record.data_event);
  EXPECT_EQ(records[0].record.target.name, "team-a/app@" + digest);
}

TEST_F(ManifestsTest, RemovedTagIsNotRecordedAsADeletedImage) {
  ASSERT_TRUE(Put(image_, "v1").ok());
  ASSERT_TRUE(Delete("v1").ok());
  audit::Filter filter;
  filter.action = std::string(action::kImageDelete);
  EXPECT_TRUE(world_.log.Query(filter)->empty());
  filter.action = std::string(action::kImageUntag);
  const auto records = *world_.log.Query(filter);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].record.target.name, "team-a/app:v1");
  EXPECT_EQ(records[0].record.target.digest, DigestOf(image_).text());
}

TEST_F(ManifestsTest, TagListReturnsPagesInBytewiseOrder) {
  for (const char* tag : {"b", "a", "B", "a.b", "a-b", "ab", "_", "1"}) {
    ASSERT_TRUE(Put(image_, tag).ok());
  }
  const std::vector<std::string> all = {"1", "B", "_", "a", "a-b", "a.b", "ab", "b"};
  EXPECT_EQ(Tags(), all);
  std::vector<std::string> paged;
  std::string last;
  bool more = true;
  while (more) {
    const auto page = manifests().Tags(path_, {.last = last, .n = 3});
    ASSERT_TRUE(page.ok());
    paged.insert(paged.end(), page->names.begin(), page->names.end());
    last = page->names.back();
    more = page->more;
  }
  EXPECT_EQ(paged, all);
}

TEST_F(ManifestsTest, TagListTakesAnyNAndAnyLast) {
  ASSERT_TRUE(Put(image_, "a").ok());
  ASSERT_TRUE(Put(image_, "c").ok());
  const auto none = manifests().Tags(path_, {.last = "", .n = 0});
  EXPECT_TRUE(none->names.empty());
  EXPECT_FALSE(none->more);
  EXPECT_EQ(Tags("b"), std::vector<std::string>{"c"});
  EXPECT_EQ(Tags("c"), std::vector<std::string>{});
  EXPECT_EQ(Tags("", SIZE_MAX).size(), 2U);
  const auto exact = manifests().Tags(path_, {.last = "", .n = 2});
  EXPECT_FALSE(exact->more);
}

TEST_F(ManifestsTest, TagListOfARepositoryWithoutManifestsIsEmptyAndOfNoneIsUnknown) {
  EXPECT_TRUE(Tags().empty());
  const auto unknown = manifests().Tags(world_.Repository("team-a/never"), {});
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().reason(), "name_unknown");
}

TEST_F(ManifestsTest, CatalogueListsOnlyWhatMayBeSeen) {
  for (const char* name : {"team-a/app", "team-a/b", "team-a-x/app", "team-b/app", "team-b/b"}) {
    const RepositoryPath path = world_.Repository(name);
    ASSERT_TRUE(world_.PushBlob(path, "config").ok());
    ASSERT_TRUE(manifests()
                    .Put(world_.Caller(), path,
                         {.content = ImageManifest("config", {}),
                          .content_type = "",
                          .reference = Ref("v1"),
                          .tags = {}})
                    .ok());
  }
  ASSERT_TRUE(world_.PushBlob(world_.Repository("team-a/without-manifest"), "x").ok());
  const auto list = [&](const std::string& hidden, const Page& page) {
    return *manifests().Catalogue(
        path_.registry, page, [&](const std::string& ns) -> Result<bool> { return ns != hidden; });
  };
  EXPECT_EQ(list("", {}).names, (std::vector<std::string>{"team-a-x/app", "team-a/app", "team-a/b",
                                                          "team-b/app", "team-b/b"}));
  EXPECT_EQ(list("team-a", {}).names,
            (std::vector<std::string>{"team-a-x/app", "team-b/app", "team-b/b"}));
  const NamesPage page = list("team-a", {.last = "team-a-x/app", .n = 1});
  EXPECT_EQ(page.names, std::vector<std::string>{"team-b/app"});
  EXPECT_TRUE(page.more);
  EXPECT_FALSE(list("team-a", {.last = "team-b/app", .n = 1}).more);
  EXPECT_TRUE(list("", {.last = "", .n = 0}).names.empty());
}

class ReferrersTest : public ManifestsTest {
 protected:
  std::string With(const std::string& subject, const std::string& type) {
    return ImageManifest("config", {},
                         R"(,"artifactType":")" + type + R"(","subject":{"mediaType":"x/y",)" +
                             R"("digest":")" + DigestOf(subject).text() + R"(","size":1})");
  }
  std::size_t CountOf(const std::string& subject, const std::string& type = "") {
    return manifests().Referrers(path_, DigestOf(subject), type, "")->entries.size();
  }
};

TEST_F(ReferrersTest, OfASubjectThatDoesNotExistAreAccepted) {
  const auto pushed = Put(With("absent", "t/a"), "v1");
  ASSERT_TRUE(pushed.ok());
  EXPECT_EQ(*pushed->subject, DigestOf("absent"));
  EXPECT_EQ(CountOf("absent"), 1U);
}

TEST_F(ReferrersTest, AreFilteredByArtifactType) {
  ASSERT_TRUE(Put(With("s", "t/a"), "v1").ok());
  ASSERT_TRUE(Put(With("s", "t/b"), "v2").ok());
  EXPECT_EQ(CountOf("s"), 2U);
  EXPECT_EQ(CountOf("s", "t/a"), 1U);
  EXPECT_EQ(CountOf("s", "t/c"), 0U);
  EXPECT_EQ(CountOf("other"), 0U);
}

TEST_F(ReferrersTest, GoWithThemselvesAndWithTheirSubject) {
  ASSERT_TRUE(Put(image_, "subject").ok());
  const std::string first = With(image_, "t/a");
  const std::string second = With(image_, "t/b");
  const std::string of_second = With(second, "t/c");
  for (const std::string& referrer : {first, second, of_second}) {
    ASSERT_TRUE(Put(referrer, DigestOf(referrer).text()).ok());
  }
  ASSERT_TRUE(Delete(DigestOf(first).text()).ok());
  EXPECT_EQ(CountOf(image_), 1U);
  const auto deleted = manifests().DeleteImage(world_.Caller(), path_, Ref("subject"));
  ASSERT_TRUE(deleted.ok());
  ASSERT_EQ(deleted->attachments.size(), 2U);
  EXPECT_EQ(deleted->attachments[0].digest, DigestOf(second));
  EXPECT_EQ(deleted->attachments[1].digest, DigestOf(of_second));
  EXPECT_EQ(CountOf(image_), 0U);
  EXPECT_EQ(CountOf(second), 0U);
}

// Somebody has named it: it is more than a part of its subject. What is attached to it stays too.
TEST_F(ReferrersTest, WithATagOfTheirOwnStayWhereTheirSubjectGoes) {
  ASSERT_TRUE(Put(image_, "subject").ok());
  const std::string named = With(image_, "t/a");
  const std::string of_named = With(named, "t/b");
  ASSERT_TRUE(Put(named, "sbom").ok());
  ASSERT_TRUE(Put(of_named, DigestOf(of_named).text()).ok());
  const auto deleted = manifests().DeleteImage(world_.Caller(), path_, Ref("subject"));
  ASSERT_TRUE(deleted.ok());
  EXPECT_TRUE(deleted->attachments.empty());
  EXPECT_EQ(Tags(), std::vector<std::string>{"sbom"});
  EXPECT_EQ(CountOf(image_), 1U);
  EXPECT_EQ(CountOf(named), 1U);
}

TEST_F(ReferrersTest, StayWhereAnIndexListsThem) {
  ASSERT_TRUE(Put(image_, "subject").ok());
  const std::string referrer = With(image_, "t/a");
  ASSERT_TRUE(Put(referrer, DigestOf(referrer).text()).ok());
  ASSERT_TRUE(Put(R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) +
                      R"(","manifests":[{"mediaType":"a/b","digest":")" +
                      DigestOf(referrer).text() + R"(","size":1}]})",
                  "list")
                  .ok());
  ASSERT_TRUE(Delete(DigestOf(image_).text()).ok());
  EXPECT_EQ(CountOf(image_), 1U);
}

TEST_F(ReferrersTest, ThatATagNamesLikeItsImageGoWithIt) {
  ASSERT_TRUE(Put(image_, "v1").ok());
  std::string base = DigestOf(image_).text();
  base[base.find(':')] = '-';
  const std::string signature = ImageManifest("config", {}, R"(,"annotations":{"a":"1"})");
  const std::string shared = ImageManifest("config", {}, R"(,"annotations":{"a":"2"})");
  ASSERT_TRUE(Put(signature, base + ".sig").ok());
  ASSERT_TRUE(Put(shared, base + ".att").ok());
  ASSERT_TRUE(Put(shared, "mine").ok());
  ASSERT_TRUE(Put(shared, base + "0.sig").ok());
  ASSERT_TRUE(Delete(DigestOf(image_).text()).ok());
  EXPECT_EQ(Tags(), (std::vector<std::string>{"mine", base + ".att", base + "0.sig"}));
}

TEST_F(ReferrersTest, AreOfOneRepository) {
  ASSERT_TRUE(Put(With("s", "t/a"), "v1").ok());
  const RepositoryPath other = world_.Repository("team-a/other");
  EXPECT_TRUE(manifests().Referrers(other, DigestOf("s"), "", "")->entries.empty());
}

TEST_F(ReferrersTest, TooManyForOneManifestArePaged) {
  const std::string padding(60'000, 'p');
  for (int i = 0; i < 80; ++i) {
    const std::string big =
        ImageManifest("config", {},
                      R"(,"annotations":{"n":")" + std::to_string(i) + R"(","p":")" + padding +
                          R"("},"subject":{"mediaType":"x/y","digest":")" + DigestOf("s").text() +
                          R"(","size":1})");
    ASSERT_TRUE(Put(big, DigestOf(big).text()).ok());
  }
  std::set<std::string> seen;
  std::string after;
  int pages = 0;
  while (true) {
    const auto page = manifests().Referrers(path_, DigestOf("s"), "", after);
    ASSERT_TRUE(page.ok());
    EXPECT_LE(oci::ReferrersIndex(page->entries).size(), oci::kMaxManifestBytes);
    seen.insert(page->entries.begin(), page->entries.end());
    after = page->last;
    ++pages;
    if (!page->more) break;
  }
  EXPECT_EQ(seen.size(), 80U);
  EXPECT_EQ(pages, 2);
}

TEST_F(ManifestsTest, WritersOfDifferentTagsLoseNone) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(Put(image_, "t" + std::to_string(t) + "-" + std::to_string(i)).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Tags().size(), 40U);
}

TEST_F(ManifestsTest, LargeConfigurationsAreReadOfWhatTheRepositoryHas) {
  Manifests reading({.content = &world_.services->content}, world_.database, world_.clock,
                    world_.changes);
  const std::string config =
      R"({"os":"linux","architecture":"amd64","history":")" + std::string(100'000, 'a') + "\"}";
  const auto put = [&] {
    return reading
        .Put(world_.Caller(), path_,
             {.content = ImageManifest(config, {}),
              .content_type = "",
              .reference = Ref("large"),
              .tags = {}})
        .ok();
  };
  ASSERT_TRUE(world_.PushBlob(world_.Repository("team-b/app", "other"), config).ok());
  EXPECT_FALSE(put());
  EXPECT_EQ(world_.Count("image_config"), 0);
  ASSERT_TRUE(world_.PushBlob(path_, config).ok());
  EXPECT_TRUE(put());
  EXPECT_EQ(world_.Count("image_config"), 1);
}

TEST_F(ManifestsTest, ContentReaderListsImagesWithTheirTags) {
  ASSERT_TRUE(Put(image_, "v1", {"v2"}).ok());
  ASSERT_TRUE(Put(image_ + " ", DigestOf(image_ + " ").text()).ok());
  const ContentReader& content = world_.services->content;
  const auto images = content.ListImages(AccountId("acc"), {});
  ASSERT_TRUE(images.ok());
  ASSERT_EQ(images->size(), 2U);
  for (const ImageInfo& image : *images) {
    const bool tagged = image.digest == DigestOf(image_);
    EXPECT_EQ(image.tags.size(), tagged ? 2U : 0U);
    EXPECT_EQ(image.config, DigestOf("config"));
    EXPECT_EQ(image.size, 11U);
  }
  EXPECT_TRUE(content.ListImages(AccountId("other"), {})->empty());
  ImageFilter elsewhere;
  elsewhere.namespaces = {"team-b"};
  EXPECT_TRUE(content.ListImages(AccountId("acc"), elsewhere)->empty());
}

TEST_F(ManifestsTest, ContentReaderReadsManifestsOfTheirOwnerAndBlobs) {
  ASSERT_TRUE(Put(image_, "v1").ok());
  const ContentReader& content = world_.services->content;
  EXPECT_EQ(content.ReadManifest({}, path_.registry, path_.name, Ref("v1"))->content, image_);
  EXPECT_TRUE(content.ReadManifest(AccountId("acc"), path_.registry, path_.name, Ref("v1")).ok());
  EXPECT_EQ(content.ReadManifest(AccountId("other"), path_.registry, path_.name, Ref("v1"))
                .error()
                .reason(),
            "manifest_unknown");
  EXPECT_EQ(*content.ReadBlob(DigestOf("layer"), 100), "layer");
  EXPECT_EQ(content.ReadBlob(DigestOf("layer"), 3).error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(content.OpenBlob(DigestOf("absent")).error().reason(), "blob_unknown");
}

}  // namespace
}  // namespace breakwater::registry
