#include "advisor/advisor.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <gtest/gtest.h>

#include "advisor/importer.h"
#include "advisor/job_kinds.h"
#include "advisor/test_images.h"
#include "advisor/test_support.h"

namespace breakwater::advisor {
namespace {

using testing::Files;
using testing::MakeLayer;
using testing::PushImage;

const RegistryName kHere{registry::testing::kRegistry};
const AccountId kAccount{"acc"};

// Lets a test act between an image's reading and the storing of its result.
class HookedClock final : public Clock {
 public:
  explicit HookedClock(const Clock& inner) : inner_(inner) {}
  Timestamp Now() const override {
    if (const auto once = std::exchange(hook_, nullptr)) once();
    return inner_.Now();
  }
  void Once(std::function<void()> hook) { hook_ = std::move(hook); }

 private:
  const Clock& inner_;
  mutable std::function<void()> hook_;
};

class AdvisorTest : public ::testing::Test {
 protected:
  AdvisorTest() {
    advisor_.Register();
    world_.jobs->Register("witness.assessed", {}, [this](const jobs::Job& job) {
      assessed_.push_back(job.payload);
      return Ok();
    });
    world_.jobs->Subscribe(std::string(kImageAssessed), "witness.assessed");
    world_.jobs->Register("witness.forgotten", {}, [this](const jobs::Job& job) {
      forgotten_.push_back(job.payload);
      assessed_before_forgotten_ = assessed_.size();
      return Ok();
    });
    world_.jobs->Subscribe(std::string(kImageForgotten), "witness.forgotten");
  }

  void Run() { ASSERT_TRUE(world_.jobs->RunDue().ok()); }
  void ImportSample() { ASSERT_TRUE(importer_.ImportSample().ok()); }

  Result<ImageReport> Report(const std::string& repository, const std::string& reference) {
    auto parsed = oci::Reference::Parse(reference);
    EXPECT_TRUE(parsed.ok());
    return advisor_.Report(kAccount, kHere, repository, *parsed);
  }
  Assessment MustReport(const std::string& repository, const std::string& reference = "1") {
    auto report = Report(repository, reference);
    EXPECT_TRUE(report.ok()) << report.error().message();
    return report.ok() ? report->assessment : Assessment{};
  }

  void Delete(const std::string& repository, const oci::Reference& reference) {
    ASSERT_TRUE(
        world_.services->manifests.Delete(world_.Caller(), world_.Repository(repository), reference)
            .ok());
  }
  // An image without its layers; what it needs is its configuration.
  void PushSparse(const std::string& repository, const std::vector<testing::Layer>& layers) {
    const auto path = world_.Repository(repository);
    const std::string config = testing::ConfigOf(layers);
    ASSERT_TRUE(world_.PushBlob(path, config).ok());
    std::vector<std::string> blobs;
    for (const testing::Layer& layer : layers) blobs.push_back(layer.blob);
    registry::Manifests lenient({.accept_absent_layers = true}, world_.database, world_.clock,
                                world_.changes);
    ASSERT_TRUE(lenient
                    .Put(world_.Caller(), path,
                         {.content = registry::testing::ImageManifest(config, blobs),
                          .content_type = "",
                          .reference = *oci::Reference::Parse("1"),
                          .tags = {}})
                    .ok());
  }
  // Digest and tags of the last announcement.
  std::string LastAnnounced() const {
    if (assessed_.empty()) return "";
    return std::string(json::FindText(assessed_.back(), "digest")) + " " +
           json::Serialize(*json::Find(assessed_.back(), "tags"));
  }

  static Files Debian(const std::string& sample) {
    const auto folder = testing::Sample(sample);
    return {{"usr/lib/os-release", testing::ReadText(folder / "os-release")},
            {"var/lib/dpkg/status", testing::ReadText(folder / "status")}};
  }

