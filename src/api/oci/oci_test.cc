// The data plane through the dispatcher. Names follow the protocol's checklist.
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
  service_.world.authorizer.rule = [](const control::Caller&, std::string_view,
                                      const control::Resource& resource) -> Status {
    if (resource.resource_group == "group-1") return Ok();
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

// --- Names ---

TEST_F(OciTest, MalformedNamesTagsAndDigestsAre400OnEveryRoute) {
  for (const char* target :
       {"/v2/team-a/App/tags/list", "/v2/team-a/a..b/manifests/x", "/v2/team-a/app/manifests/.x",
        "/v2/team-a/app/manifests/sha256:baddigeststring", "/v2/team-a/app/blobs/sha256:12",
        "/v2/team-a/app/blobs/md5:d41d8cd98f00b204e9800998ecf8427e",
        "/v2/team-a/app/referrers/sha256:12", "/v2/team-a/app/referrers/x",
        "/v2/team-a/%2e%2e/tags/list", "/v2/team-a//app/tags/list", "/v2/team-a/%zz/tags/list"}) {
    const Answer answer = Get(target);
    EXPECT_EQ(answer.status, 400) << target << answer.body;
    EXPECT_NE(answer.Code(), "(no JSON)") << target;
  }
  const std::string long_name = "team-a/" + std::string(250, 'a');
  EXPECT_EQ(Get("/v2/" + long_name + "/tags/list").Code(), "NAME_INVALID");
}

TEST_F(OciTest, UnknownMethodsAre405WithAllow) {
  const Answer answer = Do({.method = "POST", .target = "/v2/team-a/app/tags/list"});
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.Code(), "UNSUPPORTED");
  EXPECT_FALSE(answer.Header("Allow").empty());
}

// --- Blobs ---

