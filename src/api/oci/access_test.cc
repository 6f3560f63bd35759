// Who may do what on the data plane, by the real tokens and policies: every endpoint and every kind
// of caller. An endpoint that is not in the table fails the test.
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "api/iam/authenticator.h"
#include "api/iam/iam.h"
#include "api/oci/testing.h"
#include "iam/account_setup.h"
#include "iam/iam_testing.h"

namespace breakwater::api {
namespace {

using ::breakwater::iam::Role;
using registry::testing::ImageManifest;
using testing::DigestOf;
using IamWorld = ::breakwater::iam::testing::World;

const std::string kRepo = "team-a/app";

struct Row {
  std::string_view operation;
  std::string_view needs;  // "pull", "push", "delete", "login", "catalog"; "session": its own URL
  int done;                // the status of success
};
constexpr Row kTable[] = {
    {"GetBase", "login", 200},
    {"HeadBase", "login", 200},
    {"ListRepositories", "catalog", 200},
    {"ListTags", "pull", 200},
    {"ListReferrers", "pull", 200},
    {"StartUpload", "push", 202},
    {"GetUpload", "session", 204},
    {"AppendUpload", "session", 202},
    {"FinishUpload", "session", 201},
    {"CancelUpload", "session", 204},
    {"GetBlob", "pull", 200},
    {"HeadBlob", "pull", 200},
    {"DeleteBlob", "delete", 202},
    {"GetManifest", "pull", 200},
    {"HeadManifest", "pull", 200},
    {"PutManifest", "push", 201},
    {"DeleteManifest", "delete", 202},
    {"GetSignatures", "pull", 200},
    {"PutSignature", "push", 201},
};

struct CallerRow {
  std::string name;
  std::string authorization;
  std::set<std::string_view> may;
  int refused = 401;
};

class AccessTable : public ::testing::Test {
 protected:
  AccessTable() {
    auto opened = blob::OpenFsBlobStore(
        {.root = directory_.path(), .durability = blob::Durability::kNone, .sync_threads = 2});
    BW_CHECK(opened.ok());
    disk_ = *std::move(opened);
    services_ = std::make_unique<registry::testing::Services>(
        world_.database->database(), *disk_, world_.clock, registries_, world_.changes,
        *world_.jobs, registry::testing::TestUploadOptions());
    world_.facts.Add(services_->tag_immutability);
    for (const char* name : {"team-a", "team-b"}) {
      BW_CHECK(
          services_->namespaces.Create(world_.administrator, world_.account, Registry(), name, "")
              .ok());
    }
    writer_ = NewServiceId({Role::kReader, Role::kWriter}, "team-a");
    reader_ = NewServiceId({Role::kReader}, "team-a");
    stranger_ = NewServiceId({Role::kReader, Role::kWriter}, "team-b");
    auto& s = *services_;
    std::vector<Endpoint> endpoints =
        OciEndpoints(oci_face_, {s.namespaces, s.blobs, s.uploads, s.manifests, world_.authorizer,
                                 s.settings, s.admission, s.last_pulls});
    data_plane_ = endpoints.size();
    for (Endpoint& endpoint : iam::IamEndpoints(
             iam_faces_, {world_.credentials,  world_.tokens,          world_.sessions,
                          world_.sign_in,      world_.address_guard,   world_.settings,
                          world_.users,        world_.service_ids,     world_.api_keys,
                          world_.groups,       world_.profiles,        world_.policies,
                          world_.custom_roles, world_.policy_warnings, world_.zones,
                          world_.restrictions, world_.authorizer,      outside_,
                          s.namespaces,        world_.activity})) {
      endpoints.push_back(std::move(endpoint));
    }
    dispatcher_ = std::make_unique<Dispatcher>(
        DispatcherDeps{registries_, authenticator_, world_.authorizer, world_.changes,
                       world_.recorder, metrics_, world_.account},
        std::move(endpoints),
        std::vector<Dispatcher::FacePrefix>{{"/v2", &oci_face_}, {"/", &iam_faces_.oauth}});
  }

  const control::RegistryInfo& Registry() const { return registries_.all().front(); }

