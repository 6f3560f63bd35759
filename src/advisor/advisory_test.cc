#include "advisor/advisory.h"

#include <gtest/gtest.h>

#include "advisor/test_support.h"

namespace breakwater::advisor {
namespace {

OsvRecord Parse(std::string_view json) {
  OsvParser parser;
  auto record = parser.Parse(json);
  EXPECT_TRUE(record.ok());
  return record.ok() ? *record : OsvRecord{};
}

OsvAffected Affected(std::vector<OsvEvent> events) {
  return {.ecosystem = "Debian:12",
          .package = "a",
          .ranges = {std::move(events)},
          .versions = {},
          .urgency = {}};
}

constexpr auto kIntroduced = OsvEventKind::kIntroduced;
constexpr auto kFixed = OsvEventKind::kFixed;
constexpr auto kLastAffected = OsvEventKind::kLastAffected;

TEST(Advisory, EventsBecomeIntervalsInVersionOrder) {
  const auto intervals = IntervalsOf(Affected({{kFixed, "2.3-1"},
                                               {kIntroduced, "2.0-1"},
                                               {kFixed, "1.5-1"},
                                               {kIntroduced, "0"},
                                               {kIntroduced, "3.0-1"},
                                               {kLastAffected, "3.2-1"},
                                               {kIntroduced, "4.0-1"}}));
  const std::vector<VersionInterval> expected = {
      {"", "1.5-1", ""}, {"2.0-1", "2.3-1", ""}, {"3.0-1", "", "3.2-1"}, {"4.0-1", "", ""}};
  EXPECT_EQ(intervals, expected);
}

TEST(Advisory, IntervalBordersFollowTheSchema) {
  const VersionInterval fixed{"1.0-1", "2.0-1", ""};
  EXPECT_FALSE(fixed.Contains("1.0-1~rc1"));
  EXPECT_TRUE(fixed.Contains("1.0-1"));
  EXPECT_TRUE(fixed.Contains("2.0-1~deb12u1"));
  EXPECT_FALSE(fixed.Contains("2.0-1"));
  const VersionInterval last{"", "", "2.0-1"};
  EXPECT_TRUE(last.Contains("0~~"));
  EXPECT_TRUE(last.Contains("2.0-1"));
  EXPECT_FALSE(last.Contains("2.0-1+b1"));
}

TEST(Advisory, FixedInZeroMeansNeverAffected) {
  const auto intervals = IntervalsOf(Affected({{kIntroduced, "0"}, {kFixed, "0"}}));
  ASSERT_EQ(intervals.size(), 1U);
  EXPECT_FALSE(intervals[0].Contains("0"));
  EXPECT_FALSE(intervals[0].Contains("1.0-1"));
}

TEST(Advisory, ListedVersionsCountWhereThereAreNoRanges) {
  OsvAffected affected = Affected({});
  affected.ranges.clear();
  affected.versions = {"1.0-1", "1.2-1"};
  const auto intervals = IntervalsOf(affected);
  ASSERT_EQ(intervals.size(), 2U);
  EXPECT_TRUE(intervals[1].Contains("1.2-1"));
  EXPECT_FALSE(intervals[1].Contains("1.1-1"));
}

TEST(Advisory, SeveralEntriesOfOnePackageAreAllKept) {
  const auto advisories =
      DebianAdvisoriesOf(Parse(R"({"id": "CVE-1-1", "details": "d", "affected": [
    {"package": {"ecosystem": "Debian:12", "name": "a"},
     "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1"}]}]},
    {"package": {"ecosystem": "Alpine:v3.20", "name": "a"},
     "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]},
    {"package": {"ecosystem": "Debian:12", "name": "a"},
     "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "3"}, {"fixed": "4"}]}]}]})"));
  ASSERT_EQ(advisories.size(), 1U);
  EXPECT_EQ(advisories[0].intervals.size(), 2U);
  EXPECT_EQ(advisories[0].summary, "d");
}

TEST(Advisory, WithdrawnRecordsGiveNothing) {
  EXPECT_TRUE(DebianAdvisoriesOf(Parse(R"({"id": "CVE-1-1", "withdrawn": "2024-01-01T00:00:00Z",
    "affected": [{"package": {"ecosystem": "Debian:12", "name": "a"},
    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}]})"))
                  .empty());
}

TEST(Advisory, TodaysDebianIdsReadAsCves) {
  EXPECT_EQ(VulnerabilityIdOf(Parse(R"({"id": "DEBIAN-CVE-2024-1"})")), "CVE-2024-1");
  EXPECT_EQ(VulnerabilityIdOf(Parse(R"({"id": "CVE-2024-1"})")), "CVE-2024-1");
  EXPECT_EQ(KindOf(Parse(R"({"id": "DSA-1-1"})")), RecordKind::kNotice);
  EXPECT_EQ(KindOf(Parse(R"({"id": "DEBIAN-CVE-2024-1"})")), RecordKind::kVulnerability);
}

TEST(Advisory, SummariesAreCutAtACharacterBorder) {
  std::string details;
  for (int i = 0; i < 999; ++i) details += "ä";
  const auto advisories = DebianAdvisoriesOf(
      Parse(R"({"id": "CVE-1-1", "details": ")" + details +
            R"(", "affected": [{"package": {"ecosystem": "Debian:12", "name": "a"},
    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}]})"));
  ASSERT_EQ(advisories.size(), 1U);
  EXPECT_TRUE(IsValidUtf8(advisories[0].summary));
  EXPECT_LE(advisories[0].summary.size(), 1010U);
}

std::string EcosystemText(std::string_view os_release) {
  return EcosystemOf(package::ParseOsRelease(os_release)).value_or("none");
}

TEST(Advisory, EcosystemComesFromTheReleaseNumberElseTheCodename) {
  EXPECT_EQ(EcosystemText("ID=debian\nVERSION_ID=\"12\""), "Debian:12");
  EXPECT_EQ(EcosystemText("ID=debian\nVERSION_ID=\"12.4\""), "Debian:12");
  EXPECT_EQ(EcosystemText("ID=debian\nVERSION_CODENAME=trixie"), "Debian:13");
  EXPECT_EQ(EcosystemText("ID=debian\nVERSION_CODENAME=sid"), "Debian:sid");
  EXPECT_EQ(EcosystemText("ID=debian"), "Debian:unknown");
  EXPECT_EQ(EcosystemText("ID=ubuntu\nID_LIKE=debian\nVERSION_ID=22.04"), "none");
  EXPECT_EQ(EcosystemText(""), "none");
}

}  // namespace
}  // namespace breakwater::advisor
