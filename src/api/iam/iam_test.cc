// IAM on the wire, through the dispatcher.
#include "api/iam/iam.h"

#include <gtest/gtest.h>

#include "api/iam/authenticator.h"
#include "crypto/jwt.h"
#include "iam/iam_testing.h"
#include "io/stream.h"
#include "registry/tag_immutability.h"

namespace breakwater::api::iam {
namespace {

using domain::Role;
using domain::testing::World;

class IamApi : public ::testing::Test {
 protected:
  struct Answer {
    int status = 0;
    json::Value body;
    net::Headers headers;
    std::string Text(std::string_view field) const {
      return std::string(json::FindText(body, field));
    }
    std::string ErrorCode() const {
      return std::string(json::FindText(body.at("errors").at(0), "code"));
    }
  };
  struct Ask {
    std::string authorization{};
    std::string body{};
    std::string query{};
    net::Headers headers{};
  };

  IamApi() : admin_(World::Basic(world_.administrator_key)) {
    world_.facts.Add(tag_immutability_);
  }

  Answer Call(std::string method, std::string path, Ask ask) {
    io::StringSource body(ask.body);
    net::Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.query = std::move(ask.query);
    request.headers = std::move(ask.headers);
    request.headers.Set("Host", "us.icr.io");
    if (!ask.authorization.empty()) request.headers.Set("Authorization", ask.authorization);
    request.id = "req-1";
    request.has_body = !ask.body.empty();
    request.content_length = ask.body.size();
    request.body = &body;
    net::Response response = dispatcher_.Handle(request);
    Answer answer{.status = response.status, .body = {}, .headers = response.headers};
    const auto& text = std::get<std::string>(response.body);
    if (!text.empty()) answer.body = *json::Parse(text);
    return answer;
  }
  Answer Admin(std::string method, std::string path, const json::Value& body = nullptr,
               net::Headers headers = {}) {
    return Call(std::move(method), std::move(path),
                {.authorization = admin_,
                 .body = body.is_null() ? std::string() : json::Serialize(body),
                 .headers = std::move(headers)});
  }
  static net::Headers IfMatch(const Answer& answer) {
    net::Headers headers;
    headers.Set("If-Match", std::string(*answer.headers.Get("ETag")));
    return headers;
  }
  Answer Exchange(const Secret& key, std::string client = {}) {
    return Call("POST", "/identity/token",
                {.authorization = std::move(client),
                 .body = "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=" +
                         PercentEncode(key.Reveal())});
  }
  json::Value ClaimsOf(const std::string& token) {
    const std::size_t from = token.find('.') + 1;
    const auto bytes = Base64UrlDecode(token.substr(from, token.rfind('.') - from));
    return *json::Parse(AsText(*bytes));
  }
  // "a/b=pull,push c/d=" for the access claim of a registry token.
  std::string AccessOf(const std::string& token) {
    std::string text;
    const json::Value claims = ClaimsOf(token);
    for (const json::Value& item : claims.at("access").as_array()) {
      if (!text.empty()) text += ' ';
      text += std::string(json::FindText(item, "name")) + "=";
      std::string separator;
      for (const json::Value& action : item.at("actions").as_array()) {
        text += separator + std::string(json::View(action.as_string()));
        separator = ",";
      }
    }
    return text;
  }

