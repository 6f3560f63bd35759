// The management API's retention policies through the dispatcher.
#include <set>

#include "api/registry/testing.h"

namespace breakwater::api {
namespace {

using testing::Answer;
using testing::DigestOf;

class RetentionApiTest : public testing::RegistryApiTest {
 protected:
  RetentionApiTest() { service_.world.Repository("team-a/app"); }
  std::string Push(int day, const std::string& tag) {
    const std::string config = R"({"created":"2022-03-0)" + std::to_string(day) + R"(T00:00:00Z"})";
    EXPECT_EQ(service_.PushBlob("team-a/app", config).status, 201);
    const std::string manifest = registry::testing::ImageManifest(config, {});
    EXPECT_EQ(service_.PutManifest("team-a/app", tag, manifest).status, 201);
    return DigestOf(manifest);
  }
};

TEST_F(RetentionApiTest, PolicyIsSetAndShown) {
  EXPECT_EQ(Do("GET", "/api/v1/retentions/team-a").body,
            R"({"namespace":"team-a","images_per_repo":-1,"retain_untagged":true})");
  const Answer set = Do("POST", "/api/v1/retentions",
                        R"({"namespace":"team-a","images_per_repo":10,"retain_untagged":false})");
  EXPECT_EQ(set.status, 201);
  EXPECT_EQ(set.body, "");
  EXPECT_EQ(Do("GET", "/api/v1/retentions").body,
            R"({"team-a":{"namespace":"team-a","images_per_repo":10,"retain_untagged":false}})");
  for (const std::string order : {"pushed", "pulled"}) {
    EXPECT_EQ(Do("POST", "/api/v1/retentions",
                 R"({"namespace":"team-a","images_per_repo":3,"account":"",)"
                 R"("deletion_threshold_days":7,"order_by":")" +
                     order + "\"}")
                  .status,
              201);
    EXPECT_EQ(Do("GET", "/api/v1/retentions/team-a").body,
              R"({"namespace":"team-a","images_per_repo":3,"retain_untagged":false,)"
              R"("deletion_threshold_days":7,"order_by":")" +
                  order + "\"}");
  }
}

// The reference's Terraform provider sends, of a policy that is there, only what changed.
TEST_F(RetentionApiTest, AFieldThatIsNotSentStaysAsItWas) {
  const auto after = [&](const std::string& fields) {
    EXPECT_EQ(Do("POST", "/api/v1/retentions", R"({"namespace":"team-a",)" + fields + "}").status,
              201);
    return Do("GET", "/api/v1/retentions/team-a").body;
  };
  EXPECT_EQ(after(R"("images_per_repo":10)"),
            R"({"namespace":"team-a","images_per_repo":10,"retain_untagged":false})");
  EXPECT_EQ(after(R"("retain_untagged":true)"),
            R"({"namespace":"team-a","images_per_repo":10,"retain_untagged":true})");
  EXPECT_EQ(after(R"("images_per_repo":12)"),
            R"({"namespace":"team-a","images_per_repo":12,"retain_untagged":true})");
  EXPECT_EQ(after(R"("images_per_repo":-1,"retain_untagged":true)"),
            R"({"namespace":"team-a","images_per_repo":-1,"retain_untagged":true})");
  EXPECT_EQ(after(R"("images_per_repo":10)"),
            R"({"namespace":"team-a","images_per_repo":10,"retain_untagged":false})")
      << "a new policy begins as the reference's";
}

TEST_F(RetentionApiTest, WhatIsWrongOrNotAllowedIsSaid) {
  EXPECT_EQ(Do("GET", "/api/v1/retentions/none").status, 404);
  EXPECT_EQ(Do("POST", "/api/v1/retentions", R"({"namespace":"none","images_per_repo":1})").status,
            404);
  for (const char* body :
       {R"({"images_per_repo":1})", R"({"namespace":"team-a","images_per_repo":0})",
        R"({"namespace":"team-a","order_by":"size"})", "[]"}) {
    EXPECT_EQ(Do("POST", "/api/v1/retentions", body).status, 400) << body;
  }
  const std::string body = R"({"namespace":"team-a","images_per_repo":1})";
  EXPECT_EQ(As("reader", "POST", "/api/v1/retentions", body).status, 403);
  EXPECT_EQ(As("nobody", "POST", "/api/v1/retentions/analyze", body).status, 403);
  EXPECT_EQ(As("nobody", "GET", "/api/v1/retentions/team-a").status, 403);
  EXPECT_EQ(As("nobody", "GET", "/api/v1/retentions").body, "{}");
  EXPECT_EQ(Do("POST", "/api/v1/retentions/analyze", R"({"namespace":"none"})").status, 404);
}

