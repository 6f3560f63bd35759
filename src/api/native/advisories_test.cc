#include "api/native/advisories.h"

#include <gtest/gtest.h>

#include "api/testing.h"
#include "io/tar.h"
#include "registry/testing.h"

namespace breakwater::api::native {
namespace {

constexpr std::string_view kPath = "/breakwater/v1/advisories";

std::string RecordOf(const std::string& id, const std::string& package) {
  return R"({"id":")" + id + R"(","modified":"2025-01-02T03:04:05Z","affected":[{"package":)" +
         R"({"ecosystem":"Debian:12","name":")" + package + R"("},"ranges":[{"type":"ECOSYSTEM",)" +
         R"("events":[{"introduced":"0"},{"fixed":"1.2-3"}]}]}]})";
}

std::string Archive(const std::vector<std::string>& records) {
  io::StringSink sink(1U << 20);
  io::TarWriter tar(sink);
  for (std::size_t i = 0; i < records.size(); ++i) {
    BW_CHECK(tar.Add({.path = std::to_string(i) + ".json"}, records[i]).ok());
  }
  BW_CHECK(tar.Finish().ok());
  return sink.Take();
}

class AdvisoriesApi : public ::testing::Test {
 protected:
  AdvisoriesApi() {
    advisor_.Register();
    harness_.Serve(
        AdvisoriesEndpoints({advisor_, importer_, harness_.control.changes}, harness_.face));
  }
  testing::Answer Post(std::string_view query, std::string_view body = {}) {
    return harness_.Send("POST", std::string(kPath) + std::string(query), body);
  }
  json::Value Feed() { return *json::Find(harness_.Send("GET", std::string(kPath)).body, "feed"); }
  static std::int64_t Count(const json::Value& document, std::string_view name) {
    return json::Find(document, name)->as_int64();
  }

  registry::testing::World world_;
  advisor::Advisor advisor_{
      {}, world_.database, *world_.jobs, world_.clock, world_.services->content};
  advisor::Importer importer_{world_.database, *world_.jobs, world_.clock};
  testing::Harness harness_;
};

TEST_F(AdvisoriesApi, ThereIsNoFeedBeforeTheFirstImport) {
  EXPECT_TRUE(Feed().is_null());
}

TEST_F(AdvisoriesApi, AnArchiveReplacesTheFeedAndIsRememberedByItsName) {
  ASSERT_EQ(Post("?sample=true").status, 200);
  const auto answer =
      Post("?source=mine.tar",
           Archive({RecordOf("CVE-2024-0001", "a"), RecordOf("CVE-2024-0002", "b")}));
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(Count(*json::Find(answer.body, "counts"), "vulnerabilities"), 2);
  EXPECT_EQ(Count(Feed(), "vulnerabilities"), 2);
  EXPECT_EQ(json::FindText(Feed(), "source"), "mine.tar");
}

TEST_F(AdvisoriesApi, TheSameFeedAgainChangesNothing) {
  const std::string archive = Archive({RecordOf("CVE-2024-0001", "a")});
  ASSERT_EQ(Post("", archive).status, 200);
  const auto again = Post("", archive);
  ASSERT_EQ(again.status, 200);
  EXPECT_EQ(*json::Find(again.body, "unchanged"), json::Value(true));
}

TEST_F(AdvisoriesApi, ASingleRecordIsAddedToTheFeed) {
  ASSERT_EQ(Post("?source=base", Archive({RecordOf("CVE-2024-0001", "a")})).status, 200);
  harness_.content_type = "application/json; charset=utf-8";
  ASSERT_EQ(Post("", RecordOf("CVE-2024-0002", "b")).status, 200);
  EXPECT_EQ(Count(Feed(), "vulnerabilities"), 2);
  EXPECT_EQ(json::FindText(Feed(), "source"), "base");
}

TEST_F(AdvisoriesApi, WhatIsNoFeedIsRefusedAndTheOldOneStays) {
  ASSERT_EQ(Post("?sample=true").status, 200);
  const json::Value before = Feed();
  EXPECT_EQ(Post("").status, 400);
  EXPECT_EQ(Post("", "this is no archive").status, 400);
  EXPECT_EQ(Post("", Archive({"{}"})).status, 400);
  EXPECT_EQ(Post("?source=a%0Ab", Archive({RecordOf("CVE-2024-0001", "a")})).status, 400);
  EXPECT_EQ(Feed(), before);
}

TEST_F(AdvisoriesApi, AnImportStandsInTheAuditTrail) {
  ASSERT_EQ(Post("?source=mine.tar", Archive({RecordOf("CVE-2024-0001", "a")})).status, 200);
  const auto records = harness_.control.log.Query({.action = "breakwater.advisories.import"});
  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->size(), 1U);
  EXPECT_EQ(records->front().record.target.name, "mine.tar");
  EXPECT_EQ(records->front().record.outcome, audit::Outcome::kSuccess);
}

TEST_F(AdvisoriesApi, ImportingAndReadingAreRightsOfTheirOwn) {
  harness_.authorizer.forbidden = "breakwater.advisories.import";
  EXPECT_EQ(Post("?sample=true").status, 403);
  EXPECT_EQ(harness_.Send("GET", std::string(kPath)).status, 200);
  harness_.authorizer.forbidden = "breakwater.advisories.read";
  EXPECT_EQ(harness_.Send("GET", std::string(kPath)).status, 403);
}

}  // namespace
}  // namespace breakwater::api::native