  World world_;
  std::string admin_;
  IamFaces faces_;
  observe::Metrics metrics_;
  control::Registries registries_{{{.name = RegistryName("us.icr.io"),
                                    .region = "us-south",
                                    .public_hosts = {"us.icr.io"},
                                    .private_hosts = {}}}};
  OutsideSources outside_;
  registry::Namespaces namespaces_{world_.database->database(), world_.clock, world_.changes};
  registry::TagImmutability tag_immutability_{world_.database->database(), world_.clock,
                                              registries_, world_.changes};
  CredentialAuthenticator authenticator_{world_.credentials, world_.address_guard};
  Dispatcher dispatcher_{
      {registries_, authenticator_, world_.authorizer, world_.changes, metrics_, world_.account},
      IamEndpoints(faces_, {world_.credentials, world_.tokens, world_.sessions, world_.sign_in,
                            world_.address_guard, world_.settings, world_.users, world_.service_ids,
                            world_.api_keys, world_.groups, world_.profiles, world_.policies,
                            world_.custom_roles, world_.policy_warnings, world_.zones,
                            world_.restrictions, world_.authorizer, outside_, namespaces_}),
      {{"/iam", &faces_.management}, {"/identity", &faces_.token}, {"/", &faces_.oauth}}};
};

TEST_F(IamApi, ExchangesAKeyForATokenThatVerifiesByThePublishedKeys) {
  const Answer answer = Exchange(world_.administrator_key);
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Text("token_type"), "Bearer");
  EXPECT_EQ(answer.Text("refresh_token"), "not_supported");
  EXPECT_EQ(answer.body.at("expires_in").as_int64(), 3600);
  const Answer keys = Call("GET", "/iam/identity/keys", {});
  crypto::VerifyOptions options;
  options.now = world_.clock.Now();
  options.issuer = "https://us.icr.io/identity";
  const auto claims =
      crypto::VerifyJwt(answer.Text("access_token"), *crypto::KeySet::FromJwks(keys.body), options);
  ASSERT_TRUE(claims.ok());
  EXPECT_EQ(json::FindText(claims->at("account"), "bss"), "acc");
  EXPECT_EQ(json::FindText(*claims, "iam_id"), world_.administrator.actor.iam_id.value());
  const std::string bearer = "Bearer " + answer.Text("access_token");
  EXPECT_EQ(Call("GET", "/iam/v2/groups", {.authorization = bearer}).status, 200);
}

TEST_F(IamApi, RefreshesForAKnownClient) {
  const Answer first =
      Exchange(world_.administrator_key, "Basic " + Base64Encode(AsBytes("bx:bx")));
  ASSERT_EQ(first.status, 200);
  const Answer second =
      Call("POST", "/iam/identity/token",
           {.authorization = "Basic " + Base64Encode(AsBytes("bx:bx")),
            .body = "grant_type=refresh_token&refresh_token=" + first.Text("refresh_token")});
  EXPECT_EQ(second.status, 200);
  EXPECT_FALSE(second.Text("access_token").empty());
}

TEST_F(IamApi, TokenErrorsCarryTheReferencesCodes) {
  const Answer unknown = Exchange(Secret("nobody's key"));
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.Text("errorCode"), "BXNIM0415E");
  EXPECT_EQ(unknown.Text("errorMessage"), "Provided API key could not be found.");
  EXPECT_EQ(json::FindText(unknown.body.at("context"), "requestId"), "req-1");
  EXPECT_EQ(Call("POST", "/identity/token", {.body = "apikey=x"}).Text("errorCode"), "BXNIM0109E");
  EXPECT_EQ(Call("POST", "/identity/token", {.body = "grant_type=refresh_token&refresh_token=x"})
                .Text("errorCode"),
            "BXNIM0407E");
  EXPECT_EQ(Call("POST", "/identity/token", {.body = "grant_type=magic"}).status, 400);
}

TEST_F(IamApi, WhoTriedTooOftenIsToldWhenToTryAgain) {
  const auto sign_in = [&] {
    return Call("POST", "/identity/token",
                {.body = "grant_type=password&username=somebody&password=wrong-password"});
  };
  Answer answer = sign_in();
  EXPECT_EQ(answer.status, 400);
  for (int i = 0; i < 7; ++i) answer = sign_in();
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.Text("errorCode"), "BWIAM0005E");
  EXPECT_EQ(answer.headers.Get("Retry-After"), "2");
}

TEST_F(IamApi, FirstLoginMakesAnInvitedUserActive) {
  const domain::User user = world_.Invite("u@example.com");
  const auto key =
      *world_.api_keys.Create(world_.administrator, world_.account, user.iam_id, {.name = "k"});
  EXPECT_EQ(Exchange(key.value).status, 200);
  EXPECT_EQ(world_.users.Get(world_.account, user.iam_id)->state, domain::UserState::kActive);
}

