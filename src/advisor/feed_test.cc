#include "advisor/feed.h"

#include <gtest/gtest.h>

#include "advisor/test_support.h"

namespace breakwater::advisor {
namespace {

std::string Vulnerability(std::string_view id, std::string_view fixed,
                          std::string_view extra = "") {
  return "{\"id\": \"" + std::string(id) + "\", \"modified\": \"2025-01-01T00:00:00Z\"" +
         std::string(extra) +
         ", \"affected\": [{\"package\": {\"ecosystem\": \"Debian:12\", \"name\": \"a\"}, "
         "\"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\": [{\"introduced\": \"0\"}, "
         "{\"fixed\": \"" +
         std::string(fixed) + "\"}]}]}]}";
}

Result<Feed> Build(const std::vector<std::string>& records) {
  FeedBuilder builder;
  for (const std::string& record : records) EXPECT_TRUE(builder.Add(record).ok());
  return std::move(builder).Build();
}

TEST(Feed, AttachesNoticesToTheFixTheyBrought) {
  auto feed = Build({Vulnerability("CVE-1-1", "2.0"), Vulnerability("CVE-1-2", "3.0"),
                     Vulnerability("DSA-9-1", "2.0", R"(, "related": ["CVE-1-1", "CVE-1-2"])")});
  ASSERT_TRUE(feed.ok());
  ASSERT_EQ(feed->notices.size(), 1U);
  EXPECT_EQ(feed->notices[0].vulnerability, "CVE-1-1");
  EXPECT_EQ(feed->notices[0].id, "DSA-9-1");
  EXPECT_EQ(feed->counts.vulnerabilities, 2);
  EXPECT_EQ(feed->newest, "2025-01-01T00:00:00Z");
}

TEST(Feed, ReadsTheFormOfTodaysRecords) {
  auto feed = Build({Vulnerability("DEBIAN-CVE-1-1", "2.0", R"(, "upstream": ["CVE-1-1"])"),
                     Vulnerability("DSA-9-1", "2.0", R"(, "upstream": ["CVE-1-1"])")});
  ASSERT_TRUE(feed.ok());
  ASSERT_EQ(feed->advisories.size(), 1U);
  EXPECT_EQ(feed->advisories[0].vulnerability, "CVE-1-1");
  EXPECT_EQ(feed->notices.size(), 1U);
}

TEST(Feed, OneVulnerabilityInTwoRecordsIsOneAdvisory) {
  auto feed = Build({Vulnerability("CVE-1-1", "2.0"), Vulnerability("DEBIAN-CVE-1-1", "2.0"),
                     Vulnerability("CVE-1-1", "3.0")});
  ASSERT_TRUE(feed.ok());
  ASSERT_EQ(feed->advisories.size(), 1U);
  EXPECT_EQ(feed->advisories[0].intervals.size(), 2U);
}

TEST(Feed, DigestDoesNotDependOnTheOrder) {
  const std::string a = Vulnerability("CVE-1-1", "2.0");
  const std::string b = Vulnerability("CVE-1-2", "2.0");
  EXPECT_EQ(Build({a, b})->digest, Build({b, a})->digest);
  EXPECT_NE(Build({a, b})->digest, Build({a})->digest);
}

TEST(Feed, CountsWhatItPassesOver) {
  std::vector<std::string> records(200, Vulnerability("CVE-1-1", "2.0"));
  records.push_back("no record");
  records.push_back(Vulnerability("CVE-1-3", "2.0", R"(, "withdrawn": "2024-01-01T00:00:00Z")"));
  records.push_back(
      R"({"id": "GHSA-1", "affected": [{"package": {"ecosystem": "npm", "name": "x"}}]})");
  auto feed = Build(records);
  ASSERT_TRUE(feed.ok());
  EXPECT_EQ(feed->counts.records, 203);
  EXPECT_EQ(feed->counts.invalid, 1);
  EXPECT_EQ(feed->counts.withdrawn, 1);
  EXPECT_EQ(feed->counts.other_ecosystems, 1);
}

TEST(Feed, RefusesWhatShouldNotReplaceAGoodFeed) {
  auto empty = Build({});
  ASSERT_FALSE(empty.ok());
  EXPECT_EQ(empty.error().reason(), "feed_empty");
  auto other = Build({R"({"id": "GHSA-1"})"});
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().reason(), "feed_empty");
  auto damaged = Build({Vulnerability("CVE-1-1", "2.0"), "{"});
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.error().reason(), "feed_damaged");
}

}  // namespace
}  // namespace breakwater::advisor