  registry::testing::World world_;
  HookedClock clock_{world_.clock};
  Advisor advisor_{{}, world_.database, *world_.jobs, clock_, world_.services->content};
  Importer importer_{world_.database, *world_.jobs, world_.clock};
  std::vector<json::Value> assessed_;
  std::vector<json::Value> forgotten_;
  std::size_t assessed_before_forgotten_ = 0;
};

// The manifest of an image with a signed statement among its layers.
std::string WithStatement(const std::string& config, const testing::Layer& layer) {
  const auto descriptor = [](std::string_view type, const std::string& bytes) {
    return R"({"mediaType":")" + std::string(type) + R"(","digest":")" +
           oci::Digest::Of(AsBytes(bytes)).text() + R"(","size":)" + std::to_string(bytes.size()) +
           "}";
  };
  return R"({"schemaVersion":2,"config":)" +
         descriptor("application/vnd.oci.image.config.v1+json", config) + R"(,"layers":[)" +
         descriptor("application/vnd.in-toto+json", "statement") + "," +
         descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer.blob) + "]}";
}

TEST_F(AdvisorTest, APushedImageIsAssessedAndAnnounced) {
  ImportSample();
  const oci::Digest digest = PushImage(world_, "tests/app", "1", {MakeLayer(Debian("at-release"))});
  EXPECT_EQ(Report("tests/app", "1").error().reason(), "image_not_scanned");
  Run();
  const Assessment assessment = MustReport("tests/app");
  EXPECT_EQ(assessment.status, ImageStatus::kFail);
  EXPECT_EQ(testing::KeysOf(assessment.findings),
            testing::ExpectedKeys(testing::Sample("at-release") / "expected.tsv"));

  ASSERT_EQ(assessed_.size(), 1U);
  const json::Value& event = assessed_[0];
  EXPECT_EQ(json::FindText(event, "account"), "acc");
  EXPECT_EQ(json::FindText(event, "registry"), kHere.value());
  EXPECT_EQ(json::FindText(event, "region"), "us-south");
  EXPECT_EQ(json::FindText(event, "repository"), "tests/app");
  EXPECT_EQ(json::FindText(event, "digest"), digest.text());
  EXPECT_EQ(json::FindText(event, "status"), "FAIL");
  EXPECT_EQ(json::Serialize(*json::Find(event, "tags")), R"(["1"])");
  EXPECT_EQ(json::Find(event, "top")->as_array().size(), 10U);
  EXPECT_EQ(json::FindText(json::Find(event, "top")->as_array()[0], "severity"), "critical");
  EXPECT_GT(json::Find(*json::Find(event, "counts"), "critical")->as_int64(), 0);
  EXPECT_GT(json::Find(*json::Find(event, "fixable"), "high")->as_int64(), 0);
}

TEST_F(AdvisorTest, AStatementAmongTheLayersHidesNothing) {
  ImportSample();
  const testing::Layer layer = MakeLayer(Debian("at-release"));
  const std::string alone = testing::ConfigOf({layer});
  const std::string counted = testing::ConfigOf(
      {{.blob = {}, .diff_id = oci::Digest::Of(AsBytes("statement")).text()}, layer});
  for (const std::string& config : {alone, counted}) {
    const auto path = world_.Repository("tests/app");
    for (const std::string& blob : {config, layer.blob, std::string("statement")}) {
      ASSERT_TRUE(world_.PushBlob(path, blob).ok());
    }
    ASSERT_TRUE(world_.services->manifests
                    .Put(world_.Caller(), path,
                         {.content = WithStatement(config, layer),
                          .content_type = std::string(oci::kOciManifest),
                          .reference = *oci::Reference::Parse("1"),
                          .tags = {}})
                    .ok());
    Run();
    EXPECT_EQ(MustReport("tests/app").status, ImageStatus::kFail) << config;
  }
}