  std::string NewServiceId(std::vector<::breakwater::iam::RoleRef> roles,
                           const std::string& name_space) {
    const auto made = *world_.service_ids.Create(
        world_.administrator, world_.account,
        {.name = "s", .api_key = ::breakwater::iam::NewApiKey{.name = "k"}});
    policies_.push_back(world_
                            .Grant(IamWorld::Of(made.service_id.iam_id), std::move(roles),
                                   {{"resourceType", "namespace"}, {"resource", name_space}})
                            .id);
    return IamWorld::Basic(made.api_key->value);
  }

  // The owner of another account.
  std::string Foreigner() {
    namespace domain = ::breakwater::iam;
    const Timestamp now = world_.clock.Now();
    domain::User owner;
    owner.email = "owner@other.example";
    const auto plan = *domain::PlanAccount(AccountId("other"), "Other", owner, now);
    const auto key = *domain::PrepareApiKey({.name = "k"}, plan.account.id, plan.account.owner,
                                            plan.account.owner, world_.hasher, now);
    BW_CHECK(world_.database->database()
                 .Write([&](db::Transaction& tx) -> Status {
                   BW_TRY_STATUS(domain::StoreAccount(tx, plan, now));
                   return domain::StoreApiKey(tx, key, domain::Limits());
                 })
                 .ok());
    return IamWorld::Basic(key.value);
  }

  struct Answer {
    int status = 0;
    net::Headers headers;
    std::string body;
    std::string Header(std::string_view name) const {
      return std::string(headers.Get(name).value_or(""));
    }
  };
  Answer Do(const std::string& method, const std::string& target, const std::string& authorization,
            const std::string& body = "", const std::string& host = "us.icr.io") {
    io::StringSource source(body);
    net::Request request;
    request.method = method;
    const auto parts = SplitN(target, '?', 2);
    request.path = std::string(parts[0]);
    if (parts.size() > 1) request.query = std::string(parts[1]);
    request.headers.Set("Host", host);
    request.headers.Set("Content-Type", std::string(oci::kOciManifest));
    if (!authorization.empty()) request.headers.Set("Authorization", authorization);
    request.id = "req-1";
    request.has_body = !body.empty();
    if (request.has_body) request.content_length = body.size();
    request.body = &source;
    net::Response response = dispatcher_->Handle(request);
    Answer answer{.status = response.status, .headers = std::move(response.headers), .body = {}};
    if (const auto text = response.text()) answer.body = *text;
    return answer;
  }

  std::string Token(const std::string& basic, const std::string& scope,
                    const std::string& host = "us.icr.io") {
    const Answer answer = Do("GET", "/oauth/token?scope=" + PercentEncode(scope), basic, "", host);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return "Bearer " + std::string(json::FindText(*json::Parse(answer.body), "token"));
  }

  // What every case finds: an image "v1", a blob that nothing needs, and an upload of the writer's.
  void Prepare() {
    auto path = services_->namespaces.Resolve(Registry(), kRepo);
    ASSERT_TRUE(path.ok());
    for (const char* bytes : {"config", "loose"}) {
      io::StringSource source(bytes);
      ASSERT_TRUE(services_->uploads
                      .Push(*path, world_.administrator.actor,
                            {.source = &source, .length = std::nullopt, .range = {}},
                            *oci::Digest::Parse(DigestOf(bytes)))
                      .ok());
    }
    ASSERT_TRUE(services_->manifests
                    .Put(world_.administrator, *path,
                         {.content = ImageManifest("config", {}),
                          .content_type = std::string(oci::kOciManifest),
                          .reference = *oci::Reference::Parse("v1"),
                          .tags = {}})
                    .ok());
    const Answer started = Do("POST", "/v2/" + kRepo + "/blobs/uploads/", writer_);
    ASSERT_EQ(started.status, 202);
    session_ = started.Header("Location");
  }

