#include "registry/retention.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "control/facts_testing.h"
#include "registry/counting_database.h"
#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::CountingDatabase;
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

// A tool that copies may bring a signature before its image.
TEST(RetentionRules, KeepForAnHourWhatIsNamedAfterAnImageThatIsNotThere) {
  RetentionCandidate signature = Candidate(1);
  signature.is_ahead = true;
  signature.pushed = Day(1000) - std::chrono::minutes{59};
  RetentionCandidate late = signature;
  late.pushed = Day(1000) - std::chrono::minutes{60};
  EXPECT_EQ(
      Judged({.images_per_repo = 1, .retain_untagged = false}, {Candidate(9), signature, late}),
      "newest arriving delete");
}

TEST(RetentionRules, KeepHeldAndYoungImagesAboveTheCount) {
  RetentionCandidate held = Candidate(1);
  held.is_held = true;
  EXPECT_EQ(Judged({.images_per_repo = 1, .retain_untagged = false, .deletion_threshold_days = 10},
                   {Candidate(999), Candidate(995), Candidate(990), held, Candidate(5)}),
            "newest below_threshold delete held delete");
}

// Whoever was never pulled counts by the date of the push.
TEST(RetentionRules, CountByTheLastPull) {
  std::vector<RetentionCandidate> images{Candidate(1), Candidate(2), Candidate(3), Candidate(4)};
  images[2].pulled = Day(1001);
  images[3].pulled = Day(990);  // before it was pushed again
  const RetentionPolicy policy{.images_per_repo = 2, .order = RetentionOrder::kPulled};
  EXPECT_EQ(Judged(policy, images), "newest delete newest delete");
  RetentionPolicy threshold = policy;
  threshold.images_per_repo = 1;
  threshold.deletion_threshold_days = 2;
  images[0].pulled = Day(999);
  EXPECT_EQ(Judged(threshold, images), "below_threshold delete newest delete");
  for (const auto order :
       {RetentionOrder::kCreated, RetentionOrder::kPushed, RetentionOrder::kPulled}) {
    EXPECT_EQ(ParseRetentionOrder(ToString(order)), order);
  }
}

// What execution relies on when it looks at a part of a repository.
TEST(RetentionRules, WhatGoesAmongSomeGoesAmongAll) {
  EXPECT_TRUE(rc::check([](const std::vector<std::pair<std::uint8_t, std::uint8_t>>& made,
                           std::uint8_t keep, std::uint8_t days, bool retain_untagged) {
    std::vector<RetentionCandidate> all;
    std::vector<RetentionCandidate> some;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < made.size(); ++i) {
      const auto [bits, day] = made[i];
      RetentionCandidate one = Candidate(day, (bits & 1) != 0 ? "t" : "");
      one.digest = DigestOf(std::to_string(i));
      one.is_index = (bits & 6) == 6;
      one.is_listed = (bits & 24) == 24;
      one.is_held = (bits & 96) == 96;
      all.push_back(one);
      if ((bits & 128) != 0) continue;
      some.push_back(one);
      places.push_back(i);
    }
    const RetentionPolicy policy{.images_per_repo = keep % 5 + 1,
                                 .retain_untagged = retain_untagged,
                                 .deletion_threshold_days = days};
    const auto of_all = Judge(policy, all, Day(300));
    const auto of_some = Judge(policy, some, Day(300));
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (of_some[i] == Verdict::kDelete) RC_ASSERT(of_all[places[i]] == Verdict::kDelete);
    }
  }));
}

TEST(RetentionRules, KeepInMemoryNoMoreThanTheNewest) {
  NewestImages newest({.images_per_repo = 2, .retain_untagged = false}, Day(300));
  for (const int day : {5, 1, 9, 3, 7}) newest.Add(Candidate(day));
  const auto digests = newest.digests();
  EXPECT_EQ(std::set(digests.begin(), digests.end()),
            (std::set{Candidate(9).digest, Candidate(7).digest}));
  EXPECT_EQ(newest.judgement().Of(Candidate(9)), Verdict::kNewest);
  EXPECT_EQ(newest.judgement().Of(Candidate(5)), Verdict::kDelete);
}