TEST_F(AdvisorTest, AnImageThatWasSomethingElseIsReadOnceItIsOne) {
  ImportSample();
  const testing::Layer layer = MakeLayer(Debian("at-release"));
  const std::string config = testing::ConfigOf({layer});
  const auto path = world_.Repository("tests/app");
  for (const std::string& blob : {config, layer.blob, std::string("statement")}) {
    ASSERT_TRUE(world_.PushBlob(path, blob).ok());
  }
  for (const std::string& type :
       {std::string("application/vnd.example+json"), std::string(oci::kOciManifest)}) {
    ASSERT_TRUE(world_.services->manifests
                    .Put(world_.Caller(), path,
                         {.content = WithStatement(config, layer),
                          .content_type = type,
                          .reference = *oci::Reference::Parse("1"),
                          .tags = {}})
                    .ok());
    Run();
  }
  EXPECT_EQ(MustReport("tests/app").status, ImageStatus::kFail);
}

TEST_F(AdvisorTest, UpperLayersDecideWhatIsInstalled) {
  ImportSample();
  const auto base = MakeLayer(Debian("at-release"));
  const auto upgrade = MakeLayer(
      {{"var/lib/dpkg/status", testing::ReadText(testing::Sample("minimal") / "status")}});
  PushImage(world_, "tests/app", "1", {base, upgrade});
  Run();
  const Assessment assessment = MustReport("tests/app");
  EXPECT_EQ(testing::KeysOf(assessment.findings),
            testing::ExpectedKeys(testing::Sample("minimal") / "expected.tsv"));
  EXPECT_EQ(assessment.status, ImageStatus::kOk) << "nothing of it has a fix";
}

TEST_F(AdvisorTest, AnImportChangesTheWordOnImagesThatAreThere) {
  PushImage(world_, "tests/app", "1", {MakeLayer(Debian("at-release"))});
  Run();
  EXPECT_EQ(MustReport("tests/app").status, ImageStatus::kIncomplete);
  ASSERT_EQ(assessed_.size(), 1U);
  EXPECT_EQ(json::FindText(assessed_[0], "reason"), "no advisory data has been imported");

  ImportSample();
  EXPECT_EQ(MustReport("tests/app").status, ImageStatus::kFail) << "before any job has run";
  Run();
  ASSERT_EQ(assessed_.size(), 2U);
  EXPECT_EQ(json::FindText(assessed_[1], "status"), "FAIL");
  ImportSample();
  Run();
  EXPECT_EQ(assessed_.size(), 2U) << "the same result is no news";
  auto verdicts = advisor_.Verdicts(kAccount, kHere);
  ASSERT_TRUE(verdicts.ok());
  ASSERT_EQ(verdicts->size(), 1U);
  EXPECT_EQ(verdicts->at(0).verdict.status, ImageStatus::kFail);
  EXPECT_GT(verdicts->at(0).verdict.issues, 0);
}

TEST_F(AdvisorTest, DamagedLayersMakeAnImageIncompleteNotClean) {
  ImportSample();
  auto layer = MakeLayer(Debian("minimal"));
  layer.blob.resize(layer.blob.size() / 2);
  PushImage(world_, "tests/cut", "1", {layer});
  auto forged = MakeLayer(Debian("minimal"));
  forged.diff_id = oci::Digest::Of(AsBytes("something else")).text();
  PushImage(world_, "tests/forged", "1", {forged});
  PushImage(world_, "tests/config", "1", {MakeLayer(Debian("minimal"))}, "{}");
  Run();
  for (const char* repository : {"tests/cut", "tests/forged", "tests/config"}) {
    const Assessment assessment = MustReport(repository);
    EXPECT_EQ(assessment.status, ImageStatus::kIncomplete) << repository;
    EXPECT_FALSE(assessment.reason.empty());
  }
  EXPECT_EQ(MustReport("tests/forged").reason,
            "layer 1: a layer's content differs from the image configuration's diff_id");
}