TEST_F(IamApi, RegistryTokenHoldsTheIntersectionAndKeepsRefusedScopes) {
  const auto made =
      *world_.service_ids.Create(world_.administrator, world_.account,
                                 {.name = "ci", .api_key = domain::NewApiKey{.name = "k"}});
  world_.Grant(World::Of(made.service_id.iam_id), {Role::kReader, Role::kWriter},
               {{"resourceType", "namespace"}, {"resource", "team"}});
  world_.Grant(World::Of(made.service_id.iam_id), {Role::kReader},
               {{"resourceType", "namespace"}, {"resource", "base"}});
  struct Case {
    const char* query;
    const char* access;
  };
  constexpr Case kCases[] = {
      {"", ""},
      {"scope=repository:team/app:pull", "team/app=pull"},
      {"scope=repository:team/app:push,pull", "team/app=pull,push"},
      {"scope=repository:team/app:*", "team/app=pull,push,delete"},
      {"scope=repository:base/os:pull,push", "base/os=pull"},
      {"scope=repository:other/x:pull", "other/x="},
      {"scope=repository:team/a:pull%20repository:other/x:pull", "team/a=pull other/x="},
      {"scope=repository:team/a:pull&scope=repository:base/os:pull&service=x&account=y",
       "team/a=pull base/os=pull"},
      {"scope=registry:catalog:*", "catalog=*"},
      {"scope=secret:thing:pull", "thing="},
  };
  for (const Case& c : kCases) {
    const Answer answer =
        Call("GET", "/oauth/token",
             {.authorization = World::Basic(made.api_key->value), .query = c.query});
    ASSERT_EQ(answer.status, 200) << c.query;
    EXPECT_EQ(AccessOf(answer.Text("token")), c.access) << c.query;
    EXPECT_EQ(answer.Text("token"), answer.Text("access_token"));
    EXPECT_GE(answer.body.at("expires_in").as_int64(), 60);
    EXPECT_EQ(answer.body.as_object().if_contains("refresh_token"), nullptr);
    EXPECT_EQ(json::FindText(ClaimsOf(answer.Text("token")), "aud"), "us.icr.io");
  }
}

TEST_F(IamApi, RegistryTokensFollowPoliciesThatAreLimitedToAResourceGroup) {
  const control::RegistryInfo& registry = registries_.all().front();
  for (const auto& [name, group] : {std::pair("team-g", "group-1"), std::pair("team-h", "")}) {
    ASSERT_TRUE(
        namespaces_.Create(world_.administrator, world_.account, registry, name, group).ok());
  }
  const auto made =
      *world_.service_ids.Create(world_.administrator, world_.account,
                                 {.name = "ci", .api_key = domain::NewApiKey{.name = "k"}});
  world_.Grant(World::Of(made.service_id.iam_id), {Role::kReader},
               {{"resourceGroupId", "group-1"}});
  const Answer answer =
      Call("GET", "/oauth/token",
           {.authorization = World::Basic(made.api_key->value),
            .query = "scope=repository:team-g/app:push,pull%20repository:team-h/app:pull%20"
                     "repository:absent/app:pull"});
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(AccessOf(answer.Text("token")), "team-g/app=pull team-h/app= absent/app=");
}

TEST_F(IamApi, NobodyGetsAnEmptyRegistryToken) {
  for (const std::string& header : {std::string(), "Basic " + Base64Encode(AsBytes(":"))}) {
    const Answer answer = Call("GET", "/oauth/token",
                               {.authorization = header, .query = "scope=repository:a/b:pull"});
    ASSERT_EQ(answer.status, 200);
    EXPECT_EQ(AccessOf(answer.Text("token")), "a/b=");
    EXPECT_EQ(json::FindText(ClaimsOf(answer.Text("token")), "sub"), "");
  }
}

TEST_F(IamApi, WrongRegistryCredentialsAre401InTheDataPlanesForm) {
  const auto code = [&](const std::string& credentials) {
    const Answer answer = Call("GET", "/oauth/token",
                               {.authorization = "Basic " + Base64Encode(AsBytes(credentials))});
    EXPECT_EQ(answer.status, 401);
    EXPECT_TRUE(answer.headers.Get("WWW-Authenticate").has_value());
    return answer.ErrorCode();
  };
  EXPECT_EQ(code("iamapikey:wrong"), "UNAUTHORIZED");
  EXPECT_EQ(code("root:secret"), "UNSUPPORTED");
  EXPECT_EQ(Call("GET", "/oauth/token", {.query = "scope=bad"}).status, 400);
}

