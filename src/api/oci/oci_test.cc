// The data plane through the dispatcher: what the protocol's checklist does not name.
#include "api/oci/oci.h"

#include <gtest/gtest.h>

#include "api/oci/testing.h"

namespace breakwater::api {
namespace {

using registry::testing::ImageManifest;
using testing::Answer;
using testing::ByName;
using testing::DigestOf;
using testing::kRepo;
using testing::Service;
using testing::Sha512Of;

class OciTest : public ::testing::Test {
 protected:
  OciTest() {
    service_.world.Repository(kRepo);
    service_.world.Repository("team-b/app");
    service_.world.authorizer.rule = ByName;
  }
  Answer Get(const std::string& target) { return service_.Get(target); }
  Answer Do(const testing::Call& call) { return service_.Do(call); }
  std::string Start(const std::string& query = "") {
    const Answer answer =
        Do({.method = "POST", .target = "/v2/" + kRepo + "/blobs/uploads/" + query});
    EXPECT_EQ(answer.status, 202);
    return answer.Header("Location");
  }
  Answer Patch(const std::string& location, const std::string& body,
               const std::string& content_range = "") {
    testing::Call call{.method = "PATCH", .target = location, .body = body};
    if (!content_range.empty()) call.headers.emplace_back("Content-Range", content_range);
    return Do(call);
  }

