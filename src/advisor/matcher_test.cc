#include "advisor/matcher.h"

#include <gtest/gtest.h>

#include "advisor/test_support.h"

namespace breakwater::advisor {
namespace {

using testing::MemoryAdvisories;

package::OsRelease Bookworm() {
  return package::ParseOsRelease("ID=debian\nVERSION_ID=12\n");
}

package::Package Binary(std::string name, std::string version, std::string source = {},
                        std::string source_version = {}) {
  return {.type = "deb",
          .name = name,
          .version = version,
          .architecture = "amd64",
          .source_name = source.empty() ? name : source,
          .source_version = source_version.empty() ? version : source_version,
          .location = "var/lib/dpkg/status"};
}

std::string Record(std::string_view id, std::string_view package, std::string_view events,
                   std::string_view urgency = "not yet assigned", std::string_view extra = "") {
  return "{\"id\": \"" + std::string(id) + "\", \"details\": \"text\"" + std::string(extra) +
         ", \"affected\": [{\"package\": {\"ecosystem\": \"Debian:12\", \"name\": \"" +
         std::string(package) + "\"}, \"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\": [" +
         std::string(events) + "]}], \"ecosystem_specific\": {\"urgency\": \"" +
         std::string(urgency) + "\"}}]}";
}

constexpr std::string_view kCritical =
    R"(, "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}])";

MatchResult MustMatch(const std::vector<package::Package>& packages, MemoryAdvisories& advisories,
                      const package::OsRelease& os = Bookworm()) {
  auto result = Match(packages, os, advisories);
  EXPECT_TRUE(result.ok());
  return result.ok() ? *result : MatchResult{};
}

TEST(Matcher, FindsExactlyWhatTheTrackerSaysOfRealImages) {
  for (const char* image : {"minimal", "at-release"}) {
    SCOPED_TRACE(image);
    MemoryAdvisories advisories;
    advisories.AddFolder(testing::SampleAdvisories());
    const auto folder = testing::Sample(image);
    const MatchResult result =
        MustMatch(testing::PackagesOf(folder / "status"), advisories,
                  package::ParseOsRelease(testing::ReadText(folder / "os-release")));
    EXPECT_EQ(result.state, MatchState::kMatched);
    EXPECT_EQ(result.ecosystem, "Debian:12");
    EXPECT_EQ(testing::KeysOf(result.findings), testing::ExpectedKeys(folder / "expected.tsv"));
  }
}

TEST(Matcher, ComparesTheSourceVersionOfTheSourcePackage) {
  MemoryAdvisories advisories;
  advisories.AddJson(Record("CVE-1-1", "src", R"({"introduced": "0"}, {"fixed": "1.0-2"})"));
  // A binary rebuild, and a binary with an epoch of its own: only the source version counts.
  EXPECT_EQ(MustMatch({Binary("bin", "1.0-2+b9", "src", "1.0-2")}, advisories).findings.size(), 0U);
  EXPECT_EQ(MustMatch({Binary("bin", "5:9.9", "src", "1.0-1")}, advisories).findings.size(), 1U);
  EXPECT_EQ(MustMatch({Binary("src", "0.1", "other")}, advisories).findings.size(), 0U);
}

TEST(Matcher, NamesTheNearestFixOfTheBranch) {
  MemoryAdvisories advisories;
  advisories.AddJson(
      Record("CVE-1-1", "a",
             R"({"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "2"}, {"fixed": "2.3"})"));
  EXPECT_EQ(MustMatch({Binary("a", "1.0")}, advisories).findings.at(0).fixed_version, "1.5");
  EXPECT_EQ(MustMatch({Binary("a", "2.1")}, advisories).findings.at(0).fixed_version, "2.3");
  EXPECT_TRUE(MustMatch({Binary("a", "1.7")}, advisories).findings.empty());
}

TEST(Matcher, RatesByTheDistributionFirst) {
  MemoryAdvisories advisories;
  advisories.AddJson(Record("CVE-1-1", "a", R"({"introduced": "0"})", "low", kCritical));
  advisories.AddJson(
      Record("CVE-1-2", "a", R"({"introduced": "0"})", "not yet assigned", kCritical));
  advisories.AddJson(Record("CVE-1-3", "a", R"({"introduced": "0"})"));
  advisories.AddJson(Record("CVE-1-4", "a", R"({"introduced": "0"})", "unimportant", kCritical));
  const auto findings = MustMatch({Binary("a", "1")}, advisories).findings;
  ASSERT_EQ(findings.size(), 4U);
  EXPECT_EQ(findings[0].severity, Severity::kLow);
  EXPECT_EQ(findings[0].severity_source, "debian");
  EXPECT_DOUBLE_EQ(findings[0].score, 9.8);
  EXPECT_EQ(findings[1].severity, Severity::kCritical);
  EXPECT_EQ(findings[1].severity_source, "cvss");
  EXPECT_EQ(findings[2].severity, Severity::kUnknown);
  EXPECT_EQ(findings[3].severity, Severity::kNegligible);
  EXPECT_FALSE(findings[0].fixable());
  EXPECT_TRUE(WorseThan(findings[1], findings[0]));
}

TEST(Matcher, NoDataIsAStateOfItsOwn) {
  MemoryAdvisories advisories;
  advisories.AddJson(Record("CVE-1-1", "a", R"({"introduced": "0"})"));
  const auto sid = package::ParseOsRelease("ID=debian\nVERSION_CODENAME=sid");
  EXPECT_EQ(MustMatch({Binary("a", "1")}, advisories, sid).state, MatchState::kNoAdvisoryData);
  const auto alpine = package::ParseOsRelease("ID=alpine\nVERSION_ID=3.20.1");
  EXPECT_EQ(MustMatch({}, advisories, alpine).state, MatchState::kUnsupportedOs);
  EXPECT_EQ(MustMatch({}, advisories, {}).state, MatchState::kUnsupportedOs);
}

TEST(Matcher, OnePackageTwiceInTheDatabaseIsOneFinding) {
  MemoryAdvisories advisories;
  advisories.AddJson(Record("CVE-1-1", "a", R"({"introduced": "0"})"));
  EXPECT_EQ(MustMatch({Binary("a", "1"), Binary("a", "1")}, advisories).findings.size(), 1U);
  auto foreign = Binary("a", "1");
  foreign.architecture = "i386";
  EXPECT_EQ(MustMatch({Binary("a", "1"), foreign}, advisories).findings.size(), 2U);
}

}  // namespace
}  // namespace breakwater::advisor