TEST_F(IamApi, DockersRefreshTokenWorksByPost) {
  const Answer login = Call(
      "GET", "/oauth/token",
      {.authorization = admin_, .query = "account=iamapikey&client_id=docker&offline_token=true"});
  ASSERT_FALSE(login.Text("refresh_token").empty());
  const Answer refreshed =
      Call("POST", "/oauth/token",
           {.body = "grant_type=refresh_token&client_id=docker&refresh_token=" +
                    login.Text("refresh_token") +
                    "&scope=repository%3Aa%2Fb%3Apush%2Cpull+repository%3Ac%2Fd%3Apull"});
  ASSERT_EQ(refreshed.status, 200);
  EXPECT_EQ(refreshed.Text("scope"), "repository:a/b:pull,push repository:c/d:pull");
  const Answer password = Call(
      "POST", "/oauth/token",
      {.body = "grant_type=password&access_type=offline&username=iamapikey&password=" +
               PercentEncode(world_.administrator_key.Reveal()) + "&scope=repository:a/b:pull"});
  ASSERT_EQ(password.status, 200);
  EXPECT_FALSE(password.Text("refresh_token").empty());
  EXPECT_EQ(Call("POST", "/oauth/token", {.body = "grant_type=password&username=iamapikey"}).status,
            401);
}

TEST_F(IamApi, LinksToOtherPagesKeepTheFilter) {
  const Answer policies =
      Call("GET", "/iam/v1/policies",
           {.authorization = admin_, .query = "account_id=acc&iam_id=IBMid-1&limit=5"});
  ASSERT_EQ(policies.status, 200);
  const std::string first(json::FindText(policies.body.at("first"), "href"));
  EXPECT_EQ(first, "/iam/v1/policies?account_id=acc&limit=5&iam_id=IBMid-1");
  const Answer groups =
      Call("GET", "/iam/v2/groups",
           {.authorization = admin_, .query = "account_id=acc&search=ops&limit=5"});
  ASSERT_EQ(groups.status, 200);
  EXPECT_EQ(json::FindText(groups.body.at("first"), "href"),
            "/iam/v2/groups?offset=0&limit=5&account_id=acc&search=ops");
}

TEST_F(IamApi, ServiceIdsAndTheirKeysLiveTheirLife) {
  const Answer made = Admin("POST", "/iam/v1/serviceids/",
                            {{"account_id", "acc"}, {"name", "ci"}, {"apikey", {{"name", "k"}}}});
  ASSERT_EQ(made.status, 201) << json::Serialize(made.body);
  const std::string id = made.Text("id");
  EXPECT_EQ(made.Text("iam_id"), "iam-" + id);
  EXPECT_FALSE(json::FindText(made.body.at("apikey"), "apikey").empty());
  const Answer list = Admin("GET", "/iam/v1/serviceids/");
  EXPECT_EQ(list.body.at("serviceids").as_array().size(), 1U);
  EXPECT_EQ(json::FindText(list.body.at("serviceids").at(0), "entity_tag"),
            made.Text("entity_tag"));
  const std::string path = "/iam/v1/serviceids/" + id;
  EXPECT_EQ(Admin("PUT", path, {{"name", "new"}}).status, 400);
  const Answer updated = Admin("PUT", path, {{"name", "new"}}, IfMatch(made));
  EXPECT_EQ(updated.Text("name"), "new");
  EXPECT_EQ(Admin("PUT", path, {{"name", "newer"}}, IfMatch(made)).status, 412);
  EXPECT_EQ(Admin("POST", path + "/lock").status, 204);
  EXPECT_EQ(Admin("DELETE", path).status, 409);
  EXPECT_EQ(Admin("DELETE", path + "/lock").status, 204);
  EXPECT_EQ(Admin("DELETE", path).status, 204);
  const Answer gone = Admin("GET", path);
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.ErrorCode(), "not_found");
}