  // The endpoint's request on what Prepare has made.
  Answer Try(const Endpoint& endpoint, const std::string& authorization) {
    const std::string method(endpoint.method);
    std::string target(endpoint.path);
    const auto fill = [&](const std::string& placeholder, const std::string& value) {
      const auto at = target.find(placeholder);
      if (at != std::string::npos) target.replace(at, placeholder.size(), value);
    };
    if (target.find("{session}") != std::string::npos) target = session_;
    fill("{name...}", kRepo);
    const std::string image = DigestOf(ImageManifest("config", {}));
    const bool signatures =
        endpoint.operation.ends_with("Signatures") || endpoint.operation.ends_with("Signature");
    fill("{digest}", signatures                           ? image
                     : endpoint.operation == "DeleteBlob" ? DigestOf("loose")
                                                          : DigestOf("config"));
    fill("{reference}", "v1");
    std::string body;
    if (endpoint.operation == "PutManifest") body = ImageManifest("config", {});
    if (endpoint.operation == "AppendUpload") body = "abc";
    if (endpoint.operation == "PutSignature") {
      body = R"({"schemaVersion":2,"type":"atomic","name":")" + image + R"(@01","content":"YQ=="})";
    }
    if (endpoint.operation == "FinishUpload") target += "&digest=" + DigestOf("");
    return Do(method, target, authorization, body);
  }

  std::vector<CallerRow> Callers() {
    const std::string repository = "repository:" + kRepo + ":";
    const std::string expired = Token(writer_, repository + "pull,push,delete");
    const std::string expired_access = AccessToken(writer_);
    world_.clock.Advance(std::chrono::hours{2});
    return {
        {"anonymous", "", {}},
        {"anonymous token", Token("", repository + "pull"), {}},
        {"Basic without user", "Basic " + Base64Encode(AsBytes(":")), {}},
        {"pull", Token(writer_, repository + "pull"), {"login", "pull"}},
        {"push", Token(writer_, repository + "push"), {"login", "push"}},
        {"pull and push", Token(writer_, repository + "push,pull"), {"login", "pull", "push"}},
        {"delete", Token(writer_, repository + "delete"), {"login", "delete"}},
        {"everything", Token(writer_, repository + "*"), {"login", "pull", "push", "delete"}},
        {"catalogue", Token(writer_, "registry:catalog:*"), {"login", "catalog"}},
        {"no scope", Token(writer_, ""), {"login"}},
        {"a longer name", Token(writer_, "repository:team-a/app2:*"), {"login"}},
        {"a part of the name", Token(writer_, "repository:team-a/ap:*"), {"login"}},
        {"other repository", Token(writer_, "repository:team-a/other:*"), {"login"}},
        {"other namespace", Token(stranger_, "repository:team-b/app:*"), {"login"}, 403},
        {"more than its policies give",
         Token(reader_, repository + "pull,push,delete"),
         {"login", "pull"},
         403},
        {"expired", expired, {}},
        {"expired access token", expired_access, {}},
        {"wrong audience", Token(writer_, repository + "*", "de.icr.io"), {}},
        {"forged", Token(writer_, repository + "*") + "x", {}},
        {"unknown key", "Basic " + Base64Encode(AsBytes("iamapikey:wrong")), {}},
        {"access token", AccessToken(writer_), {"login", "catalog", "pull", "push", "delete"}},
        {"Basic writer", writer_, {"login", "catalog", "pull", "push", "delete"}},
        {"Basic reader", reader_, {"login", "catalog", "pull"}, 403},
        {"Basic stranger", stranger_, {"login", "catalog"}, 403},
    };
  }

  std::string AccessToken(const std::string& basic) {
    const auto decoded = Base64Decode(basic.substr(6));
    const std::string key = std::string(AsText(*decoded)).substr(std::string("iamapikey:").size());
    const Answer answer = Do(
        "POST", "/identity/token", "",
        "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=" + PercentEncode(key));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return "Bearer " + std::string(json::FindText(*json::Parse(answer.body), "access_token"));
  }