TEST_F(AdvisorTest, AnImageThatLacksLayersIsIncompleteUntilTheyCome) {
  ImportSample();
  const auto base = MakeLayer(Debian("at-release"));
  const auto more = MakeLayer({{"file", "text"}});
  PushSparse("tests/app", {base, more});
  Run();
  EXPECT_EQ(MustReport("tests/app").status, ImageStatus::kIncomplete);
  EXPECT_EQ(MustReport("tests/app").reason, "2 layers of the image are not in its repository");
  ASSERT_EQ(assessed_.size(), 1U);
  EXPECT_EQ(json::FindText(assessed_[0], "status"), "INCOMPLETE");
  EXPECT_EQ(world_.Count("advisor_image"), 0);
  ImportSample();
  Run();
  EXPECT_EQ(assessed_.size(), 1U) << "new advisories are no news of it";

  const auto path = world_.Repository("tests/app");
  ASSERT_TRUE(world_.PushBlob(path, base.blob).ok());
  Run();
  EXPECT_EQ(MustReport("tests/app").reason, "1 layer of the image is not in its repository");
  ASSERT_TRUE(world_.PushBlob(path, more.blob).ok());
  Run();
  EXPECT_EQ(MustReport("tests/app").status, ImageStatus::kFail);
  EXPECT_EQ(json::FindText(assessed_.back(), "status"), "FAIL");
}

// Whoever knows a manifest could otherwise learn what is in layers that he may not read.
TEST_F(AdvisorTest, WhatIsKnownOfAnImageElsewhereIsNotToldWhereItLacksLayers) {
  ImportSample();
  const auto layer = MakeLayer(Debian("at-release"));
  PushSparse("tests/before", {layer});
  Run();
  PushImage(world_, "tests/whole", "1", {layer});
  PushSparse("tests/after", {layer});
  Run();
  EXPECT_EQ(MustReport("tests/whole").status, ImageStatus::kFail);
  for (int i = 0; i < 2; ++i) {
    for (const char* repository : {"tests/before", "tests/after"}) {
      const Assessment assessment = MustReport(repository);
      EXPECT_EQ(assessment.status, ImageStatus::kIncomplete) << repository;
      EXPECT_TRUE(assessment.findings.empty()) << repository;
      EXPECT_TRUE(assessment.os.empty()) << repository;
    }
    const auto verdicts = advisor_.Verdicts(kAccount, kHere);
    ASSERT_TRUE(verdicts.ok());
    for (const PlacedVerdict& place : *verdicts) {
      EXPECT_EQ(place.verdict.counts.total() > 0, place.location.repository == "tests/whole");
    }
    ImportSample();
    Run();
  }
}

TEST_F(AdvisorTest, OtherSystemsAndOtherContentAreUnsupported) {
  ImportSample();
  PushImage(world_, "tests/alpine", "1",
            {MakeLayer({{"etc/os-release", "ID=alpine\nVERSION_ID=3.20.3\n"}})});
  PushImage(world_, "tests/scratch", "1", {MakeLayer({{"hello", "binary"}})});
  Run();
  EXPECT_EQ(MustReport("tests/alpine").status, ImageStatus::kUnsupported);
  EXPECT_EQ(MustReport("tests/scratch").status, ImageStatus::kUnsupported);
}

TEST_F(AdvisorTest, OneImageInTwoPlacesIsReadOnceAndAnnouncedTwice) {
  ImportSample();
  const auto layer = MakeLayer(Debian("minimal"));
  PushImage(world_, "tests/one", "1", {layer});
  Run();
  PushImage(world_, "tests/two", "1", {layer});
  Run();
  EXPECT_EQ(assessed_.size(), 2U);
  EXPECT_EQ(world_.Count("advisor_image"), 1);
  EXPECT_EQ(world_.Count("advisor_location"), 2);
}

TEST_F(AdvisorTest, AnImageListSpeaksThroughItsUsualChild) {
  ImportSample();
  const std::vector<testing::Layer> layers = {MakeLayer(Debian("at-release"))};
  const oci::Digest child = PushImage(world_, "tests/app", "child", layers);
  const auto path = world_.Repository("tests/app");
  const std::string list =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)"
      R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","size":1,"digest":")" +
      oci::Digest::Of(AsBytes("absent")).text() +
      R"(","platform":{"os":"linux","architecture":"s390x"}},)"
      R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","size":)" +
      std::to_string(
          registry::testing::ImageManifest(testing::ConfigOf(layers), {layers[0].blob}).size()) +
      R"(,"digest":")" + child.text() + R"(","platform":{"os":"linux","architecture":"amd64"}}]})";
  ASSERT_TRUE(world_.services->manifests
                  .Put(world_.Caller(), path,
                       {.content = list,
                        .content_type = std::string(oci::kOciIndex),
                        .reference = *oci::Reference::Parse("list"),
                        .tags = {}})
                  .ok());
  Run();
  auto report = Report("tests/app", "list");
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->digest, child);
  EXPECT_EQ(report->assessment.status, ImageStatus::kFail);
  EXPECT_EQ(assessed_.size(), 1U) << "the list itself is not announced";
}