TEST_F(IamApi, KeysAreShownOnceLockedDisabledAndFoundByValue) {
  const std::string iam_id = world_.administrator.actor.iam_id.value();
  const Answer made = Admin("POST", "/iam/v1/apikeys", {{"name", "k"}, {"iam_id", iam_id}});
  ASSERT_EQ(made.status, 201);
  const std::string path = "/iam/v1/apikeys/" + made.Text("id");
  EXPECT_EQ(Admin("GET", path).Text("apikey"), "");
  net::Headers by_value;
  by_value.Set("IAM-ApiKey", made.Text("apikey"));
  EXPECT_EQ(Admin("GET", "/iam/v1/apikeys/details", nullptr, by_value).Text("id"), made.Text("id"));
  EXPECT_EQ(Admin("POST", path + "/disable").status, 204);
  EXPECT_EQ(Exchange(Secret(made.Text("apikey"))).status, 400);
  EXPECT_EQ(Admin("DELETE", path + "/disable").status, 204);
  EXPECT_EQ(Exchange(Secret(made.Text("apikey"))).status, 200);
  EXPECT_EQ(Admin("POST", path + "/lock").status, 204);
  EXPECT_EQ(Admin("DELETE", path).status, 409);
  EXPECT_EQ(Admin("DELETE", path + "/lock").status, 204);
  EXPECT_EQ(Admin("DELETE", path).status, 204);
}

TEST_F(IamApi, ARefreshTokenOfASessionIsGoodOnce) {
  const auto session = *world_.sessions.Begin(world_.administrator, "local", {});
  const std::string first =
      world_.tokens.IssueRefresh(*world_.credentials.WithSession(session, "password"), "bx")->token;
  const auto refresh = [&](const std::string& token) {
    return Call("POST", "/identity/token",
                {.authorization = "Basic " + Base64Encode(AsBytes("bx:bx")),
                 .body = "grant_type=refresh_token&refresh_token=" + token});
  };
  const Answer answer = refresh(first);
  ASSERT_EQ(answer.status, 200) << json::Serialize(answer.body);
  EXPECT_NE(answer.Text("refresh_token"), first);
  const std::string bearer = "Bearer " + answer.Text("access_token");
  EXPECT_EQ(
      Call("GET", "/iam/v2/groups", {.authorization = bearer, .query = "account_id=acc"}).status,
      200);
  const Answer replay = refresh(first);
  EXPECT_EQ(replay.status, 400);
  EXPECT_EQ(replay.Text("errorCode"), "BXNIM0407E");
  EXPECT_EQ(
      Call("GET", "/iam/v2/groups", {.authorization = bearer, .query = "account_id=acc"}).status,
      401);
  EXPECT_EQ(refresh(answer.Text("refresh_token")).status, 400);
}

TEST_F(IamApi, GroupsAndMembersAnswerItemByItem) {
  const Answer made = Admin("POST", "/iam/v2/groups", {{"name", "devs"}});
  ASSERT_EQ(made.status, 201);
  const std::string path = "/iam/v2/groups/" + made.Text("id");
  const std::string user = world_.Invite("u@example.com").iam_id.value();
  const Answer added =
      Admin("PUT", path + "/members",
            {{"members",
              {json::Object{{"iam_id", json::Text(user)}, {"type", "user"}},
               json::Object{{"iam_id", "iam-ServiceId-none"}, {"type", "service"}}}}});
  ASSERT_EQ(added.status, 207) << json::Serialize(added.body);
  EXPECT_EQ(added.body.at("members").at(0).at("status_code").as_int64(), 200);
  EXPECT_EQ(added.body.at("members").at(1).at("status_code").as_int64(), 404);
  EXPECT_EQ(Admin("HEAD", path + "/members/" + user).status, 204);
  const Answer members =
      Call("GET", path + "/members", {.authorization = admin_, .query = "verbose=true"});
  EXPECT_EQ(json::FindText(members.body.at("members").at(0), "email"), "u@example.com");
  EXPECT_EQ(Admin("DELETE", path).status, 409);
  EXPECT_EQ(Admin("PATCH", path, {{"description", "d"}}, IfMatch(made)).Text("description"), "d");
  EXPECT_EQ(Admin("DELETE", path + "/members/" + user).status, 204);
  EXPECT_EQ(Admin("HEAD", path + "/members/" + user).status, 404);
  EXPECT_EQ(Admin("DELETE", path).status, 204);
}