  IamWorld world_;
  breakwater::testing::TempDir directory_;
  std::unique_ptr<blob::BlobStore> disk_;
  control::Registries registries_{{{.name = RegistryName("us.icr.io"),
                                    .region = "us-south",
                                    .public_hosts = {"us.icr.io"},
                                    .private_hosts = {}},
                                   {.name = RegistryName("de.icr.io"),
                                    .region = "eu-de",
                                    .public_hosts = {"de.icr.io"},
                                    .private_hosts = {}}}};
  std::unique_ptr<registry::testing::Services> services_;
  iam::CredentialAuthenticator authenticator_{world_.credentials, world_.address_guard};
  observe::Metrics metrics_;
  OciFace oci_face_;
  iam::OutsideSources outside_;
  iam::IamFaces iam_faces_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::size_t data_plane_ = 0;  // the first endpoints are its own
  std::vector<std::string> policies_;
  std::string writer_;
  std::string reader_;
  std::string stranger_;
  std::string session_;
};

TEST_F(AccessTable, EveryEndpointAnswersEveryKindOfCallerAsTheTableSays) {
  const auto callers = Callers();
  for (std::size_t i = 0; i < data_plane_; ++i) {
    const Endpoint& endpoint = dispatcher_->endpoints()[i];
    const auto* row = std::find_if(std::begin(kTable), std::end(kTable), [&](const Row& one) {
      return one.operation == endpoint.operation;
    });
    ASSERT_NE(row, std::end(kTable)) << endpoint.operation << " is not in the table";
    for (const CallerRow& caller : callers) {
      Prepare();
      const bool may = row->needs == "session" || caller.may.contains(row->needs);
      const Answer answer = Try(endpoint, caller.authorization);
      // Lists need a token made for them; policies decide what is in them.
      const int refused = row->needs == "catalog" || row->needs == "login" ? 401 : caller.refused;
      EXPECT_EQ(answer.status, may ? row->done : refused)
          << endpoint.operation << " by " << caller.name << ": " << answer.body;
      if (answer.status == 401) {
        EXPECT_TRUE(answer.Header("WWW-Authenticate").starts_with("Bearer realm=\""));
      }
    }
  }
}

TEST_F(AccessTable, InsufficientScopeIsSaidToTokensAloneAndNamesWhatIsNeeded) {
  Prepare();
  const std::string target = "/v2/" + kRepo + "/manifests/v1";
  const Answer token = Do("DELETE", target, Token(writer_, "repository:" + kRepo + ":pull"));
  EXPECT_EQ(token.status, 401);
  EXPECT_NE(token.Header("WWW-Authenticate").find("scope=\"repository:team-a/app:delete\""),
            std::string::npos);
  EXPECT_NE(token.Header("WWW-Authenticate").find("error=\"insufficient_scope\""),
            std::string::npos);
  const Answer basic = Do("DELETE", target, reader_);
  EXPECT_EQ(basic.status, 403);
  EXPECT_EQ(basic.Header("WWW-Authenticate"), "");
  const Answer nobody = Do("DELETE", target, "");
  EXPECT_EQ(nobody.Header("WWW-Authenticate").find("error="), std::string::npos);
}

TEST_F(AccessTable, AbsentAndForbiddenAreOneAnswerToWhoMayNotSeeEither) {
  Prepare();
  for (const std::string& authorization :
       {std::string(), Token("", "repository:team-a/app:pull"), stranger_,
        Token(stranger_, "repository:team-a/app:pull repository:none/app:pull")}) {
    for (const char* rest :
         {"/tags/list", "/manifests/v1", "/manifests/absent", "/blobs/uploads/?x"}) {
      for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "POST"}) {
        const auto ask = [&](const std::string& repository) {
          Answer answer = Do(method, "/v2/" + repository + rest, authorization);
          std::string text = std::to_string(answer.status) + answer.body;
          for (const auto& [name, value] : answer.headers.all()) text += name + value;
          for (std::size_t at = 0; (at = text.find(repository)) != std::string::npos;) {
            text.replace(at, repository.size(), "NAME");
          }
          return text;
        };
        EXPECT_EQ(ask(kRepo), ask("none/app")) << method << rest;
      }
    }
  }
}

TEST_F(AccessTable, UploadGoesOnWhenItsTokenHasExpiredAndEndsWithItsPolicy) {
  const std::string token = Token(writer_, "repository:" + kRepo + ":pull,push");
  const auto start = [&] {
    return Do("POST", "/v2/" + kRepo + "/blobs/uploads/", token).Header("Location");
  };
  const std::string one = start();
  const std::string other = start();
  ASSERT_EQ(Do("PATCH", one, token, "abc").status, 202);
  world_.clock.Advance(std::chrono::hours{2});
  EXPECT_EQ(Do("POST", "/v2/" + kRepo + "/blobs/uploads/", token).status, 401);
  EXPECT_EQ(Do("PATCH", one, token, "def").status, 202);
  EXPECT_EQ(Do("PUT", one + "&digest=" + DigestOf("abcdef"), token).status, 201);
  ASSERT_TRUE(world_.policies.Delete(world_.administrator, world_.account, policies_[0]).ok());
  EXPECT_EQ(Do("PATCH", other, token, "abc").status, 403);
  EXPECT_EQ(Do("PUT", other + "&digest=" + DigestOf(""), token).status, 403);
}