  Service service_;
};

// --- Base ---

TEST_F(OciTest, BaseIsTheLoginProbe) {
  const Answer in = Get("/v2/");
  EXPECT_EQ(in.status, 200);
  EXPECT_EQ(in.body, "{}");
  EXPECT_EQ(in.Header("Docker-Distribution-Api-Version"), "registry/2.0");
  EXPECT_EQ(Get("/v2").status, 200);

  const Answer out = Do({.method = "GET", .target = "/v2/", .authorization = ""});
  EXPECT_EQ(out.status, 401);
  EXPECT_EQ(out.Code(), "UNAUTHORIZED");
  EXPECT_EQ(out.Header("Docker-Distribution-Api-Version"), "registry/2.0");
  const auto challenges = out.headers.GetAll("WWW-Authenticate");
  ASSERT_EQ(challenges.size(), 1U) << "an engine that cannot satisfy a second one gives up";
  EXPECT_EQ(challenges[0],
            "Bearer realm=\"http://us.icr.example/oauth/token\",service=\"us.icr.example\"");
}

TEST_F(OciTest, ChallengeNamesTheScopeThatTheRequestNeeds) {
  const auto scope = [&](const std::string& method, const std::string& target) {
    const std::string challenge =
        Do({.method = method, .target = target, .authorization = ""}).Header("WWW-Authenticate");
    const auto at = challenge.find("scope=");
    return at == std::string::npos ? "" : challenge.substr(at);
  };
  EXPECT_EQ(scope("GET", "/v2/team-a/app/manifests/x"), "scope=\"repository:team-a/app:pull\"");
  EXPECT_EQ(scope("POST", "/v2/team-a/app/blobs/uploads/"),
            "scope=\"repository:team-a/app:pull,push\"");
  EXPECT_EQ(scope("DELETE", "/v2/team-a/app/manifests/x"),
            "scope=\"repository:team-a/app:delete\"");
  EXPECT_EQ(scope("GET", "/v2/_catalog"), "scope=\"registry:catalog:*\"");
  EXPECT_EQ(
      scope("POST", "/v2/team-a/app/blobs/uploads/?mount=" + DigestOf("x") + "&from=team-b/app"),
      "scope=\"repository:team-a/app:pull,push repository:team-b/app:pull\"");
}

TEST_F(OciTest, ChallengeCannotBeBrokenOutOfByAHostHeader) {
  const Answer answer = Do({.method = "GET",
                            .target = "/v2/",
                            .headers = {{"Host", "x\",realm=\"http://evil"}},
                            .authorization = ""});
  EXPECT_EQ(answer.Header("WWW-Authenticate").find("evil"), std::string::npos);
}

// --- Access ---

TEST_F(OciTest, AbsentAndForbiddenAreIndistinguishable) {
  ASSERT_EQ(service_.PushBlob(kRepo, "config").status, 201);
  for (const std::string& authorization :
       {std::string(), std::string("Basic nobody"), std::string("Bearer nobody team-x/y=pull")}) {
    const auto ask = [&](const std::string& repository) {
      Answer answer = Do({.method = "GET",
                          .target = "/v2/" + repository + "/blobs/" + DigestOf("config"),
                          .authorization = authorization});
      return std::to_string(answer.status) + answer.body;
    };
    EXPECT_EQ(ask(kRepo), ask("absent/app")) << authorization;
    EXPECT_EQ(ask(kRepo).substr(0, 3), authorization.empty() ? "401" : "403");
  }
}

TEST_F(OciTest, NamespaceOfAnotherAccountLooksAbsent) {
  const auto ask = [&](const std::string& repository) {
    Answer answer = Do({.method = "GET",
                        .target = "/v2/" + repository + "/tags/list",
                        .authorization = "Basic stranger"});
    return std::to_string(answer.status) + answer.Code();
  };
  EXPECT_EQ(ask(kRepo), "404NAME_UNKNOWN");
  EXPECT_EQ(ask("absent/app"), "404NAME_UNKNOWN");
  EXPECT_EQ(Do({.method = "POST",
                .target = "/v2/" + kRepo + "/blobs/uploads/",
                .authorization = "Basic stranger"})
                .status,
            404);
}

TEST_F(OciTest, TokenWithoutTheScopeIsChallengedOnce) {
  const Answer answer = Do({.method = "GET",
                            .target = "/v2/" + kRepo + "/manifests/x",
                            .authorization = "Bearer owner team-b/app=pull"});
  EXPECT_EQ(answer.status, 401);
  EXPECT_NE(answer.Header("WWW-Authenticate").find("error=\"insufficient_scope\""),
            std::string::npos);
}

TEST_F(OciTest, ReaderMayNotPushAndNoBodyIsReadBeforeThat) {
  const Answer answer = Do({.method = "PUT",
                            .target = "/v2/" + kRepo + "/manifests/x",
                            .body = std::string(5U << 20, 'x'),
                            .authorization = "Basic reader"});
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.Code(), "DENIED");
}

TEST_F(OciTest, PrivateOnlyRefusesPushAndPullOnThePublicListener) {
  ASSERT_EQ(service_.PushBlob(kRepo, "config").status, 201);
  ASSERT_EQ(
      Do({.method = "PATCH", .target = "/api/v1/auth", .body = R"({"private_only":true})"}).status,
      204);
  const std::string blob = "/v2/" + kRepo + "/blobs/" + DigestOf("config");
  const std::string session =
      Do({.method = "POST", .target = "/v2/" + kRepo + "/blobs/uploads/", .private_network = true})
          .Header("Location");
  const std::string repository = "/v2/" + kRepo;
  for (const auto& [method, target] : std::vector<std::pair<std::string, std::string>>{
           {"GET", blob},
           {"DELETE", blob},
           {"GET", repository + "/tags/list"},
           {"GET", repository + "/referrers/" + DigestOf("config")},
           {"GET", repository + "/manifests/v1"},
           {"PUT", repository + "/manifests/v1"},
           {"DELETE", repository + "/manifests/v1"},
           {"POST", repository + "/blobs/uploads/"},
           {"GET", session},
           {"PATCH", session},
           {"PUT", session + "&digest=" + DigestOf("x")},
           {"DELETE", session}}) {
    const Answer refused = Do({.method = method, .target = target, .body = "x"});
    EXPECT_EQ(refused.status, 403) << method << target;
    EXPECT_EQ(refused.Code(), "DENIED") << method << target;
    EXPECT_NE(refused.body.find("private_only"), std::string::npos) << method << target;
  }
  EXPECT_EQ(Do({.method = "GET", .target = session, .private_network = true}).Header("Range"),
            "0-0");
  EXPECT_EQ(Do({.method = "GET", .target = blob, .private_network = true}).status, 200);
  // The management API stays reachable.
  EXPECT_EQ(Get("/api/v1/auth").status, 200);
}

TEST_F(OciTest, PrivateOnlyTellsNobodyWhichNamespacesThereAre) {
  ASSERT_EQ(
      Do({.method = "PATCH", .target = "/api/v1/auth", .body = R"({"private_only":true})"}).status,
      204);
  for (const char* authorization : {"", "Basic nobody", "Basic stranger"}) {
    for (const auto& [method, rest] : std::vector<std::pair<std::string, std::string>>{
             {"GET", "/tags/list"},
             {"GET", "/manifests/v1"},
             {"POST", "/blobs/uploads/"},
             {"GET", "/blobs/uploads/some-session?state=guessed"}}) {
      const auto ask = [&](const std::string& repository) {
        Answer answer = Do({.method = method,
                            .target = "/v2/" + repository + rest,
                            .authorization = authorization});
        return std::to_string(answer.status) + answer.body;
      };
      EXPECT_EQ(ask(kRepo), ask("absent/app")) << authorization << method << rest;
    }
  }
  EXPECT_EQ(
      Do({.method = "GET", .target = "/v2/" + kRepo + "/tags/list", .authorization = ""}).status,
      401);
}

TEST_F(OciTest, RightsMayBeLimitedToAResourceGroup) {
  const auto& world = service_.world;
  ASSERT_TRUE(world.services->namespaces
                  .Create(world.Caller(), AccountId("acc"), world.registry(), "team-g", "group-1")
                  .ok());
  ASSERT_EQ(service_.PushBlob(kRepo, "mine").status, 201);
  service_.world.authorizer.rule = [](const control::Caller& caller, std::string_view,
                                      const control::Resource& resource) -> Status {
    const bool own = caller.actor.account == resource.account;
    if (own && resource.resource_group == "group-1") return Ok();
    return Denied("you may not").Reason("not_authorized");
  };
  ASSERT_EQ(service_.PushBlob("team-g/app", "config").status, 201);
  ASSERT_EQ(service_.PutManifest("team-g/app", "v1", ImageManifest("config", {})).status, 201);
  EXPECT_EQ(Get("/v2/team-g/app/manifests/v1").status, 200);
  EXPECT_EQ(Get("/v2/team-g/app/tags/list").status, 200);
  EXPECT_NE(Get("/api/v1/images").body.find("team-g/app:v1"), std::string::npos);
  // Other groups, no group, other accounts and nothing at all are one refusal.
  const auto refusal = [&](const std::string& repository, const std::string& authorization) {
    Answer answer = Do({.method = "GET",
                        .target = "/v2/" + repository + "/tags/list",
                        .authorization = authorization});
    return std::to_string(answer.status) + answer.body;
  };
  EXPECT_EQ(refusal(kRepo, "Basic owner"), refusal("absent/app", "Basic owner"));
  EXPECT_EQ(refusal("team-g/app", "Basic stranger"), refusal("absent/app", "Basic stranger"));
  EXPECT_EQ(refusal(kRepo, "Basic owner").substr(0, 3), "403");
  // A mount takes from where the caller may pull, and no further.
  const std::string mount = "/v2/team-g/other/blobs/uploads/?mount=";
  EXPECT_EQ(
      Do({.method = "POST", .target = mount + DigestOf("config") + "&from=team-g/app"}).status,
      201);
  EXPECT_EQ(Do({.method = "POST", .target = mount + DigestOf("mine") + "&from=" + kRepo}).status,
            202);
  EXPECT_EQ(
      Do({.method = "DELETE", .target = "/api/v1/images/us.icr.example%2Fteam-g%2Fapp:v1"}).status,
      200);
}

// --- Blobs ---

TEST_F(OciTest, PullIsRedirectedWhereTheRegistrySaysSoAndTheStoreHasAUrl) {
  control::RegistryInfo redirecting = service_.world.registry();
  redirecting.pull_url_life = std::chrono::seconds{60};
  service_.world.registries = control::Registries({redirecting});
  service_.world.store.presign = [](const oci::Digest& digest, std::chrono::seconds life) {
    return std::optional("https://store.example/" + std::string(digest.hex()) +
                         "?life=" + std::to_string(life.count()));
  };
  const std::string large(100'000, 'z');
  ASSERT_EQ(service_.PushBlob(kRepo, large).status, 201);
  ASSERT_EQ(service_.PushBlob(kRepo, "small").status, 201);
  const std::string target = "/v2/" + kRepo + "/blobs/" + DigestOf(large);
  const Answer redirected = Get(target);
  EXPECT_EQ(redirected.status, 307);
  EXPECT_EQ(redirected.Header("Location"),
            "https://store.example/" + DigestOf(large).substr(7) + "?life=60");
  EXPECT_EQ(redirected.Header("Docker-Content-Digest"), DigestOf(large));
  EXPECT_EQ(redirected.Header("Cache-Control"), "no-store");
  // What is asked about a blob is answered here, and so is what lies in the database.
  EXPECT_EQ(Do({.method = "HEAD", .target = target}).status, 200);
  EXPECT_EQ(Get("/v2/" + kRepo + "/blobs/" + DigestOf("small")).body, "small");
  EXPECT_EQ(Get("/v2/" + kRepo + "/blobs/" + DigestOf("absent")).Code(), "BLOB_UNKNOWN");
  EXPECT_EQ(Get("/v2/team-b/app/blobs/" + DigestOf(large)).status, 404);
}

TEST_F(OciTest, UnchangedBlobIs304) {
  ASSERT_EQ(service_.PushBlob(kRepo, "config").status, 201);
  for (const std::string& tag : {"\"" + DigestOf("config") + "\"",
                                 "W/\"x\", \"" + DigestOf("config") + "\"", std::string("*")}) {
    EXPECT_EQ(Do({.method = "GET",
                  .target = "/v2/" + kRepo + "/blobs/" + DigestOf("config"),
                  .headers = {{"If-None-Match", tag}}})
                  .status,
              304);
  }
}

TEST_F(OciTest, BlobOfOneRepositoryIsNotReadableThroughAnother) {
  ASSERT_EQ(service_.PushBlob(kRepo, "secret").status, 201);
  EXPECT_EQ(Get("/v2/team-b/app/blobs/" + DigestOf("secret")).status, 404);
}

// --- Uploads ---

TEST_F(OciTest, CancelledUploadIs404) {
  const std::string location = Start();
  ASSERT_EQ(Patch(location, "abc").status, 202);
  EXPECT_EQ(Do({.method = "DELETE", .target = location}).status, 204);
  for (const char* method : {"GET", "DELETE", "PATCH", "PUT"}) {
    const Answer answer = Do({.method = method, .target = location + "&digest=" + DigestOf("abc")});
    EXPECT_EQ(answer.status, 404) << method;
    EXPECT_EQ(answer.Code(), "BLOB_UPLOAD_UNKNOWN") << method;
  }
}

TEST_F(OciTest, SessionCarriesTheRightToFinishWhenTheTokenIsGone) {
  const std::string location = Start();
  const Answer patched =
      Do({.method = "PATCH", .target = location, .body = "abc", .authorization = ""});
  EXPECT_EQ(patched.status, 202);
  const std::string forged = location.substr(0, location.size() - 3) + "AAA";
  EXPECT_EQ(Do({.method = "PATCH", .target = forged, .body = "x"}).status, 404);
  EXPECT_EQ(Do({.method = "GET", .target = location.substr(0, location.find('?'))}).status, 404);
  // The right ends with its owner's.
  service_.world.authorizer.rule = [](const control::Caller&, std::string_view,
                                      const control::Resource&) -> Status {
    return Denied("no more").Reason("not_authorized");
  };
  EXPECT_EQ(Do({.method = "PUT", .target = location + "&digest=" + DigestOf("abc")}).status, 403);
}

TEST_F(OciTest, UploadGoesOnAfterARestart) {
  const std::string bytes(300'000, 'r');
  const std::string location = Start();
  ASSERT_EQ(Patch(location, bytes.substr(0, 100'000)).status, 202);
  service_.Restart();
  EXPECT_EQ(Do({.method = "GET", .target = location}).Header("Range"), "0-99999");
  ASSERT_EQ(Patch(location, bytes.substr(100'000), "100000-299999").status, 202);
  EXPECT_EQ(Do({.method = "PUT", .target = location + "&digest=" + Sha512Of(bytes)}).status, 201);
  EXPECT_EQ(Get("/v2/" + kRepo + "/blobs/" + Sha512Of(bytes)).body, bytes);
}

}  // namespace
}  // namespace breakwater::api
