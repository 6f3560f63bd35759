// The management API through the dispatcher.
#include "api/registry/registry.h"

#include "api/registry/testing.h"

namespace breakwater::api {
namespace {

using testing::Answer;
using testing::RegistryApiTest;

TEST_F(RegistryApiTest, AuthShowsBothFieldsAndPatchesEither) {
  EXPECT_EQ(Do("GET", "/api/v1/auth").body, R"({"iam_authz":true,"private_only":false})");
  const Answer patched = Do("PATCH", "/api/v1/auth", R"({"private_only":true})");
  EXPECT_EQ(patched.status, 204);
  EXPECT_EQ(patched.body, "");
  EXPECT_EQ(Do("GET", "/api/v1/auth").body, R"({"iam_authz":true,"private_only":true})");
  EXPECT_EQ(Do("PATCH", "/api/v1/auth", "{}").status, 204);
}

TEST_F(RegistryApiTest, IamAuthzOffIs409WithAStableCode) {
  const Answer refused = Do("PATCH", "/api/v1/auth", R"({"iam_authz":false})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(CodeOf(refused), "BRW0409A");
  EXPECT_EQ(json::FindText(*json::Parse(refused.body), "request-id"), "req-1");
}

TEST_F(RegistryApiTest, ChangeThatARuleForbidsIs403WithAStableCode) {
  service_.world.gate.refuses = [](const condition::Facts&) { return true; };
  const Answer refused = Do("PATCH", "/api/v1/auth", R"({"private_only":true})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(CodeOf(refused), "BRW0403R");
  EXPECT_EQ(Do("GET", "/api/v1/auth").body, R"({"iam_authz":true,"private_only":false})");
}

TEST_F(RegistryApiTest, SettingsShowAndPatchPlatformMetrics) {
  EXPECT_EQ(Do("GET", "/api/v1/settings").body, R"({"platform_metrics":false})");
  EXPECT_EQ(Do("PATCH", "/api/v1/settings", R"({"platform_metrics":true})").status, 204);
  EXPECT_EQ(Do("GET", "/api/v1/settings").body, R"({"platform_metrics":true})");
}

TEST_F(RegistryApiTest, BadBodiesAre400AndNameThePlace) {
  for (const char* body : {"", "{", R"({"private_only":"yes"})", R"({"privat_only":true})", "[]"}) {
    const Answer answer = Do("PATCH", "/api/v1/auth", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_FALSE(CodeOf(answer).empty()) << body;
  }
  EXPECT_NE(Do("PATCH", "/api/v1/auth", R"({"private_only":"yes"})").body.find("private_only"),
            std::string::npos);
}

TEST_F(RegistryApiTest, SettingsNeedTheirRights) {
  EXPECT_EQ(As("", "GET", "/api/v1/auth").status, 401);
  EXPECT_EQ(As("reader", "PATCH", "/api/v1/auth", R"({"private_only":true})").status, 403);
  EXPECT_EQ(CodeOf(As("reader", "PATCH", "/api/v1/auth", "{}")), "CRG0020E");
  EXPECT_EQ(As("", "GET", "/api/v1/messages").status, 204);
  EXPECT_EQ(CodeOf(Do("GET", "/api/v1/auth", "", {{"Account", "other"}})), "CRG0009E");
}

TEST_F(RegistryApiTest, NamespaceIsMadeShownAssignedAndDeleted) {
  const Answer made = Do("PUT", "/api/v1/namespaces/team-a");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.body, R"({"namespace":"team-a"})");
  EXPECT_EQ(Do("PUT", "/api/v1/namespaces/team-a").status, 200);
  EXPECT_EQ(Do("GET", "/api/v1/namespaces").body, R"(["team-a"])");
  EXPECT_EQ(Do("GET", "/api/v1/namespaces/details").body,
            R"([{"account":"acc","name":"team-a","created_date":"2022-03-21T09:10:00Z",)"
            R"("updated_date":"2022-03-21T09:10:00Z"}])");
  const std::vector<std::pair<std::string, std::string>> group = {
      {"X-Auth-Resource-Group", "group-1"}};
  EXPECT_EQ(Do("PATCH", "/api/v1/namespaces/team-a", "", group).status, 200);
  EXPECT_EQ(Do("PATCH", "/api/v1/namespaces/team-a", "", group).status, 200);
  EXPECT_EQ(Do("PATCH", "/api/v1/namespaces/team-a").status, 400);
  const Answer details = Do("GET", "/api/v1/namespaces/details");
  EXPECT_NE(details.body.find(R"("resource_group":"group-1")"), std::string::npos);
  EXPECT_NE(details.body.find(R"("crn":"crn:v1:)"), std::string::npos);
  EXPECT_EQ(Do("DELETE", "/api/v1/namespaces/team-a").status, 204);
  EXPECT_EQ(Do("DELETE", "/api/v1/namespaces/team-a").status, 404);
  EXPECT_EQ(Do("GET", "/api/v1/namespaces").body, "[]");
}

TEST_F(RegistryApiTest, NamespaceTakenByAnotherAccountIs409) {
  ASSERT_EQ(As("stranger", "PUT", "/api/v1/namespaces/team-a").status, 201);
  const Answer taken = Do("PUT", "/api/v1/namespaces/team-a");
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(CodeOf(taken), "BRW0409N");
  EXPECT_EQ(Do("DELETE", "/api/v1/namespaces/team-a").status, 404);
  EXPECT_EQ(CodeOf(Do("PUT", "/api/v1/namespaces/ab")), "BRW0400N");
}

TEST_F(RegistryApiTest, CallerWithoutRightsSeesAnEmptyList) {
  ASSERT_EQ(Do("PUT", "/api/v1/namespaces/team-a").status, 201);
  const Answer answer = As("nobody", "GET", "/api/v1/namespaces");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "[]");
  EXPECT_EQ(As("", "GET", "/api/v1/namespaces").status, 401);
}

TEST_F(RegistryApiTest, ImagesAreListedWithTheirNamesAndLabels) {
  service_.world.Repository("team-a/app");
  PushImage("team-a/app", "v1");
  const Answer answer = Do("GET", "/api/v1/images");
  const auto document = json::Parse(answer.body);
  ASSERT_EQ(document->get_array().size(), 1U);
  const json::Value& image = document->get_array()[0];
  EXPECT_EQ(json::Serialize(*json::Find(image, "RepoTags")), R"(["us.icr.example/team-a/app:v1"])");
  EXPECT_EQ(json::Serialize(*json::Find(image, "RepoDigests")),
            R"(["us.icr.example/team-a/app@)" + digest_ + "\"]");
  EXPECT_EQ(json::Find(image, "Created")->to_number<std::int64_t>(), 1'647'853'800);
  EXPECT_EQ(json::FindText(*json::Find(image, "Labels"), "a"), "b");
  EXPECT_EQ(json::FindText(image, "ManifestType"), "OCI Image Manifest v1");
  EXPECT_EQ(Do("GET", "/api/v1/images?namespace=team-b").body, "[]");
  EXPECT_NE(Do("GET", "/api/v1/images?namespace=team-b&namespace=team-a").body, "[]");
  EXPECT_NE(Do("GET", "/api/v1/images?repository=us.icr.example/team-a/app").body, "[]");
  EXPECT_EQ(Do("GET", "/api/v1/images?includePrivate=true&includePrivate=false").body, "[]");
  EXPECT_EQ(Do("GET", "/api/v1/images?includePrivate=maybe").status, 400);
  EXPECT_EQ(As("nobody", "GET", "/api/v1/images").body, "[]");
}

TEST_F(RegistryApiTest, ImageIsDeletedByRawAndEscapedNames) {
  service_.world.Repository("team-a/app");
  for (const char* name : {"us.icr.example/team-a/app:v1", "us.icr.example%2Fteam-a%2Fapp%3Av1",
                           "team-a/app:v1", "127.0.0.1:5000/team-a/app:v1"}) {
    PushImage("team-a/app", "v1");
    const Answer deleted = Do("DELETE", std::string("/api/v1/images/") + name);
    EXPECT_EQ(deleted.status, 200) << name;
    EXPECT_EQ(deleted.body,
              R"({"Untagged":")" + digest_ +
                  R"(","RemovedTags":["us.icr.example/team-a/app:v1"],"RemovedAttachments":[]})");
    EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/" + digest_).status, 404);
  }
  EXPECT_EQ(Do("DELETE", "/api/v1/images/team-a/app:v1").status, 404);
  EXPECT_EQ(CodeOf(Do("DELETE", "/api/v1/images/de.icr.example/team-a/app:v1")), "BRW0400H");
}

TEST_F(RegistryApiTest, DeletedTagKeepsTheImage) {
  service_.world.Repository("team-a/app");
  PushImage("team-a/app", "v1");
  const std::string name = "/api/v1/tags/us.icr.example/team-a/app";
  EXPECT_EQ(CodeOf(Do("DELETE", name)), "BRW0400T");
  EXPECT_EQ(As("reader", "DELETE", name + ":v1").status, 403);
  EXPECT_EQ(Do("DELETE", name + ":v1").status, 200);
  EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/v1").status, 404);
  EXPECT_EQ(service_.Get("/v2/team-a/app/manifests/" + digest_).status, 200);
}

}  // namespace
}  // namespace breakwater::api
