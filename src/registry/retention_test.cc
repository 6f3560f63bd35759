#include "registry/retention.h"

#include <gtest/gtest.h>

#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::World;
using Texts = std::vector<std::string>;
using Verdict = RetentionVerdict;

oci::Digest DigestOf(const std::string& text) {
  return oci::Digest::Of(AsBytes(text));
}

Timestamp Day(int day) {
  return FromMicros((kFirstRealBuild + day * 86'400LL) * 1'000'000);
}

// By its date, with a tag.
RetentionCandidate Candidate(int day, const std::string& tag = "t") {
  RetentionCandidate candidate{.digest = DigestOf("image " + std::to_string(day))};
  if (!tag.empty()) candidate.tags = {tag};
  candidate.created = Day(day);
  candidate.pushed = Day(1000 - day);
  return candidate;
}

std::string Judged(const RetentionPolicy& policy, const std::vector<RetentionCandidate>& images) {
  std::string text;
  for (const Verdict verdict : Judge(policy, images, Day(1000))) {
    text += std::string(text.empty() ? "" : " ") + std::string(ToString(verdict));
  }
  return text;
}

TEST(RetentionRules, KeepTheNewestByDateOfBuild) {
  const std::vector<RetentionCandidate> images{Candidate(2), Candidate(3), Candidate(1)};
  EXPECT_EQ(Judged({}, images), "keeps_all keeps_all keeps_all");
  EXPECT_EQ(Judged({.images_per_repo = 2, .retain_untagged = false}, images),
            "newest newest delete");
  EXPECT_EQ(Judged({.images_per_repo = 1, .order = RetentionOrder::kPushed}, images),
            "delete delete newest");
}

TEST(RetentionRules, NeitherCountNorDeleteWhatHasNoDateOrIsNeeded) {
  RetentionCandidate undated = Candidate(1);
  undated.created = std::nullopt;
  RetentionCandidate fixed = Candidate(0);
  fixed.created = Day(0) - std::chrono::seconds{1};
  RetentionCandidate index = Candidate(9);
  index.is_index = true;
  RetentionCandidate child = Candidate(8, "");
  child.is_listed = true;
  RetentionCandidate signature = Candidate(7);
  signature.is_attached = true;
  EXPECT_EQ(Judged({.images_per_repo = 1, .retain_untagged = false},
                   {undated, fixed, index, child, signature, Candidate(2), Candidate(1)}),
            "no_date fixed_date index listed attachment newest delete");
  EXPECT_EQ(Judged({.images_per_repo = 1, .order = RetentionOrder::kPushed}, {undated, fixed}),
            "delete newest");
}

TEST(RetentionRules, UntaggedImagesCountUnlessRetained) {
  const std::vector<RetentionCandidate> images{Candidate(3, ""), Candidate(2), Candidate(1, "")};
  EXPECT_EQ(Judged({.images_per_repo = 1, .retain_untagged = false}, images),
            "newest delete delete");
  EXPECT_EQ(Judged({.images_per_repo = 1, .retain_untagged = true}, images),
            "untagged newest untagged");
}

// A run between the push of a part and that of the list that names it.
TEST(RetentionRules, KeepPartsOfAListThatIsBeingPushed) {
  RetentionCandidate part = Candidate(1, "");
  part.was_tagged = false;
  part.pushed = Day(1000) - std::chrono::minutes{59};
  RetentionCandidate late = part;
  late.pushed = Day(1000) - std::chrono::minutes{60};
  RetentionCandidate untagged = part;  // its tag moved away
  untagged.was_tagged = true;
  EXPECT_EQ(Judged({.images_per_repo = 1, .retain_untagged = false},
                   {Candidate(9), part, late, untagged}),
            "newest arriving delete delete");
}

TEST(RetentionRules, KeepHeldAndYoungImagesAboveTheCount) {
  RetentionCandidate held = Candidate(1);
  held.is_held = true;
  EXPECT_EQ(Judged({.images_per_repo = 1, .retain_untagged = false, .deletion_threshold_days = 10},
                   {Candidate(999), Candidate(995), Candidate(990), held, Candidate(5)}),
            "newest below_threshold delete held delete");
}

TEST(RetentionRules, PoliciesAreChecked) {
  EXPECT_FALSE(Validate({.images_per_repo = 0}).ok());
  EXPECT_FALSE(Validate({.images_per_repo = -2}).ok());
  EXPECT_FALSE(Validate({.deletion_threshold_days = -1}).ok());
  EXPECT_TRUE(Validate({.images_per_repo = -1, .retain_untagged = false}).ok());
}

class RetentionTest : public ::testing::Test {
 protected:
  Retention& retention() { return world_.retention; }
  static oci::Reference Ref(const std::string& text) { return *oci::Reference::Parse(text); }
  // An image built on that day; its manifest.
  std::string Push(int day, const std::string& tag, const std::string& more = "") {
    std::string config = R"({"created":")" + FormatRfc3339(Day(day)) + R"("})";
    EXPECT_TRUE(world_.PushBlob(path_, config).ok());
    return Put(testing::ImageManifest(config, {}, more), tag);
  }
  std::string Put(const std::string& content, const std::string& tag) {
    const auto put = world_.services->manifests.Put(
        world_.Caller(), path_,
        {.content = content,
         .content_type = "",
         .reference = Ref(tag.empty() ? DigestOf(content).text() : tag),
         .tags = {}});
    EXPECT_TRUE(put.ok());
    return content;
  }
  Status Set(const RetentionPolicy& policy) {
    return retention().Set(world_.Caller(), AccountId("acc"), world_.registry(), "team-a", policy);
  }
  Texts Tags() {
    const auto page = world_.services->manifests.Tags(path_, {});
    return page.ok() ? page->names : Texts{page.error().reason()};
  }
  // Digests that the policy would delete.
  std::set<std::string> Analysed(const RetentionPolicy& policy) {
    std::set<std::string> all;
    std::string after;
    while (true) {
      const auto judged = retention().JudgeNext(world_.registry().name, "team-a", policy, after);
      EXPECT_TRUE(judged.ok());
      if (!judged.ok() || !*judged) return all;
      after = (*judged)->name;
      for (std::size_t i = 0; i < (*judged)->images.size(); ++i) {
        if ((*judged)->verdicts[i] != Verdict::kDelete) continue;
        all.insert((*judged)->images[i].digest.text());
      }
    }
  }

  World world_;
  RepositoryPath path_ = world_.Repository("team-a/app");
};

TEST_F(RetentionTest, PolicyIsTheDefaultUntilSetAndAgainWhenUnset) {
  const auto get = [&] {
    return *retention().Get(AccountId("acc"), world_.registry().name, "team-a");
  };
  EXPECT_EQ(get(), RetentionPolicy{});
  const RetentionPolicy policy{.images_per_repo = 5,
                               .retain_untagged = false,
                               .deletion_threshold_days = 7,
                               .order = RetentionOrder::kPushed};
  ASSERT_TRUE(Set(policy).ok());
  EXPECT_EQ(get(), policy);
  const auto all = retention().List(world_.registry().name, {"team-a", "team-b"});
  EXPECT_EQ(all->at("team-a"), policy);
  EXPECT_EQ(all->at("team-b"), RetentionPolicy{});
  ASSERT_TRUE(Set({}).ok());
  EXPECT_EQ(get(), RetentionPolicy{});
  EXPECT_EQ(world_.Count("retention_policy"), 0);
  EXPECT_EQ(retention().Get(AccountId("other"), world_.registry().name, "team-a").error().reason(),
            "name_unknown");
  EXPECT_EQ(
      retention()
          .Set(world_.Caller("other"), AccountId("other"), world_.registry(), "team-a", policy)
          .error()
          .reason(),
      "name_unknown");
}

TEST_F(RetentionTest, SettingAPolicyDeletesToTheTrashWhatAnalysisSaid) {
  Push(1, "v1");
  Push(2, "v2");
  Push(3, "v3");
  const RetentionPolicy policy{.images_per_repo = 1, .retain_untagged = false};
  const auto expected = Analysed(policy);
  EXPECT_EQ(expected.size(), 2U);
  EXPECT_EQ(Tags(), (Texts{"v1", "v2", "v3"}));
  ASSERT_TRUE(Set(policy).ok());
  ASSERT_TRUE(world_.jobs->RunDue().ok());
  EXPECT_EQ(Tags(), Texts{"v3"});
  std::set<std::string> trashed;
  const auto page = world_.services->trash.List(path_.registry, {"team-a"}, {});
  for (const TrashedImage& image : page->images) {
    trashed.insert(image.digest.text());
  }
  EXPECT_EQ(trashed, expected);
  EXPECT_TRUE(Analysed(policy).empty());
}

TEST_F(RetentionTest, EveryDeletionIsRecordedAndAnnounced) {
  Push(1, "v1");
  Push(2, "v2");
  Push(3, "v3");
  ASSERT_TRUE(world_.jobs->RunDue().ok());
  world_.events.clear();
  ASSERT_TRUE(Set({.images_per_repo = 1, .retain_untagged = false}).ok());
  ASSERT_TRUE(world_.jobs->RunDue().ok());
  EXPECT_EQ(world_.events.size(), 2U);
  const auto records = world_.log.Query({.action = "container-registry.image.delete"});
  ASSERT_EQ(records->size(), 2U);
  EXPECT_EQ((*records)[0].record.initiator.kind, "system");
  EXPECT_EQ((*records)[0].record.target.name.substr(0, 11), "team-a/app@");
}

TEST_F(RetentionTest, NeverBreaksAnIndexASignatureOrAHold) {
  const std::string child = Push(1, "");
  const std::string image = Push(9, "kept");
  Push(2, "",
       R"(,"subject":{"mediaType":"a/b","size":1,"digest":")" + DigestOf(image).text() + "\"}");
  Push(3, "release-1");
  Push(4, "gone");
  Put(R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) +
          R"(","manifests":[{"mediaType":"a/b","size":1,"digest":")" + DigestOf(child).text() +
          "\"}]}",
      "all");
  ASSERT_TRUE(world_.services->tag_immutability
                  .Set(world_.Caller(), AccountId("acc"), world_.registry(), "team-a",
                       {.immutable = {"release-*"}, .except = {}})
                  .ok());
  ASSERT_TRUE(Set({.images_per_repo = 1, .retain_untagged = false}).ok());
  ASSERT_TRUE(world_.jobs->RunDue().ok());
  EXPECT_EQ(Tags(), (Texts{"all", "kept", "release-1"}));
  EXPECT_EQ(world_.Count("manifest"), 5);
}

TEST_F(RetentionTest, ReadsDatesThatNoRowKnows) {
  Push(1, "v1");
  Push(2, "v2");
  ASSERT_TRUE(world_.owner->database()
                  .Write([](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(tx.Execute("DELETE FROM image_config"));
                    return Ok();
                  })
                  .ok());
  EXPECT_EQ(Analysed({.images_per_repo = 1}).size(), 1U);
  EXPECT_EQ(world_.Count("image_config"), 2);
}

TEST_F(RetentionTest, ManyImagesGoInPieces) {
  for (int i = 0; i < 230; ++i) Push(i, "v" + std::to_string(i));
  ASSERT_TRUE(Set({.images_per_repo = 3, .retain_untagged = false}).ok());
  EXPECT_EQ(*retention().ApplyAll(), 227);
  EXPECT_EQ(Tags(), (Texts{"v227", "v228", "v229"}));
  EXPECT_EQ(*retention().ApplyAll(), 0);
}

}  // namespace
}  // namespace breakwater::registry
