// Tag immutability by every door: its own endpoint, pushes, and both faces' deletions.
#include "api/native/namespaces.h"

#include <gtest/gtest.h>

#include "api/oci/testing.h"

namespace breakwater::api::native {
namespace {

using api::testing::Answer;
using api::testing::DigestOf;
using api::testing::kRepo;
using registry::testing::ImageManifest;

class NamespaceApi : public ::testing::Test {
 protected:
  NamespaceApi() {
    service_.world.Repository(kRepo);
    service_.world.authorizer.rule = api::testing::ByName;
    EXPECT_EQ(service_.PushBlob(kRepo, "config").status, 201);
    auto& world = service_.world;
    auto& s = *world.services;
    std::vector<Endpoint> all =
        OciEndpoints(*service_.oci_face, {s.namespaces, s.blobs, s.uploads, s.manifests,
                                          world.authorizer, s.settings, s.admission, s.last_pulls});
    for (auto& endpoint : RegistryEndpoints(service_.registry_face, service_.Management())) {
      all.push_back(std::move(endpoint));
    }
    for (auto& endpoint : NamespaceEndpoints({s.tag_immutability, s.namespaces}, native_)) {
      all.push_back(std::move(endpoint));
    }
    service_.dispatcher = std::make_unique<Dispatcher>(
        DispatcherDeps{world.registries, service_.authenticator, world.authorizer, world.changes,
                       world.recorder, service_.metrics, AccountId("acc")},
        std::move(all),
        std::vector<Dispatcher::FacePrefix>{{"/v2", service_.oci_face.get()},
                                            {"/api/v1", &service_.registry_face},
                                            {"/", &native_}});
  }
  Answer Do(const std::string& method, const std::string& target, const std::string& body = "",
            const std::string& who = "owner") {
    return service_.Do(
        {.method = method, .target = target, .body = body, .authorization = "Basic " + who});
  }
  Answer Set(const std::string& body, const std::string& who = "owner") {
    return Do("PUT", kSetting, body, who);
  }

  const std::string kSetting = "/breakwater/v1/namespaces/team-a/tag-immutability";
  api::testing::Service service_;
  SccFace native_{"native"};
  const std::string image_ = ImageManifest("config", {});
  const std::string other_ = ImageManifest("config", {}, R"(,"annotations":{"a":"b"})");
};

TEST_F(NamespaceApi, SettingIsReadAndReplaced) {
  EXPECT_EQ(Do("GET", kSetting).body, R"({"immutable":[],"except":[],"namespace":"team-a"})");
  const Answer set = Set(R"({"immutable":["v*"],"except":["v*-rc"]})");
  EXPECT_EQ(set.status, 200);
  EXPECT_EQ(set.body, R"({"immutable":["v*"],"except":["v*-rc"],"namespace":"team-a"})");
  EXPECT_EQ(Do("GET", kSetting).body, set.body);
  EXPECT_EQ(Set(R"({"immutable":[]})").status, 200);
  EXPECT_EQ(Do("GET", kSetting).body, R"({"immutable":[],"except":[],"namespace":"team-a"})");
}

TEST_F(NamespaceApi, SettingIsRefusedWhereItIsMalformedUnknownOrForbidden) {
  for (const char* body : {"", "[]", "{}", R"({"immutable":"v*"})", R"({"immutable":["a b"]})",
                           R"({"immutable":[],"other":1})", R"({"immutable":[],"except":["x"]})"}) {
    EXPECT_EQ(Set(body).status, 400) << body;
  }
  EXPECT_EQ(
      Do("PUT", "/breakwater/v1/namespaces/absent/tag-immutability", R"({"immutable":[]})").status,
      404);
  EXPECT_EQ(Set(R"({"immutable":[]})", "reader").status, 403);
  EXPECT_EQ(Do("GET", kSetting, "", "nobody").status, 403);
}

TEST_F(NamespaceApi, ImmutableTagIs403DeniedWithAWayOutByEveryDoor) {
  ASSERT_EQ(Set(R"({"immutable":["v*"]})").status, 200);
  ASSERT_EQ(service_.PutManifest(kRepo, "v1", image_).status, 201);
  EXPECT_EQ(service_.PutManifest(kRepo, "v1", image_).status, 201);
  const std::string manifests = "/v2/" + kRepo + "/manifests/";
  for (const Answer& refused :
       {service_.PutManifest(kRepo, "v1", other_),
        service_.PutManifest(kRepo, DigestOf(other_) + "?tag=v1", other_),
        Do("DELETE", manifests + "v1"), Do("DELETE", manifests + DigestOf(image_))}) {
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.Code(), "DENIED");
    EXPECT_NE(refused.body.find("Push under another tag"), std::string::npos) << refused.body;
  }
  for (const std::string& target :
       {std::string("/api/v1/images/us.icr.example%2Fteam-a%2Fapp:v1"),
        "/api/v1/images/us.icr.example%2Fteam-a%2Fapp@" + DigestOf(image_),
        std::string("/api/v1/tags/us.icr.example%2Fteam-a%2Fapp:v1"),
        std::string("/api/v1/namespaces/team-a")}) {
    const Answer refused = Do("DELETE", target);
    EXPECT_EQ(refused.status, 403) << target;
    EXPECT_EQ(json::FindText(*json::Parse(refused.body), "code"), "BRW0403T") << target;
  }
  EXPECT_EQ(service_.Get(manifests + "v1").body, image_);
}

}  // namespace
}  // namespace breakwater::api::native