TEST_F(AdvisorTest, DeletedImagesAreForgotten) {
  ImportSample();
  const oci::Digest digest = PushImage(world_, "tests/app", "1", {MakeLayer(Debian("minimal"))});
  PushImage(world_, "gone/app", "1", {MakeLayer(Debian("at-release"))});
  Run();
  EXPECT_EQ(world_.Count("advisor_location"), 2);
  ASSERT_TRUE(world_.services->manifests
                  .Delete(world_.Caller(), world_.Repository("tests/app"), oci::Reference(digest))
                  .ok());
  ASSERT_TRUE(
      world_.services->namespaces.Delete(world_.Caller(), kAccount, world_.registry(), "gone")
          .ok());
  Run();
  EXPECT_EQ(world_.Count("advisor_location"), 0);
  EXPECT_EQ(world_.Count("advisor_image"), 0);
  EXPECT_EQ(world_.Count("advisor_package"), 0);
  EXPECT_EQ(Report("tests/app", "1").error().reason(), "manifest_unknown");
}

TEST_F(AdvisorTest, AnImageDeletedBeforeItsTurnIsNoFailure) {
  const oci::Digest digest = PushImage(world_, "tests/app", "1", {MakeLayer(Debian("minimal"))});
  ASSERT_TRUE(world_.services->manifests
                  .Delete(world_.Caller(), world_.Repository("tests/app"), oci::Reference(digest))
                  .ok());
  Run();
  auto counts = world_.jobs->Count();
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->pending + counts->dead, 0);
  EXPECT_TRUE(assessed_.empty());
}

TEST_F(AdvisorTest, AnImageDeletedAndPushedAgainAtOnceIsAnnouncedAnew) {
  ImportSample();
  const auto layer = MakeLayer(Debian("at-release"));
  const oci::Digest digest = PushImage(world_, "tests/app", "1", {layer});
  Run();
  ASSERT_EQ(assessed_.size(), 1U);
  Delete("tests/app", oci::Reference(digest));
  ASSERT_EQ(PushImage(world_, "tests/app", "1", {layer}), digest);
  Run();
  ASSERT_EQ(forgotten_.size(), 1U);
  EXPECT_GT(assessed_.size(), assessed_before_forgotten_) << "the last word is the assessment";
  EXPECT_EQ(json::FindText(assessed_.back(), "status"), "FAIL");
  EXPECT_EQ(world_.Count("advisor_location"), 1);
}

TEST_F(AdvisorTest, EveryImageOfADeletedNamespaceIsSaidToBeForgotten) {
  ImportSample();
  const oci::Digest digest = PushImage(world_, "gone/app", "1", {MakeLayer(Debian("minimal"))});
  PushImage(world_, "gone/other", "1", {MakeLayer(Debian("at-release"))});
  Run();
  ASSERT_TRUE(
      world_.services->namespaces.Delete(world_.Caller(), kAccount, world_.registry(), "gone")
          .ok());
  Run();
  ASSERT_EQ(forgotten_.size(), 2U);
  EXPECT_EQ(json::FindText(forgotten_[0], "account"), "acc");
  EXPECT_EQ(json::FindText(forgotten_[0], "registry"), kHere.value());
  EXPECT_EQ(json::FindText(forgotten_[0], "repository"), "gone/app");
  EXPECT_EQ(json::FindText(forgotten_[0], "digest"), digest.text());
}

