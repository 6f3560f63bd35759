#include "advisor/osv.h"

#include <gtest/gtest.h>

#include "advisor/test_support.h"

namespace breakwater::advisor {
namespace {

TEST(Osv, ReadsADebianRecord) {
  OsvParser parser;
  auto record = parser.Parse(testing::ReadText(testing::SampleAdvisories() / "CVE-2023-4911.json"));
  ASSERT_TRUE(record.ok()) << record.error().message();
  EXPECT_EQ(record->id, "CVE-2023-4911");
  EXPECT_EQ(record->published, "2023-10-03T18:15:10Z");
  EXPECT_EQ(record->cvss_v3, "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H");
  EXPECT_EQ(record->related, std::vector<std::string>{"DSA-5514-1"});
  EXPECT_FALSE(record->withdrawn);
  ASSERT_EQ(record->affected.size(), 3U);
  EXPECT_EQ(record->affected[1].ecosystem, "Debian:12");
  EXPECT_EQ(record->affected[1].package, "glibc");
  EXPECT_EQ(record->affected[1].urgency, "not yet assigned");
  ASSERT_EQ(record->affected[1].ranges.size(), 1U);
  ASSERT_EQ(record->affected[1].ranges[0].size(), 2U);
  EXPECT_EQ(record->affected[1].ranges[0][1].kind, OsvEventKind::kFixed);
  EXPECT_EQ(record->affected[1].ranges[0][1].version, "2.36-9+deb12u3");
}

TEST(Osv, SkipsCommitRangesAndNamelessPackages) {
  OsvParser parser;
  auto record = parser.Parse(R"({"id": "X-1", "withdrawn": "2024-01-01T00:00:00Z", "aliases": null,
    "affected": [
      {"package": {}, "ranges": [{"type": "GIT", "events": [{"introduced": "abc"}]}]},
      {"ranges": []},
      {"package": {"ecosystem": "Debian:12", "name": "a"},
       "ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}], "versions": ["1", "2"]}]})");
  ASSERT_TRUE(record.ok());
  EXPECT_TRUE(record->withdrawn);
  ASSERT_EQ(record->affected.size(), 1U);
  EXPECT_TRUE(record->affected[0].ranges.empty());
  EXPECT_EQ(record->affected[0].versions, (std::vector<std::string>{"1", "2"}));
}

TEST(Osv, RefusesOtherShapes) {
  OsvParser parser;
  for (const char* bad :
       {"", "[]", "1", "{", "{}", R"({"id": 1})", R"({"id": "a", "affected": {}})",
        R"({"id": "a", "affected": [1]})", R"({"id": "a", "aliases": [1]})",
        R"({"id": "a", "summary": 5})", "{\"id\": \"\xff\"}",
        R"({"id": "a", "severity": [{"type": "CVSS_V3", "score": 7.5}]})"}) {
    auto record = parser.Parse(bad);
    ASSERT_FALSE(record.ok()) << bad;
    EXPECT_EQ(record.error().reason(), "invalid_osv") << bad;
  }
  // A refused record leaves the parser usable.
  EXPECT_TRUE(parser.Parse(R"({"id": "a"})").ok());
}

TEST(Osv, RefusesDeepNestingInsteadOfOverflowing) {
  OsvParser parser;
  EXPECT_FALSE(parser.Parse(std::string(100'000, '[')).ok());
}

}  // namespace
}  // namespace breakwater::advisor