TEST_F(RetentionApiTest, AnalysisNamesWhatSettingThePolicyDeletes) {
  const std::string old = Push(1, "v1");
  const std::string fresh = Push(2, "v2");
  const std::string body = R"({"namespace":"team-a","images_per_repo":1,"retain_untagged":false})";
  const Answer analysed = Do("POST", "/api/v1/retentions/analyze", body);
  EXPECT_EQ(analysed.status, 200);
  EXPECT_EQ(analysed.body, R"({"us.icr.example/team-a/app@)" + old + R"(":["v1"]})");
  EXPECT_EQ(Do("POST", "/api/v1/retentions", body).status, 201);
  ASSERT_TRUE(service_.world.jobs->RunDue().ok());
  EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/v1").status, 404);
  EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/v2").status, 200);
  EXPECT_EQ(Do("GET", "/breakwater/v1/namespaces/team-a/retention")
                .body.find(R"([{"image":"us.icr.example/team-a/app@)" + fresh +
                           R"(","tags":["v2"],)"
                           R"("created":"2022-03-02T00:00:00Z","pushed":")"),
            0U);
}

TEST_F(RetentionApiTest, WhoeverMaySetAPolicyMayAskForItsDryRun) {
  std::string denied;
  service_.world.authorizer.rule = [&](const control::Caller&, std::string_view action,
                                       const control::Resource&) -> Status {
    if (action == denied) return Denied("you may not").Reason("not_authorized");
    return Ok();
  };
  const std::string old = Push(1, "v1");
  Push(2, "v2");
  const std::string body = R"({"namespace":"team-a","images_per_repo":1,"retain_untagged":false})";
  denied = "container-registry.retention.analyze";
  EXPECT_EQ(Do("POST", "/api/v1/retentions?dry_run=true", body).body,
            R"({"us.icr.example/team-a/app@)" + old + R"(":["v1"]})");
  EXPECT_EQ(Do("POST", "/api/v1/retentions/analyze", body).status, 403);
  denied = "container-registry.retention.set";
  EXPECT_EQ(Do("POST", "/api/v1/retentions?dry_run=true", body).status, 403);
  EXPECT_EQ(Do("POST", "/api/v1/retentions/analyze", body).status, 200);
  EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/v1").status, 200);
}

TEST_F(RetentionApiTest, AnAnalysisIsRecordedOfItsNamespaceAlsoWhereItIsADryRun) {
  const std::string body = R"({"namespace":"team-a","images_per_repo":1,"retain_untagged":false})";
  Do("POST", "/api/v1/retentions/analyze", body);
  Do("POST", "/api/v1/retentions?dry_run=true", body);
  As("nobody", "POST", "/api/v1/retentions/analyze", body);
  ASSERT_TRUE(service_.world.recorder.Flush().ok());
  const auto records =
      *service_.world.log.Query({.action = "container-registry.retention.analyze"});
  ASSERT_EQ(records.size(), 3U);
  for (const auto& one : records) {
    EXPECT_EQ(one.record.target.kind, "namespace");
    EXPECT_EQ(one.record.target.name, "team-a");
    EXPECT_EQ(*json::Find(one.record.request, "images_per_repo"), json::Value(1));
  }
  EXPECT_EQ(json::FindText(records[1].record.request, "dry_run"), "true");
  EXPECT_EQ(records[2].record.outcome, audit::Outcome::kFailure);
  EXPECT_TRUE(service_.world.log.Query({.action = "container-registry.retention.set"})->empty());
}

TEST_F(RetentionApiTest, ListsComeInPartsWhereTheseAreAskedFor) {
  for (const char* other : {"team-b/app", "team-c/app"}) service_.world.Repository(other);
  std::string names;
  for (std::string next = "/api/v1/retentions?limit=1"; !next.empty();) {
    const Answer part = Do("GET", next);
    const auto list = json::Parse(part.body);
    ASSERT_TRUE(list.ok()) << part.body;
    EXPECT_EQ(list->as_object().size(), 1U);
    for (const auto& member : list->as_object()) names += std::string(member.key()) + " ";
    const std::string link = part.Header("Link");
    next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
  }
  EXPECT_EQ(names, "team-a team-b team-c ");
  EXPECT_EQ(Do("GET", "/api/v1/retentions?limit=none").status, 400);
}