TEST_F(AdvisorTest, ANamespaceThatPassedToAnotherAccountIsForgottenForTheFirst) {
  ImportSample();
  const auto layer = MakeLayer(Debian("minimal"));
  PushImage(world_, "gone/app", "1", {layer});
  Run();
  ASSERT_TRUE(
      world_.services->namespaces.Delete(world_.Caller(), kAccount, world_.registry(), "gone")
          .ok());
  world_.Repository("gone/app", "other");
  Run();
  ASSERT_EQ(forgotten_.size(), 1U);
  EXPECT_EQ(json::FindText(forgotten_[0], "account"), "acc");
  EXPECT_EQ(world_.Count("advisor_location"), 0);
}

TEST_F(AdvisorTest, AnImageDeletedWhileItIsReadLeavesNothing) {
  ImportSample();
  const oci::Digest digest = PushImage(world_, "tests/app", "1", {MakeLayer(Debian("minimal"))});
  bool deleted = false;
  clock_.Once([&] {
    Delete("tests/app", oci::Reference(digest));
    deleted = true;
  });
  Run();
  EXPECT_TRUE(deleted);
  EXPECT_TRUE(assessed_.empty());
  EXPECT_EQ(world_.Count("advisor_location"), 0);
  EXPECT_EQ(world_.Count("advisor_image"), 0);
}

TEST_F(AdvisorTest, AChangeOfTagsIsAnnounced) {
  ImportSample();
  const auto layer = MakeLayer(Debian("minimal"));
  const std::string digest = PushImage(world_, "tests/app", "1", {layer}).text();
  Run();
  EXPECT_EQ(LastAnnounced(), digest + R"( ["1"])");
  PushImage(world_, "tests/app", "2", {layer});
  Run();
  EXPECT_EQ(LastAnnounced(), digest + R"( ["1","2"])");
  Delete("tests/app", *oci::Reference::Parse("1"));
  Run();
  EXPECT_EQ(LastAnnounced(), digest + R"( ["2"])");
  EXPECT_EQ(assessed_.size(), 3U);
}

TEST_F(AdvisorTest, AnImageThatLosesItsTagToAnotherIsAnnounced) {
  ImportSample();
  const auto minimal = MakeLayer(Debian("minimal"));
  const std::string first = PushImage(world_, "tests/app", "1", {minimal}).text();
  Run();
  PushImage(world_, "tests/app", "1", {MakeLayer(Debian("at-release"))});
  Run();
  ASSERT_EQ(assessed_.size(), 3U);
  EXPECT_EQ(std::ranges::count_if(assessed_,
                                  [&](const json::Value& event) {
                                    return json::FindText(event, "digest") == first &&
                                           json::Find(event, "tags")->as_array().empty();
                                  }),
            1);
}

TEST_F(AdvisorTest, AnotherAccountSeesNothing) {
  ImportSample();
  PushImage(world_, "tests/app", "1", {MakeLayer(Debian("minimal"))});
  Run();
  auto report =
      advisor_.Report(AccountId("other"), kHere, "tests/app", *oci::Reference::Parse("1"));
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(advisor_.Verdicts(AccountId("other"), kHere)->empty());
}

TEST_F(AdvisorTest, AFailingStoreIsTriedAgainAndEndsInTheSameResult) {
  ImportSample();
  // Large enough to lie in the blob store, not in a row.
  Files files = Debian("minimal");
  std::string noise;
  for (std::uint32_t i = 0, x = 1; i < 200'000; ++i)
    noise += static_cast<char>((x = x * 1103515245 + 12345) >> 16);
  files.emplace_back("usr/share/noise", noise);
  PushImage(world_, "tests/app", "1", {MakeLayer(files)});
  world_.store.FailCall(1, false);
  Run();
  EXPECT_TRUE(world_.store.fired());
  EXPECT_EQ(Report("tests/app", "1").error().reason(), "image_not_scanned");
  world_.store.FailCall(0, false);
  world_.clock.Advance(std::chrono::hours(2));
  Run();
  EXPECT_EQ(testing::KeysOf(MustReport("tests/app").findings),
            testing::ExpectedKeys(testing::Sample("minimal") / "expected.tsv"));
}

}  // namespace
}  // namespace breakwater::advisor