TEST_F(IamApi, PoliciesLiveTheirLifeAndRefuseWhatIsWrong) {
  const std::string user = world_.Invite("u@example.com").iam_id.value();
  const auto body = [&](const char* role, const char* service) -> json::Value {
    return {{"type", "access"},
            {"subjects",
             {json::Object{{"attributes", json::Array{json::Object{{"name", "iam_id"},
                                                                   {"value", json::Text(user)}}}}},
              json::Object{{"dropped", true}}}},
            {"roles", json::Array{json::Object{{"role_id", role}}}},
            {"resources",
             json::Array{json::Object{
                 {"attributes",
                  json::Array{json::Object{{"name", "accountId"}, {"value", "acc"}},
                              json::Object{{"name", "serviceName"}, {"value", service}}}}}}}};
  };
  const auto good = [&](const char* role, const char* service) {
    json::Value policy = body(role, service);
    policy.at("subjects").as_array().pop_back();
    return policy;
  };
  constexpr const char* kReader = "crn:v1:bluemix:public:container-registry::::serviceRole:Reader";
  EXPECT_EQ(Admin("POST", "/iam/v1/policies", body(kReader, "container-registry")).ErrorCode(),
            "invalid_body");
  EXPECT_EQ(Admin("POST", "/iam/v1/policies",
                  good("crn:v1:bluemix:public:iam::::role:King", "container-registry"))
                .ErrorCode(),
            "role_not_found");
  const Answer made = Admin("POST", "/iam/v1/policies", good(kReader, "container-registry"));
  ASSERT_EQ(made.status, 201) << json::Serialize(made.body);
  EXPECT_EQ(json::FindText(made.body.at("roles").at(0), "role_id"),
            "crn:v1:bluemix:public:iam::::serviceRole:Reader");
  EXPECT_EQ(Admin("POST", "/iam/v1/policies", good(kReader, "container-registry")).ErrorCode(),
            "policy_conflict_error");
  EXPECT_EQ(Admin("GET", "/iam/v1/policies").ErrorCode(), "missing_required_query_parameter");
  const Answer list = Call("GET", "/iam/v1/policies",
                           {.authorization = admin_, .query = "account_id=acc&iam_id=" + user});
  EXPECT_EQ(list.body.at("policies").as_array().size(), 1U);
  const std::string path = "/iam/v1/policies/" + made.Text("id");
  EXPECT_EQ(Admin("PUT", path,
                  good("crn:v1:bluemix:public:iam::::serviceRole:Manager", "container-registry"),
                  IfMatch(made))
                .status,
            200);
  EXPECT_EQ(Admin("DELETE", path).status, 204);
  const Answer deleted = Admin("GET", path);
  EXPECT_EQ(deleted.Text("state"), "deleted");
  EXPECT_EQ(Admin("DELETE", path).ErrorCode(), "policy_not_found");
  EXPECT_EQ(Admin("PATCH", path, {{"state", "active"}}).status, 400);
  EXPECT_EQ(Admin("PATCH", path, {{"state", "deleted"}}, IfMatch(deleted)).status, 400);
  const Answer restored = Admin("PATCH", path, {{"state", "active"}}, IfMatch(deleted));
  ASSERT_EQ(restored.status, 200);
  EXPECT_EQ(restored.Text("state"), "active");
}