TEST_F(OciTest, BlobIsReadWholeOrByOneRange) {
  std::string bytes(2000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i % 251);
  const std::string large = bytes + std::string(100'000, 'z');
  for (const std::string& content : {bytes, large}) {
    ASSERT_EQ(service_.PushBlob(kRepo, content).status, 201);
    const std::string target = "/v2/" + kRepo + "/blobs/" + DigestOf(content);
    const Answer whole = Get(target);
    EXPECT_EQ(whole.status, 200);
    EXPECT_EQ(whole.body, content);
    EXPECT_EQ(whole.Header("Docker-Content-Digest"), DigestOf(content));
    EXPECT_EQ(whole.Header("ETag"), "\"" + DigestOf(content) + "\"");
    EXPECT_EQ(whole.Header("Accept-Ranges"), "bytes");
    EXPECT_EQ(whole.Header("Content-Type"), "application/octet-stream");

    const auto ranged = [&](const std::string& range) {
      return Do({.method = "GET", .target = target, .headers = {{"Range", range}}});
    };
    const std::string size = std::to_string(content.size());
    EXPECT_EQ(ranged("bytes=500-1499").status, 206);
    EXPECT_EQ(ranged("bytes=500-1499").body, content.substr(500, 1000));
    EXPECT_EQ(ranged("bytes=500-1499").Header("Content-Range"), "bytes 500-1499/" + size);
    EXPECT_EQ(ranged("bytes=500-").body, content.substr(500));
    EXPECT_EQ(ranged("bytes=-500").body, content.substr(content.size() - 500));
    EXPECT_EQ(ranged("bytes=1500-99999999").body, content.substr(1500));
    EXPECT_EQ(ranged("bytes=99999999-").status, 416);
    EXPECT_EQ(ranged("bytes=500-0").status, 416);
  }
}

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

TEST_F(OciTest, BlobHeadHasALengthAndNoBody) {
  ASSERT_EQ(service_.PushBlob(kRepo, "config").status, 201);
  const Answer head =
      Do({.method = "HEAD", .target = "/v2/" + kRepo + "/blobs/" + DigestOf("config")});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.length, 6U);
  EXPECT_EQ(head.body, "");
  const Answer absent =
      Do({.method = "HEAD", .target = "/v2/" + kRepo + "/blobs/" + DigestOf("absent")});
  EXPECT_EQ(absent.status, 404);
  EXPECT_EQ(absent.body, "");
  EXPECT_EQ(Get("/v2/" + kRepo + "/blobs/" + DigestOf("absent")).Code(), "BLOB_UNKNOWN");
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

TEST_F(OciTest, DeletedBlobIsGoneAtOnceFromThisRepositoryAlone) {
  ASSERT_EQ(service_.PushBlob(kRepo, "shared").status, 201);
  ASSERT_EQ(service_.PushBlob("team-b/app", "shared").status, 201);
  const std::string target = "/v2/" + kRepo + "/blobs/" + DigestOf("shared");
  EXPECT_EQ(Do({.method = "DELETE", .target = target}).status, 202);
  EXPECT_EQ(Get(target).status, 404);
  EXPECT_EQ(Do({.method = "DELETE", .target = target}).status, 404);
  EXPECT_EQ(Get("/v2/team-b/app/blobs/" + DigestOf("shared")).status, 200);
}

// --- Uploads ---

TEST_F(OciTest, PostWithDigestAndBodyIsOneRequest) {
  for (const std::string& digest : {DigestOf("blob"), Sha512Of("blob")}) {
    const Answer answer = Do({.method = "POST",
                              .target = "/v2/" + kRepo + "/blobs/uploads/?digest=" + digest,
                              .body = "blob"});
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(Get(answer.Header("Location")).body, "blob");
    EXPECT_EQ(answer.Header("Docker-Content-Digest"), digest);
  }
  EXPECT_EQ(Do({.method = "POST",
                .target = "/v2/" + kRepo + "/blobs/uploads/?digest=" + DigestOf("x"),
                .body = "blob"})
                .Code(),
            "DIGEST_INVALID");
  EXPECT_EQ(
      Do({.method = "POST", .target = "/v2/" + kRepo + "/blobs/uploads/?digest-algorithm=md5"})
          .status,
      400);
}

TEST_F(OciTest, SessionIsOneSegmentWithTheRestInTheQuery) {
  const std::string location = Start();
  EXPECT_EQ(location.rfind("/v2/team-a/app/blobs/uploads/", 0), 0U);
  const std::string path = location.substr(0, location.find('?'));
  EXPECT_EQ(path.find('/', std::string("/v2/team-a/app/blobs/uploads/").size()), std::string::npos);
}

TEST_F(OciTest, StreamedPatchThenEmptyPut) {
  const std::string bytes(200'000, 's');
  const std::string location = Start();
  const Answer patched =
      Do({.method = "PATCH", .target = location, .body = bytes, .chunked = true});
  EXPECT_EQ(patched.status, 202);
  EXPECT_EQ(patched.Header("Range"), "0-199999");
  // Clients put their parameters before ours, or behind, raw or escaped.
  const auto mark = location.find('?');
  const std::string reordered = location.substr(0, mark) + "?digest=sha256%3A" +
                                DigestOf(bytes).substr(7) + "&" + location.substr(mark + 1);
  EXPECT_EQ(Do({.method = "PUT", .target = reordered}).status, 201);
  EXPECT_EQ(Get("/v2/" + kRepo + "/blobs/" + DigestOf(bytes)).body, bytes);
}

TEST_F(OciTest, OutOfOrderChunkIs416AndTheUploadGoesOn) {
  std::string location = Start();
  EXPECT_EQ(Do({.method = "GET", .target = location}).Header("Range"), "0-0");
  EXPECT_EQ(Patch(location, "0123456789", "10-19").status, 416);
  EXPECT_EQ(Patch(location, "0123456789", "0-9").status, 202);
  const Answer repeated = Patch(location, "0123456789", "0-9");
  EXPECT_EQ(repeated.status, 416);
  EXPECT_EQ(repeated.Code(), "BLOB_UPLOAD_INVALID");
  EXPECT_EQ(repeated.Header("Range"), "0-9");
  const std::string put = location + "&digest=" + DigestOf("0123456789abcde");
  EXPECT_EQ(
      Do({.method = "PUT", .target = put, .body = "abcde", .headers = {{"Content-Range", "11-15"}}})
          .status,
      416);
  const Answer status = Do({.method = "GET", .target = location});
  EXPECT_EQ(status.status, 204);
  EXPECT_EQ(status.Header("Range"), "0-9");
  EXPECT_FALSE(status.Header("Location").empty());
  EXPECT_EQ(
      Do({.method = "PUT", .target = put, .body = "abcde", .headers = {{"Content-Range", "10-14"}}})
          .status,
      201);
}

TEST_F(OciTest, ContentRangeMalformedIs400AndWithUnitIsUnderstood) {
  const std::string location = Start();
  for (const char* bad : {"x", "5-1", "-", "bytes=0-9", "0-9-9"}) {
    EXPECT_EQ(Patch(location, "0123456789", bad).status, 400) << bad;
  }
  EXPECT_EQ(Patch(location, "0123456789", "bytes 0-9/10").status, 202);
  EXPECT_EQ(Patch(location, "0123456789", "10-18").Code(), "SIZE_INVALID");
}

TEST_F(OciTest, ClosingWithoutOrWithAWrongDigestIs400) {
  for (const std::string& query :
       {std::string(), std::string("&digest="), std::string("&digest=sha256:baddigeststring"),
        "&digest=md5:" + std::string(32, 'a'), "&digest=" + DigestOf("other")}) {
    const std::string location = Start();
    const Answer answer = Do({.method = "PUT", .target = location + query, .body = "blob"});
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.Code(), "DIGEST_INVALID") << query;
  }
  EXPECT_EQ(Get("/v2/" + kRepo + "/blobs/" + DigestOf("blob")).status, 404);
}

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

TEST_F(OciTest, FormContentTypeStillCarriesBlobBytes) {
  EXPECT_EQ(Do({.method = "PUT",
                .target = Start() + "&digest=" + DigestOf("digest=sha256:x"),
                .body = "digest=sha256:x",
                .headers = {{"Content-Type", "application/x-www-form-urlencoded"}}})
                .status,
            201);
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

// --- Mounts ---

class MountTest : public OciTest {
 protected:
  MountTest() { EXPECT_EQ(service_.PushBlob("team-b/app", "blob").status, 201); }
  Answer Mount(const std::string& query, const std::string& authorization = "Basic owner") {
    return Do({.method = "POST",
               .target = "/v2/" + kRepo + "/blobs/uploads/?mount=" + query,
               .authorization = authorization});
  }
};

TEST_F(MountTest, WithOrWithoutFromLinksTheBlob) {
  for (const std::string& from :
       {std::string("&from=team-b/app"), std::string(), std::string("&from=team-b%2Fapp")}) {
    const Answer answer = Mount(DigestOf("blob") + from);
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(Get(answer.Header("Location")).body, "blob");
  }
}

TEST_F(MountTest, ThatCannotBeOpensAnUpload) {
  for (const std::string& query :
       {DigestOf("absent") + "&from=team-b/app", DigestOf("blob") + "&from=absent/app",
        DigestOf("blob") + "&from=BAD", DigestOf("absent")}) {
    const Answer answer = Mount(query);
    EXPECT_EQ(answer.status, 202) << query;
    EXPECT_FALSE(answer.Header("Location").empty());
  }
}

TEST_F(MountTest, NeedsTheRightToPullTheSource) {
  const std::string query = DigestOf("blob") + "&from=team-b/app";
  // Not asked for: the challenge names both. Asked for in vain: an upload instead.
  const Answer challenged = Mount(query, "Bearer owner team-a/app=pull,push");
  EXPECT_EQ(challenged.status, 401);
  EXPECT_NE(challenged.Header("WWW-Authenticate").find("repository:team-b/app:pull"),
            std::string::npos);
  EXPECT_EQ(Mount(query, "Bearer owner team-a/app=pull,push team-b/app=").status, 202);
  EXPECT_EQ(Mount(query, "Bearer owner team-a/app=pull,push team-b/app=pull").status, 201);
  // Nobody named the source: no reason to challenge.
  EXPECT_EQ(Mount(DigestOf("blob") + "x", "Basic owner").status, 400);
}

TEST_F(MountTest, WithoutFromTriesOnlyWhatTheCallerMayPull) {
  EXPECT_EQ(Mount(DigestOf("blob"), "Bearer owner team-a/app=pull,push").status, 202);
}

}  // namespace
}  // namespace breakwater::api
