#include "api/native/storage.h"

#include <gtest/gtest.h>

#include "api/testing.h"
#include "registry/testing.h"

namespace breakwater::api::native {
namespace {

constexpr std::string_view kCollect = "/breakwater/v1/garbage-collection";

class StorageApi : public ::testing::Test {
 protected:
  StorageApi() {
    harness_.Serve(StorageEndpoints(
        {accounting_, world_.services->collector, harness_.control.changes}, harness_.face));
  }
  testing::Answer Collect(std::string_view query) {
    return harness_.Send("POST", std::string(kCollect) + std::string(query));
  }
  static const json::Array& List(const testing::Answer& answer, std::string_view name) {
    return json::Find(answer.body, name)->as_array();
  }

  registry::testing::World world_;
  registry::Accounting accounting_{world_.database, world_.store, world_.clock};
  testing::Harness harness_;
  std::string account_ = harness_.control.account.value();
  registry::RepositoryPath path_ = world_.Repository("team-a/app", account_.c_str());
};

TEST_F(StorageApi, WhatIsStoredAddsUpAndMayBeAskedForInParts) {
  ASSERT_TRUE(world_.PushBlob(path_, "four").ok());
  ASSERT_TRUE(world_.PushBlob(world_.Repository("team-b/app", account_.c_str()), "eleven").ok());
  ASSERT_TRUE(world_.PushBlob(world_.Repository("team-x/app", "another"), "theirs").ok());
  const auto whole = harness_.Send("GET", "/breakwater/v1/storage");
  ASSERT_EQ(whole.status, 200) << whole.text;
  EXPECT_EQ(*json::Find(whole.body, "bytes"), json::Value(10));
  std::int64_t sum = 0;
  for (const auto& [state, amount] : json::Find(whole.body, "states")->as_object()) {
    sum += json::Find(amount, "bytes")->to_number<std::int64_t>();
  }
  EXPECT_EQ(sum, 10);
  const auto part = harness_.Send("GET", "/breakwater/v1/storage?namespace=team-b");
  EXPECT_EQ(*json::Find(part.body, "bytes"), json::Value(6));
  const auto parts = harness_.Send("GET", "/breakwater/v1/storage?by=namespace");
  ASSERT_EQ(List(parts, "parts").size(), 2U);
  EXPECT_EQ(json::FindText(List(parts, "parts")[1], "name"), "team-b");
  EXPECT_EQ(*json::Find(List(parts, "parts")[1], "bytes"), json::Value(6));
  EXPECT_EQ(*json::Find(parts.body, "more"), json::Value(false));
  EXPECT_EQ(harness_.Send("GET", "/breakwater/v1/storage?by=colour").status, 400);
  const auto none = harness_.Send("GET", "/breakwater/v1/storage?namespace=team-x");
  EXPECT_EQ(*json::Find(none.body, "bytes"), json::Value(0));
  harness_.authorizer.forbidden = "breakwater.storage.read";
  EXPECT_EQ(harness_.Send("GET", "/breakwater/v1/storage").status, 403);
}

TEST_F(StorageApi, ADryRunSaysWhatWouldGoAndRemovesNothing) {
  ASSERT_TRUE(world_.PushBlob(path_, "old").ok());
  world_.clock.Advance(std::chrono::hours{25});
  ASSERT_TRUE(world_.PushBlob(path_, "new").ok());
  const auto answer = Collect("?dry_run=true");
  ASSERT_EQ(answer.status, 200) << answer.text;
  ASSERT_EQ(List(answer, "removed").size(), 1U);
  EXPECT_EQ(json::FindText(List(answer, "removed")[0], "digest"),
            oci::Digest::Of(AsBytes(std::string_view("old"))).text());
  EXPECT_EQ(json::FindText(List(answer, "removed")[0], "repository"), "team-a/app");
  ASSERT_EQ(List(answer, "held").size(), 1U);
  EXPECT_EQ(json::FindText(List(answer, "held")[0], "leased_until"),
            FormatRfc3339(world_.clock.Now() + registry::kBlobLease));
  EXPECT_EQ(world_.Count("repository_blob"), 2);
  EXPECT_TRUE(harness_.control.log.Query({.action = "breakwater.garbage-collection.run"})->empty());
  ASSERT_TRUE(harness_.control.recorder.Flush().ok());
  const auto asked =
      *harness_.control.log.Query({.action = "breakwater.garbage-collection.run.dry-run"});
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].record.target.name, "garbage");
}

TEST_F(StorageApi, ACollectionRemovesThatAndStandsInTheAuditTrail) {
  ASSERT_TRUE(world_.PushBlob(path_, "old").ok());
  world_.clock.Advance(std::chrono::hours{25});
  const auto answer = Collect("");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(*json::Find(*json::Find(answer.body, "freed"), "bytes"), json::Value(3));
  EXPECT_EQ(world_.Count("repository_blob"), 0);
  EXPECT_EQ(world_.Count("blob"), 0);
  const auto records = harness_.control.log.Query({.action = "breakwater.garbage-collection.run"});
  ASSERT_TRUE(records.ok());
  EXPECT_EQ(records->size(), 1U);
}

TEST_F(StorageApi, AnotherAccountsBlobsAreNeitherShownNorRemoved) {
  const auto foreign = world_.Repository("team-x/app", "another");
  ASSERT_TRUE(world_.PushBlob(foreign, "theirs").ok());
  world_.clock.Advance(std::chrono::hours{25});
  EXPECT_TRUE(List(Collect(""), "removed").empty());
  EXPECT_EQ(world_.Count("repository_blob"), 1);
}

TEST_F(StorageApi, CollectingIsARightOfItsOwn) {
  EXPECT_EQ(Collect("?dry_run=perhaps").status, 400);
  harness_.authorizer.forbidden = "breakwater.garbage-collection.run";
  EXPECT_EQ(Collect("?dry_run=true").status, 403);
}

}  // namespace
}  // namespace breakwater::api::native