TEST_F(IamApi, BothVersionsSeeTheSamePoliciesAndV1LosesNoRule) {
  const json::Value v2 = *json::Parse(R"({"type":"access",
    "subject":{"attributes":[{"key":"iam_id","operator":"stringEquals","value":"IBMid-1"}]},
    "control":{"grant":{"roles":[{"role_id":"crn:v1:bluemix:public:iam::::serviceRole:Reader"}]}},
    "resource":{"attributes":[
      {"key":"accountId","operator":"stringEquals","value":"acc"},
      {"key":"serviceName","operator":"stringEquals","value":"container-registry"},
      {"key":"resource","operator":"stringEqualsAnyOf","value":["team-a","team-b"]}],
      "tags":[{"key":"project","operator":"stringEquals","value":"x"}]},
    "pattern":"time-based-conditions:weekly:all-day",
    "rule":{"key":"{{environment.attributes.day_of_week}}","operator":"dayOfWeekAnyOf",
            "value":["1+00:00","2+00:00"]}})");
  const Answer made = Admin("POST", "/iam/v2/policies", v2);
  ASSERT_EQ(made.status, 201) << json::Serialize(made.body);
  for (const char* field : {"type", "subject", "control", "resource", "pattern", "rule"}) {
    EXPECT_EQ(json::Canonical(made.body.at(field)), json::Canonical(v2.at(field))) << field;
  }
  const Answer in_v1 = Admin("GET", "/iam/v1/policies/" + made.Text("id"));
  EXPECT_EQ(json::Canonical(in_v1.body.at("rule")), json::Canonical(v2.at("rule")));
  const json::Value& attributes = in_v1.body.at("resources").at(0).at("attributes");
  EXPECT_EQ(json::FindText(attributes.at(2), "value"), "team-a,team-b");
  json::Value v1 = in_v1.body;
  v1.at("resources").at(0).at("attributes").as_array().pop_back();
  const auto replace = [&] {
    return Admin("PUT", "/iam/v1/policies/" + made.Text("id"), v1, IfMatch(in_v1)).ErrorCode();
  };
  EXPECT_EQ(replace(), "invalid_body");
  v1.as_object().erase("rule");
  v1.as_object().erase("pattern");
  EXPECT_EQ(replace(), "unable_to_process");
  EXPECT_EQ(Admin("PUT", "/iam/v2/policies/" + made.Text("id"), v2, IfMatch(in_v1)).status, 200);
  json::Value authorization = v2;
  authorization.as_object()["type"] = "authorization";
  EXPECT_EQ(Admin("POST", "/iam/v2/policies", authorization).ErrorCode(), "unable_to_process");
  json::Value wrong = v2;
  wrong.as_object()["pattern"] = "time-based-conditions:once";
  EXPECT_EQ(Admin("POST", "/iam/v2/policies", wrong).ErrorCode(), "invalid_body");
}

TEST_F(IamApi, APolicyThatMatchesNothingIsMadeWithAWarning) {
  const json::Value policy = *json::Parse(R"({"type":"access",
    "subject":{"attributes":[{"key":"iam_id","operator":"stringEquals","value":"IBMid-1"}]},
    "control":{"grant":{"roles":[{"role_id":"crn:v1:bluemix:public:iam::::serviceRole:Reader"}]}},
    "resource":{"attributes":[
      {"key":"accountId","operator":"stringEquals","value":"acc"},
      {"key":"serviceName","operator":"stringEquals","value":"container-registry"},
      {"key":"resource","operator":"stringEquals","value":"n\u00e4me"}]}})");
  const Answer made = Admin("POST", "/iam/v2/policies", policy);
  ASSERT_EQ(made.status, 201);
  const auto warnings = made.headers.GetAll("Breakwater-Policy-Warning");
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_TRUE(warnings[0].starts_with("the subject is not in this account"));
  EXPECT_EQ(warnings[1], "there is no namespace of this name yet: resource n??me");
}

TEST_F(IamApi, ListsOfPoliciesTakeOnlyWhatTheyUnderstand) {
  const auto status = [&](const std::string& query) {
    return Call("GET", "/iam/v2/policies",
                {.authorization = admin_, .query = "account_id=acc&" + query})
        .status;
  };
  for (const char* good :
       {"sort=-last_modified_at", "format=display", "format=include_last_permit", "state=deleted",
        "type=authorization", "service_type=platform_service", "tag_name=a&tag_value=b",
        "service_group_id=IAM", "service_name=container-registry", "access_group_id=x"}) {
    EXPECT_EQ(status(good), 200) << good;
  }
  for (const char* bad :
       {"sort=color", "sort=last_permit_at", "format=xml", "state=gone", "type=denial",
        "service_type=other", "limit=0", "start=x", "start=WyJhIiwxXQ"}) {
    EXPECT_EQ(status(bad), 400) << bad;
  }
}