TEST(RetentionRules, AJudgementIsGoneOnWithByItsText) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint8_t>& days, std::uint8_t keep,
                           std::uint8_t threshold, bool by_push) {
    const RetentionPolicy policy{
        .images_per_repo = keep % 5 + 1,
        .retain_untagged = false,
        .deletion_threshold_days = threshold,
        .order = by_push ? RetentionOrder::kPushed : RetentionOrder::kCreated};
    NewestImages newest(policy, Day(300));
    for (const std::uint8_t day : days) newest.Add(Candidate(day));
    const RetentionJudgement judged = newest.judgement();
    const auto later = Day(300) + std::chrono::hours{1};
    const auto known = RetentionJudgement::FromText(judged.ToText(), policy, later);
    RC_ASSERT(known.has_value());
    for (int day = 0; day < 256; ++day) {
      RC_ASSERT(known->Of(Candidate(day)) == judged.Of(Candidate(day)));
    }
    RetentionPolicy other = policy;
    ++other.images_per_repo;
    RC_ASSERT(!RetentionJudgement::FromText(judged.ToText(), other, later));
  }));
}

TEST(RetentionRules, AJudgementThatIsNoneIsNotGoneOnWith) {
  const RetentionPolicy policy{.images_per_repo = 1, .retain_untagged = false};
  NewestImages newest(policy, Day(300));
  newest.Add(Candidate(1));
  const std::string text = newest.judgement().ToText();
  const auto goes = [&](std::string_view some, Timestamp now) {
    return RetentionJudgement::FromText(some, policy, now).has_value();
  };
  EXPECT_TRUE(goes(text, Day(300)));
  EXPECT_TRUE(goes(text, Day(300) + kJudgementLife));
  EXPECT_FALSE(goes(text, Day(300) + kJudgementLife + std::chrono::microseconds{1}));
  EXPECT_FALSE(goes(text, Day(300) - std::chrono::microseconds{1}));
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    const std::string part = text.substr(0, cut);
    // What ends with the policy's name keeps everything, and tells nothing.
    const bool whole = std::ranges::count(part, '.') == 1 && text[cut] == '.';
    EXPECT_EQ(goes(part, Day(300)), whole) << part;
  }
  EXPECT_FALSE(goes(text + ".", Day(300)));
  EXPECT_FALSE(goes("9223372036854775807" + text.substr(text.find('.')), Day(300)));
  EXPECT_FALSE(goes("-9223372036854775808" + text.substr(text.find('.')), Day(300)));
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
    for (const auto& [repository, digest] : world_.GoingBy("team-a", policy)) all.insert(digest);
    return all;
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

