#include "advisor/assessment.h"

#include <gtest/gtest.h>

#include "advisor/test_support.h"

namespace breakwater::advisor {
namespace {

constexpr const char* kDebian = "ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"Debian 12\"\n";

package::Package Binary(std::string name, std::string source) {
  return {.type = "deb",
          .name = name,
          .version = "1.0-1",
          .architecture = "amd64",
          .source_name = std::move(source),
          .source_version = "1.0-1",
          .location = "var/lib/dpkg/status"};
}

std::string Record(std::string_view id, std::string_view package, std::string_view events) {
  return "{\"id\": \"" + std::string(id) +
         "\", \"affected\": [{\"package\": {\"ecosystem\": \"Debian:12\", \"name\": \"" +
         std::string(package) + "\"}, \"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\": [" +
         std::string(events) + "]}], \"ecosystem_specific\": {\"urgency\": \"high\"}}]}";
}

constexpr std::string_view kFixed = R"({"introduced": "0"}, {"fixed": "2.0-1"})";
constexpr std::string_view kOpen = R"({"introduced": "0"})";

ImageIndex Index(std::vector<package::Package> packages, std::string_view os = kDebian) {
  ImageIndex index;
  index.inventory.os = package::ParseOsRelease(os);
  index.inventory.packages = std::move(packages);
  return index;
}

class AssessmentTest : public ::testing::Test {
 protected:
  AssessmentTest() {
    advisories_.AddJson(Record("CVE-1-1", "fixable", kFixed));
    advisories_.AddJson(Record("CVE-1-2", "open", kOpen));
    advisories_.AddJson(Record("CVE-1-3", "linux", kFixed));
  }
  Assessment Of(const ImageIndex& index, bool with_feed = true) {
    auto assessment =
        Assess(index, with_feed ? std::optional(FeedInfo{}) : std::nullopt, advisories_);
    EXPECT_TRUE(assessment.ok());
    return assessment.ok() ? *assessment : Assessment{};
  }
  testing::MemoryAdvisories advisories_;
};

TEST_F(AssessmentTest, FixableVulnerabilitiesFail) {
  const Assessment assessment = Of(Index({Binary("a", "fixable"), Binary("b", "fixable")}));
  EXPECT_EQ(assessment.status, ImageStatus::kFail);
  EXPECT_EQ(assessment.findings.size(), 2U);
  EXPECT_EQ(CountBySeverity(assessment.findings).Of(Severity::kHigh), 1);
}

TEST_F(AssessmentTest, WhatHasNoFixIsNoIssueUnlessAskedFor) {
  const Assessment assessment = Of(Index({Binary("a", "open"), Binary("headers", "linux")}));
  EXPECT_EQ(assessment.status, ImageStatus::kOk);
  EXPECT_EQ(assessment.findings.size(), 2U);
  EXPECT_TRUE(IssuesOf(assessment, IssueScope::kActionable).empty());
  EXPECT_EQ(IssuesOf(assessment, IssueScope::kAll).size(), 2U);
  EXPECT_EQ(StatusOf(assessment, IssueScope::kAll), ImageStatus::kFail);
}

TEST_F(AssessmentTest, NothingKnownIsNeverOk) {
  EXPECT_EQ(Of(Index({}, "ID=alpine\nVERSION_ID=3.20\n")).status, ImageStatus::kUnsupported);
  EXPECT_EQ(Of(Index({}, "")).status, ImageStatus::kUnsupported);
  const Assessment old = Of(Index({Binary("a", "clean")}, "ID=debian\nVERSION_ID=9\n"));
  EXPECT_EQ(old.status, ImageStatus::kUnsupported);
  EXPECT_EQ(old.state, MatchState::kNoAdvisoryData);
  EXPECT_EQ(old.reason, "no advisory data for debian 9");

  testing::MemoryAdvisories none;
  auto empty = Assess(Index({Binary("a", "clean")}), std::nullopt, none);
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->status, ImageStatus::kIncomplete);
  EXPECT_EQ(empty->reason, "no advisory data has been imported");
}

TEST_F(AssessmentTest, ProblemsKeepAnImageFromBeingClean) {
  ImageIndex index = Index({Binary("a", "clean")});
  EXPECT_EQ(Of(index).status, ImageStatus::kOk);
  index.inventory.problems = {"layer 1: the layer is encrypted"};
  EXPECT_EQ(Of(index).status, ImageStatus::kIncomplete);
  EXPECT_EQ(Of(index).reason, "layer 1: the layer is encrypted");
  index.inventory.packages.push_back(Binary("b", "fixable"));
  EXPECT_EQ(Of(index).status, ImageStatus::kFail);
}

TEST_F(AssessmentTest, WhatIsNoImageIsUnsupported) {
  ImageIndex index;
  index.kind = ImageKind::kNotAnImage;
  EXPECT_EQ(Of(index).status, ImageStatus::kUnsupported);
}

TEST_F(AssessmentTest, DigestChangesWithTheResultOnly) {
  const Assessment one = Of(Index({Binary("a", "fixable")}));
  Assessment later = one;
  later.feed->imported = FromMicros(5);
  later.indexed = FromMicros(7);
  EXPECT_EQ(ResultDigest(one), ResultDigest(later));
  later.findings.at(0).fixed_version = "3.0";
  EXPECT_NE(ResultDigest(one), ResultDigest(later));
}

TEST_F(AssessmentTest, WorstNamesEachVulnerabilityOnce) {
  const Assessment assessment =
      Of(Index({Binary("a", "fixable"), Binary("b", "fixable"), Binary("c", "open")}));
  const auto worst = Worst(assessment.findings, 5);
  ASSERT_EQ(worst.size(), 2U);
  EXPECT_EQ(worst[0].vulnerability, "CVE-1-1");
  EXPECT_EQ(Worst(assessment.findings, 1).size(), 1U);
}

TEST(ImageStatus, WordsAreThoseOfTheReferenceSystem) {
  for (const char* word : {"OK", "WARN", "FAIL", "UNSUPPORTED", "INCOMPLETE", "UNSCANNED"}) {
    const auto status = ParseImageStatus(word);
    ASSERT_TRUE(status.has_value()) << word;
    EXPECT_EQ(ToString(*status), word);
  }
  EXPECT_EQ(ParseImageStatus("ok"), std::nullopt);
}

}  // namespace
}  // namespace breakwater::advisor