TEST_F(IamApi, UsersAreInvitedListedByPageAndRemoved) {
  const Answer invited =
      Admin("POST", "/iam/v2/accounts/acc/users",
            {{"users",
              {json::Object{{"email", "a@example.com"}, {"account_role", "Member"}},
               json::Object{{"email", "b@example.com"}}}}});
  ASSERT_EQ(invited.status, 202) << json::Serialize(invited.body);
  EXPECT_EQ(json::FindText(invited.body.at("resources").at(0), "state"), "PENDING");
  std::size_t seen = 0;
  std::string query = "limit=2";
  for (int pages = 0; pages < 5 && !query.empty(); ++pages) {
    const Answer page =
        Call("GET", "/iam/v2/accounts/acc/users", {.authorization = admin_, .query = query});
    EXPECT_EQ(page.body.at("total_results").as_int64(), 3);
    seen += page.body.at("resources").as_array().size();
    const std::string next = page.Text("next_url");
    query = next.empty() ? "" : next.substr(next.find('?') + 1);
  }
  EXPECT_EQ(seen, 3U);
  const std::string path = "/iam/v2/accounts/acc/users/" +
                           std::string(json::FindText(invited.body.at("resources").at(0), "id"));
  EXPECT_EQ(Admin("GET", path).Text("email"), "a@example.com");
  EXPECT_EQ(Admin("DELETE", path).status, 204);
  EXPECT_EQ(Admin("GET", path).status, 404);
}

TEST_F(IamApi, AnotherAccountIsRefused) {
  EXPECT_EQ(Admin("GET", "/iam/v2/accounts/other/users").status, 403);
  EXPECT_EQ(
      Call("GET", "/iam/v2/groups", {.authorization = admin_, .query = "account_id=other"}).status,
      403);
}

TEST_F(IamApi, ErrorsNamePlaceAndRequest) {
  const Answer malformed = Call("POST", "/iam/v2/groups", {.authorization = admin_, .body = "{"});
  EXPECT_EQ(malformed.status, 400);
  EXPECT_EQ(malformed.ErrorCode(), "invalid_body");
  EXPECT_EQ(malformed.Text("trace"), "req-1");
  EXPECT_EQ(malformed.body.at("status_code").as_int64(), 400);
  const Answer nobody = Call("GET", "/iam/v2/groups", {});
  EXPECT_EQ(nobody.status, 401);
  EXPECT_EQ(nobody.ErrorCode(), "invalid_token");
}

// Who has no role may call nothing that changes or shows the account.
TEST_F(IamApi, EveryManagementEndpointRefusesAMemberWithoutRoles) {
  const domain::User user = world_.Invite("u@example.com");
  const auto key =
      *world_.api_keys.Create(world_.administrator, world_.account, user.iam_id, {.name = "k"});
  const std::string caller = World::Basic(key.value);
  int checked = 0;
  for (const Endpoint& endpoint : dispatcher_.endpoints()) {
    if (endpoint.access.kind() == Access::Kind::kAnyone) continue;
    std::string path(endpoint.path);
    for (const char* name : {"{id}", "{iam_id}", "{account_id}"}) {
      const std::size_t at = path.find(name);
      if (at == std::string::npos) continue;
      path.replace(at, std::string_view(name).size(),
                   std::string_view(name) == "{account_id}" ? "acc" : "x");
    }
    EXPECT_EQ(Call(std::string(endpoint.method), path, {.body = "{}"}).status, 401) << path;
    if (endpoint.access.kind() == Access::Kind::kAction) {
      EXPECT_EQ(
          Call(std::string(endpoint.method), path, {.authorization = caller, .body = "{}"}).status,
          403)
          << endpoint.method << " " << path;
      ++checked;
    }
  }
  EXPECT_GT(checked, 20);
}

}  // namespace
}  // namespace breakwater::api::iam
