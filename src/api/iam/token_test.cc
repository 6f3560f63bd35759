// Tokens, for the management APIs and for the registry, and who they are of.
#include <gtest/gtest.h>

#include "api/iam/testing.h"
#include "crypto/jwt.h"

namespace breakwater::api::iam {
namespace {

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

TEST_F(IamApi, UserinfoSaysWhoSomebodyIs) {
  const Answer who = Admin("GET", "/identity/userinfo");
  EXPECT_EQ(who.status, 200);
  EXPECT_EQ(who.Text("iam_id"), world_.administrator.actor.iam_id.value());
  EXPECT_EQ(who.Text("email"), who.Text("sub"));
  EXPECT_EQ(json::FindText(who.body.at("account"), "bss"), "acc");
  EXPECT_EQ(Call("GET", "/identity/userinfo", {}).status, 401);
}

TEST_F(IamApi, TheUseOfKeysIsCounted) {
  const Answer made = Admin("POST", "/iam/v1/serviceids",
                            {{"account_id", "acc"}, {"name", "s"}, {"apikey", {{"name", "k"}}}});
  ASSERT_EQ(made.status, 201);
  const std::string key(json::FindText(made.body.at("apikey"), "id"));
  const auto activity = [&](const std::string& path) {
    return Call("GET", path, {.authorization = admin_, .query = "include_activity=true"})
        .body.at("activity");
  };
  EXPECT_EQ(activity("/iam/v1/apikeys/" + key).at("authn_count").as_int64(), 0);
  ASSERT_EQ(Exchange(Secret(std::string(json::FindText(made.body.at("apikey"), "apikey")))).status,
            200);
  const json::Value of_key = activity("/iam/v1/apikeys/" + key);
  EXPECT_EQ(of_key.at("authn_count").as_int64(), 1);
  EXPECT_EQ(json::FindText(of_key, "last_authn"), FormatRfc3339(world_.clock.Now()));
  EXPECT_EQ(activity("/iam/v1/serviceids/" + made.Text("id")).at("authn_count").as_int64(), 1);
}

}  // namespace
}  // namespace breakwater::api::iam