TEST_F(RetentionTest, APolicyIsAFactOfItsNamespace) {
  control::testing::SourceReader reader(world_.database, world_.services->tag_immutability);
  control::testing::FactNews news(*world_.jobs);
  const condition::ResourceType type{"container-registry", "namespace"};
  const auto name_space = reader.List(type, AccountId("acc")).front();
  EXPECT_EQ(reader.Text(name_space, "retention_policy"), "false");
  EXPECT_EQ(reader.Text(name_space, "retention_images_per_repository"), "absent");
  news.Take();
  ASSERT_TRUE(world_.retention
                  .Set(world_.Caller(), AccountId("acc"), world_.registry(), name_space.name,
                       {.images_per_repo = 3})
                  .ok());
  EXPECT_EQ(news.Take(), std::vector<std::string>{"namespace " + name_space.name});
  EXPECT_EQ(reader.Text(name_space, "retention_policy"), "true");
  EXPECT_EQ(reader.Text(name_space, "retention_images_per_repository"), "3");
  control::testing::ExpectCatalogued(type, *reader.Read(name_space));
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

std::string NameFor(const std::string& image, const std::string& suffix = ".sig") {
  std::string name = DigestOf(image).text() + suffix;
  std::ranges::replace(name, ':', '-');
  return name;
}

TEST_F(RetentionTest, ATagBelongsToTheImageItIsNamedAfterWhereThatIsThere) {
  const std::string image = Push(9, "kept");
  Push(1, NameFor(image));
  Push(2, NameFor(image, ""));
  world_.clock.Advance(kArrival);
  ASSERT_TRUE(Set({.images_per_repo = 1, .retain_untagged = false}).ok());
  ASSERT_TRUE(world_.jobs->RunDue().ok());
  EXPECT_EQ(world_.Count("manifest"), 3);
}

TEST_F(RetentionTest, ATagNamedAfterAnImageThatIsNotThereCountsLikeAnyOther) {
  Push(9, "kept");
  const std::string loose = Push(1, NameFor("never pushed", ".cache"));
  const std::string bare = Push(2, NameFor("never pushed", ""));
  const std::string itself = Push(3, "");
  Put(itself, NameFor(itself, ""));  // its own name makes it belong to no other image
  const RetentionPolicy policy{.images_per_repo = 1, .retain_untagged = false};
  EXPECT_EQ(Analysed(policy), std::set{DigestOf(itself).text()});
  world_.clock.Advance(kArrival);
  EXPECT_EQ(Analysed(policy),
            (std::set{DigestOf(loose).text(), DigestOf(bare).text(), DigestOf(itself).text()}));
  ASSERT_TRUE(Set(policy).ok());
  ASSERT_TRUE(world_.jobs->RunDue().ok());
  EXPECT_EQ(Tags(), Texts{"kept"});
}

// Where signatures have a repository of their own, no image that they are of is there.
TEST_F(RetentionTest, ASignatureStaysWhereverItsImageIs) {
  int day = 1;
  for (const char* suffix : {".sig", ".att", ".sbom"}) Push(day++, NameFor("elsewhere", suffix));
  world_.clock.Advance(kArrival);
  EXPECT_TRUE(Analysed({.images_per_repo = 1, .retain_untagged = false}).empty());
}

TEST_F(RetentionTest, WhatIsNamedAfterTwoImagesBelongsToTheOneThatIsThere) {
  const std::string image = Push(9, "kept");
  const std::string both = Push(1, NameFor(image, ".cache"));
  Put(both, NameFor("never pushed", ".cache"));
  world_.clock.Advance(kArrival);
  EXPECT_TRUE(Analysed({.images_per_repo = 1, .retain_untagged = false}).empty());
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

TEST_F(RetentionTest, ReadsAgainWhatIsOlderThanItsPlatform) {
  Push(1, "v1");
  ASSERT_TRUE(world_.owner->database()
                  .Write([](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(
                        tx.Execute("UPDATE image_config SET platform = NULL, created = NULL"));
                    return Ok();
                  })
                  .ok());
  Push(2, "v2");
  EXPECT_EQ(Analysed({.images_per_repo = 1}).size(), 1U);
}

TEST_F(RetentionTest, WhatWasPulledStays) {
  const std::string first = Push(1, "v1");
  world_.clock.Advance(std::chrono::hours{2});
  Push(2, "v2");
  Push(3, "v3");
  const RetentionPolicy policy{
      .images_per_repo = 1, .retain_untagged = false, .order = RetentionOrder::kPulled};
  world_.clock.Advance(std::chrono::hours{2});
  world_.services->last_pulls.Note(path_, DigestOf(first));
  ASSERT_TRUE(world_.services->last_pulls.Flush().ok());
  EXPECT_EQ(Analysed(policy).size(), 2U);
  ASSERT_TRUE(Set(policy).ok());
  ASSERT_TRUE(world_.jobs->RunDue().ok());
  EXPECT_EQ(Tags(), Texts{"v1"});
}

// Retention over a database that counts.
class CountedRetention : public RetentionTest {
 protected:
  CountingDatabase counting_{world_.owner->database()};
  control::ChangePath changes_{counting_,         world_.log,  *world_.jobs,
                               world_.authorizer, world_.gate, world_.facts};
  Retention counted_{{counting_, world_.store, world_.clock, world_.registries, changes_,
                      world_.log, *world_.jobs, ManifestOptions{}.trash_life}};

  // Rows read to delete all but three of so many images.
  std::int64_t RowsFor(int images) {
    for (int i = 0; i < images; ++i) Push(i, "v" + std::to_string(i));
    EXPECT_TRUE(Set({.images_per_repo = 3, .retain_untagged = false}).ok());
    counting_.rows = 0;
    EXPECT_EQ(*counted_.ApplyAll(), images - 3);
    EXPECT_TRUE(Set({}).ok());
    return counting_.rows;
  }
};

TEST_F(CountedRetention, ReadsAsManyRowsForAnImageInALargeRepositoryAsInASmallOne) {
  const double small = static_cast<double>(RowsFor(203)) / 200;
  path_ = world_.Repository("team-a/large");
  const double large = static_cast<double>(RowsFor(1003)) / 1000;
  EXPECT_LT(large, small * 1.1);
}

TEST_F(CountedRetention, GoesOnWithAJudgementWithoutReadingTheRepositoryAgain) {
  for (int i = 0; i < 230; ++i) Push(i, "v" + std::to_string(i));
  const RetentionPolicy policy{.images_per_repo = 3, .retain_untagged = false};
  const auto judged = counted_.JudgeNext(path_.registry, "team-a", policy, "");
  ASSERT_TRUE(judged.ok() && judged->has_value());
  const std::string text = (*judged)->judgement.ToText();
  counting_.rows = 0;
  const auto known = counted_.GoOn(path_.registry, "team-a", policy, path_.name, text);
  ASSERT_TRUE(known.ok() && known->has_value());
  const auto some = counted_.ImagesOf(path_.registry, "team-a", **known, "", 10);
  ASSERT_TRUE(some.ok());
  EXPECT_EQ(some->images.size(), 10U);
  EXPECT_TRUE(some->more);
  EXPECT_LE(counting_.rows, 30);
  const auto all = counted_.ImagesOf(path_.registry, "team-a", **judged, "", 500);
  const auto again = counted_.ImagesOf(path_.registry, "team-a", **known, "", 500);
  EXPECT_EQ(again->verdicts, all->verdicts);
}

TEST_F(CountedRetention, GoesOnOnlyInTheNamespaceThatIsAskedAbout) {
  Push(1, "v1");
  const RetentionPolicy policy{.images_per_repo = 3, .retain_untagged = false};
  const auto judged = counted_.JudgeNext(path_.registry, "team-a", policy, "");
  ASSERT_TRUE(judged.ok() && judged->has_value());
  const std::string text = (*judged)->judgement.ToText();
  EXPECT_FALSE(counted_.GoOn(path_.registry, "team-b", policy, path_.name, text)->has_value());
  EXPECT_FALSE(counted_.GoOn(path_.registry, "team-a", policy, "team-a/gone", text)->has_value());
}

TEST_F(CountedRetention, JudgesAnewWhenTheNewestGoMeanwhile) {
  for (int i = 0; i < 230; ++i) Push(i, "v" + std::to_string(i));
  ASSERT_TRUE(Set({.images_per_repo = 2, .retain_untagged = false}).ok());
  counting_.before_next_write = [&] {
    for (const char* newest : {"v228", "v229"}) {
      ASSERT_TRUE(world_.services->manifests.DeleteImage(world_.Caller(), path_, Ref(newest)).ok());
    }
  };
  EXPECT_EQ(*counted_.ApplyAll(), 226);
  EXPECT_EQ(Tags(), (Texts{"v226", "v227"}));
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