TEST_F(RetentionApiTest, AnAnalysisInPartsIsTheWholeOne) {
  for (int day = 1; day <= 7; ++day) Push(day, "v" + std::to_string(day));
  const std::string body = R"({"namespace":"team-a","images_per_repo":2,"retain_untagged":false})";
  const auto whole = json::Parse(Do("POST", "/api/v1/retentions/analyze", body).body);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->as_object().size(), 5U);
  json::Object all;
  int parts = 0;
  for (std::string next = "/api/v1/retentions/analyze?limit=2"; !next.empty(); ++parts) {
    const Answer part = Do("POST", next, body);
    const auto list = json::Parse(part.body);
    ASSERT_TRUE(list.ok()) << part.body;
    for (const auto& member : list->as_object()) {
      EXPECT_TRUE(all.emplace(member.key(), member.value()).second);
    }
    const std::string link = part.Header("Link");
    next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
  }
  EXPECT_EQ(all, whole->as_object());
  EXPECT_GT(parts, 1);
}

// What comes between two parts changes none of what the first has said.
TEST_F(RetentionApiTest, PartsOfAnAnalysisAreJudgedByTheMomentOfTheFirst) {
  std::set<std::string> old;
  for (int day = 1; day <= 5; ++day) old.insert(Push(day, "v" + std::to_string(day)));
  for (int day = 6; day <= 7; ++day) Push(day, "v" + std::to_string(day));
  const std::string body = R"({"namespace":"team-a","images_per_repo":2,"retain_untagged":false})";
  std::set<std::string> named;
  std::string fresh;
  for (std::string next = "/api/v1/retentions/analyze?limit=1"; !next.empty();) {
    const Answer part = Do("POST", next, body);
    const auto list = json::Parse(part.body);
    ASSERT_TRUE(list.ok()) << part.body;
    for (const auto& member : list->as_object()) {
      const std::string name(member.key());
      EXPECT_TRUE(named.insert(name.substr(name.find('@') + 1)).second);
    }
    const std::string link = part.Header("Link");
    next = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    if (fresh.empty()) fresh = Push(8, "v8");
  }
  EXPECT_EQ(named, old);
  EXPECT_EQ(Do("POST", "/api/v1/retentions/analyze", body).body.find(fresh), std::string::npos);
}

TEST_F(RetentionApiTest, APartByAnotherPolicyIsJudgedAnew) {
  for (int day = 1; day <= 7; ++day) Push(day, "v" + std::to_string(day));
  const auto policy = [](int images) {
    return R"({"namespace":"team-a","retain_untagged":false,"images_per_repo":)" +
           std::to_string(images) + "}";
  };
  const Answer part = Do("POST", "/api/v1/retentions/analyze?limit=1", policy(2));
  const std::string link = part.Header("Link");
  ASSERT_FALSE(link.empty()) << part.body;
  const std::string next = link.substr(1, link.find('>') - 1);
  EXPECT_EQ(Do("POST", next, policy(7)).body, "{}");
  // Whatever stands there, it is no more than a place to go on from.
  EXPECT_EQ(Do("POST", next + "x", policy(7)).body, "{}");
  EXPECT_EQ(Do("POST", "/api/v1/retentions/analyze?limit=1&start=nothing~1", policy(2)).status,
            400);
}

// However few of a repository's images go: who asks for one is given one, and not empty parts.
TEST_F(RetentionApiTest, PartsOfAnAnalysisAreFullWhereManyImagesStay) {
  for (int number = 1; number <= 40; ++number) {
    const std::string config =
        R"({"created":"2022-03-09T00:00:00Z","author":")" + std::to_string(number) + R"("})";
    ASSERT_EQ(service_.PushBlob("team-a/app", config).status, 201);
    ASSERT_EQ(service_
                  .PutManifest("team-a/app", "v" + std::to_string(number),
                               registry::testing::ImageManifest(config, {}))
                  .status,
              201);
  }
  std::set<std::string> old{Push(1, "old-1"), Push(2, "old-2")};
  const std::string body = R"({"namespace":"team-a","images_per_repo":40,"retain_untagged":false})";
  std::string next = "/api/v1/retentions/analyze?limit=1";
  for (const std::string& digest : old) {
    const Answer part = Do("POST", next, body);
    EXPECT_EQ(part.body.find(R"({"us.icr.example/team-a/app@)" + digest), 0U) << part.body;
    const std::string link = part.Header("Link");
    ASSERT_FALSE(link.empty());
    next = link.substr(1, link.find('>') - 1);
  }
}

}  // namespace
}  // namespace breakwater::api
