#include "advisor/image_states.h"

#include <gtest/gtest.h>

#include "advisor/advisor.h"
#include "advisor/image_issues.h"
#include "advisor/importer.h"
#include "advisor/job_kinds.h"
#include "advisor/test_images.h"
#include "advisor/test_support.h"
#include "registry/counting_database.h"

namespace breakwater::advisor {
namespace {

using registry::testing::CountingDatabase;
using testing::MakeLayer;
using testing::PushImage;

const RegistryName kHere{registry::testing::kRegistry};
const AccountId kAccount{"acc"};

class ImageStatesTest : public ::testing::Test {
 protected:
  ImageStatesTest() {
    advisor_.Register();
    world_.jobs->Register("witness.assessed", {}, [this](const jobs::Job&) {
      ++announced_;
      return Ok();
    });
    world_.jobs->Subscribe(std::string(kImageAssessed), "witness.assessed");
    BW_CHECK(importer_.ImportSample().ok());
  }

  void Run() { ASSERT_TRUE(world_.jobs->RunDue().ok()); }
  // Debian as it was released, with a file that no other of them has.
  oci::Digest Push(const std::string& repository, const std::string& tag) {
    const auto folder = testing::Sample("at-release");
    const auto layer = MakeLayer({{"usr/lib/os-release", testing::ReadText(folder / "os-release")},
                                  {"var/lib/dpkg/status", testing::ReadText(folder / "status")},
                                  {"etc/name", repository + tag}});
    return PushImage(world_, repository, tag, {layer});
  }
  registry::ImagePage Listed(std::vector<std::string> repositories) {
    const auto page = world_.services->images.Page(
        {.registry = kHere, .namespaces = {"tests"}, .repositories = std::move(repositories)}, {});
    EXPECT_TRUE(page.ok());
    return page.ok() ? *page : registry::ImagePage();
  }
  std::vector<ListedState> States(const registry::ImagePage& page, const ExemptionSet& exemptions) {
    const auto states =
        StatesOf(counting_, kHere, page.images, exemptions,
                 [&](const oci::Digest&, const std::string&) -> Result<std::optional<Assessment>> {
                   ++assessed_again_;
                   return std::nullopt;
                 });
    EXPECT_TRUE(states.ok());
    EXPECT_EQ(states->size(), page.images.size());
    return *states;
  }
  Result<std::optional<ImageIssues>> Kept(const oci::Digest& digest) {
    return world_.database.ReadValue([&](db::Transaction& tx) { return FindIssues(tx, digest); });
  }
  Status Execute(const std::string& sql) {
    return world_.database.Write([&](db::Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute(sql));
      return Ok();
    });
  }

  registry::testing::World world_;
  Advisor advisor_{{}, world_.database, *world_.jobs, world_.clock, world_.services->content};
  Importer importer_{world_.database, *world_.jobs, world_.clock};
  CountingDatabase counting_{world_.database};
  int announced_ = 0;
  int assessed_again_ = 0;
};

TEST_F(ImageStatesTest, CostAsManyStatementsForManyImagesAsForOne) {
  Push("tests/one", "1");
  for (int i = 0; i < 40; ++i) Push("tests/many", std::to_string(i));
  Run();
  const ExemptionSet exemptions({{ExemptionScope(), {"sn", "DSA-5514-1"}}});
  const auto cost = [&](const std::string& repository) {
    const auto page = Listed({repository});
    counting_.queries = 0;
    for (const ListedState& state : States(page, exemptions)) {
      EXPECT_EQ(state.image.status, ImageStatus::kFail);
      EXPECT_GT(state.image.issues.exempt, 0);
    }
    return counting_.queries;
  };
  const auto one = cost("tests/one");
  EXPECT_EQ(cost("tests/many"), one);
  EXPECT_EQ(assessed_again_, 0);
}

TEST_F(ImageStatesTest, AreOfEachTagWhereExemptionsAre) {
  const oci::Digest digest = Push("tests/app", "1");
  ASSERT_TRUE(world_.services->manifests
                  .Tag(world_.Caller(), world_.Repository("tests/app"), oci::Reference(digest),
                       world_.Repository("tests/app"), *oci::Reference::Parse("2"))
                  .ok());
  Run();
  const auto kept = Kept(digest);
  ASSERT_TRUE(kept.ok() && kept->has_value());
  EXPECT_EQ((*kept)->otherwise, ImageStatus::kOk);
  const auto all = static_cast<std::int64_t>((*kept)->issues.size());
  std::vector<Exemption> exemptions;
  const auto tag = ExemptionScope::FromText("tests/app:1");
  for (const auto& [vulnerability, notices] : (*kept)->issues) {
    exemptions.push_back({tag, {"cve", vulnerability}});
  }
  const auto states = States(Listed({"tests/app"}), ExemptionSet(exemptions));
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].Of("1"), (ImageState{ImageStatus::kWarn, {0, all}}));
  EXPECT_EQ(states[0].Of("2"), (ImageState{ImageStatus::kFail, {all, 0}}));
  EXPECT_EQ(states[0].image, states[0].Of("2"));
}

// That another notice speaks of an issue changes no verdict: nobody is told, and lists know it.
TEST_F(ImageStatesTest, IssuesAreRenewedWithTheAdvisories) {
  const oci::Digest digest = Push("tests/app", "1");
  Run();
  const auto before = Kept(digest);
  ASSERT_TRUE(before.ok() && before->has_value());
  announced_ = 0;
  ASSERT_TRUE(Execute("UPDATE advisor_image_issues SET issues = '[[\"CVE-2023-4911\"]]'").ok());
  ASSERT_TRUE(world_.database
                  .Write([&](db::Transaction& tx) {
                    return world_.jobs->Enqueue(tx, {.kind = std::string(kRematchJob),
                                                     .payload = json::Object{},
                                                     .run_at = std::nullopt,
                                                     .deduplication_key = {}});
                  })
                  .ok());
  Run();
  EXPECT_EQ(*Kept(digest), *before);
  EXPECT_EQ(announced_, 0);
}

TEST_F(ImageStatesTest, IssuesGoWithTheImage) {
  const oci::Digest digest = Push("tests/app", "1");
  Push("tests/app", "2");
  Run();
  ASSERT_EQ(world_.Count("advisor_image_issues"), 2);
  ASSERT_TRUE(world_.services->manifests
                  .Delete(world_.Caller(), world_.Repository("tests/app"), oci::Reference(digest))
                  .ok());
  Run();
  EXPECT_EQ(world_.Count("advisor_image_issues"), 1);
}

// As many as an image may have, with names that JSON writes longer.
TEST_F(ImageStatesTest, IssuesAreReadAsTheyWereKept) {
  ImageIssues many{.issues = {}, .otherwise = ImageStatus::kIncomplete};
  for (int i = 0; i < 30'000; ++i) {
    const std::string id = std::to_string(i);
    many.issues[id] = i % 2 == 0 ? std::set{id} : std::set<std::string>{"\"n\"" + id, "x"};
  }
  const oci::Digest digest = oci::Digest::Of(AsBytes("an image"));
  ASSERT_TRUE(
      world_.database.Write([&](db::Transaction& tx) { return SaveIssues(tx, digest, many); })
          .ok());
  const auto kept = Kept(digest);
  ASSERT_TRUE(kept.ok()) << kept.error().message();
  EXPECT_EQ(**kept, many);
}

}  // namespace
}  // namespace breakwater::advisor