TEST_F(AccessTable, PublicImagesArePulledWithoutACredentialAndNothingElseChanges) {
  Prepare();
  const std::string image = "/v2/" + kRepo + "/manifests/v1";
  ASSERT_EQ(Do("GET", image, "").status, 401);
  const std::string policy =
      world_
          .Grant({::breakwater::iam::SubjectKind::kAccessGroup,
                  std::string(::breakwater::iam::kPublicAccessGroup)},
                 {Role::kReader}, {{"resourceType", "namespace"}, {"resource", "team-a"}})
          .id;
  const std::string token =
      Token("", "repository:team-a/app:pull,push,delete repository:team-b/app:pull");
  for (const std::string& authorization : {token, std::string()}) {
    EXPECT_EQ(Do("GET", image, authorization).status, 200);
    EXPECT_EQ(Do("HEAD", image, authorization).status, 200);
    EXPECT_EQ(Do("GET", "/v2/" + kRepo + "/blobs/" + DigestOf("config"), authorization).status,
              200);
    EXPECT_EQ(Do("GET", "/v2/" + kRepo + "/tags/list", authorization).status, 200);
    EXPECT_EQ(Do("GET", "/v2/" + kRepo + "/manifests/absent", authorization).status, 404);
    // What is private looks like what is not there; the probe and the catalogue always challenge.
    EXPECT_EQ(Do("GET", "/v2/team-b/app/tags/list", authorization).status, 401);
    EXPECT_EQ(Do("GET", "/v2/none/app/tags/list", authorization).status, 401);
    EXPECT_EQ(Do("GET", "/v2/", authorization).status, 401);
    EXPECT_EQ(Do("GET", "/v2/_catalog", authorization).status, 401);
    EXPECT_EQ(Do("DELETE", image, authorization).status, 401);
    EXPECT_EQ(Do("PUT", image, authorization, ImageManifest("config", {})).status, 401);
    EXPECT_EQ(Do("POST", "/v2/" + kRepo + "/blobs/uploads/", authorization).status, 401);
  }
  // A token made for one repository is good for that one.
  EXPECT_EQ(Do("GET", image, Token("", "repository:team-a/other:pull")).status, 401);
  ASSERT_TRUE(world_.policies.Delete(world_.administrator, world_.account, policy).ok());
  EXPECT_EQ(Do("GET", image, token).status, 401);
  EXPECT_EQ(Do("GET", image, "").status, 401);
}

TEST_F(AccessTable, WhoSignedInToAnotherAccountPullsWhatEverybodyMayAndNothingElse) {
  Prepare();
  const std::string image = "/v2/" + kRepo + "/manifests/v1";
  const std::string foreigner = Foreigner();
  const std::string scopes = "repository:team-a/app:pull,push repository:team-b/app:pull";
  EXPECT_EQ(Do("GET", image, foreigner).status, 404);
  EXPECT_EQ(Do("GET", "/v2/none/app/manifests/v1", foreigner).status, 404);
  world_.Grant({::breakwater::iam::SubjectKind::kAccessGroup,
                std::string(::breakwater::iam::kPublicAccessGroup)},
               {Role::kReader}, {{"resourceType", "namespace"}, {"resource", "team-a"}});
  for (const std::string& authorization : {foreigner, Token(foreigner, scopes)}) {
    EXPECT_EQ(Do("GET", image, authorization).status, 200);
    EXPECT_EQ(Do("HEAD", image, authorization).status, 200);
    EXPECT_EQ(Do("GET", "/v2/" + kRepo + "/blobs/" + DigestOf("config"), authorization).status,
              200);
    EXPECT_EQ(Do("GET", "/v2/" + kRepo + "/tags/list", authorization).status, 200);
    EXPECT_EQ(Do("GET", "/v2/team-b/app/tags/list", authorization).status, 404);
    EXPECT_NE(Do("DELETE", image, authorization).status, 202);
    EXPECT_NE(Do("PUT", image, authorization, ImageManifest("config", {})).status, 201);
    EXPECT_NE(Do("POST", "/v2/" + kRepo + "/blobs/uploads/", authorization).status, 202);
  }
}

}  // namespace
}  // namespace breakwater::api
