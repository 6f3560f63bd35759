// API keys and tokens: what is kept, what counts, what does not.
#include "iam/credentials.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/strings.h"
#include "crypto/hash.h"
#include "crypto/jwt.h"
#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::World;

class CredentialsTest : public ::testing::Test {
 protected:
  Login AdministratorLogin() { return *world.credentials.WithApiKey(world.administrator_key); }
  std::string AccessToken() {
    return world.tokens.IssueAccess(AdministratorLogin(), "apikey", "default")->token;
  }
  // The reason why a header is refused, or "" if it is good.
  std::string Refusal(const std::string& header, bool registry_tokens = false) {
    const auto actor = world.credentials.Authenticate(header, registry_tokens);
    return actor.ok() ? "" : actor.error().reason();
  }
  ApiKey KeyOf(const Secret& value) {
    return *world.api_keys.Details(world.administrator, world.account, value);
  }

  World world;
};

TEST_F(CredentialsTest, TakesBearerBareTokenAndBasic) {
  const std::string token = AccessToken();
  for (const std::string& header :
       {"Bearer " + token, "bearer " + token, token, World::Basic(world.administrator_key),
        "Basic " + Base64Encode(AsBytes("iambearer:" + token))}) {
    const auto actor = world.credentials.Authenticate(header, false);
    ASSERT_TRUE(actor.ok()) << actor.error().message();
    EXPECT_EQ(actor->iam_id, world.administrator.actor.iam_id);
    EXPECT_FALSE(actor->grants.has_value());
  }
}

TEST_F(CredentialsTest, NobodyIsAnonymous) {
  EXPECT_EQ(world.credentials.Authenticate("", true)->kind, control::IdentityKind::kAnonymous);
  EXPECT_EQ(world.credentials.Authenticate("Basic " + Base64Encode(AsBytes(":")), true)->kind,
            control::IdentityKind::kAnonymous);
}

TEST_F(CredentialsTest, RefusesBrokenHeadersAndUnknownUsers) {
  EXPECT_EQ(Refusal("Basic !!!"), "credential_malformed");
  EXPECT_EQ(Refusal("Basic " + Base64Encode(AsBytes("nocolon"))), "credential_malformed");
  EXPECT_EQ(Refusal("Basic " + Base64Encode(AsBytes("iamapikey:wrong"))), "api_key_unknown");
  EXPECT_EQ(Refusal("Basic " + Base64Encode(AsBytes("iamapikey:"))), "api_key_unknown");
  EXPECT_EQ(Refusal("Basic " + Base64Encode(AsBytes("root:secret"))), "login_method_unsupported");
  EXPECT_EQ(Refusal("Negotiate abc"), "login_method_unsupported");
  EXPECT_EQ(Refusal("Bearer " + std::string(30'000, 'a')), "credential_malformed");
  EXPECT_EQ(Refusal("Bearer x.y.z"), "token_malformed");
}

TEST_F(CredentialsTest, KeepsOnlyAKeyedHashOfAKey) {
  const std::string value = world.administrator_key.Reveal();
  const auto hash = *world.database->database().ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne("SELECT hash FROM iam_api_key", {},
                       [](const db::Row& row) { return std::string(AsText(row.Blob(0))); });
  });
  EXPECT_EQ(hash->size(), 32U);
  EXPECT_EQ(hash->find(value), std::string::npos);
  EXPECT_NE(*hash, AsText(crypto::Sha256(AsBytes(value))));
  EXPECT_NE(AsText(KeyHasher(crypto::NewSealingKey()).Hash(world.administrator_key)), *hash);
}

// ibm-registry 3.14. Of a key that nobody knows there is nobody to tell of.
TEST_F(CredentialsTest, TheUseOfAKeyThatLogsNobodyInIsRecorded) {
  const auto records = [&](const std::string& action) {
    auto found = *world.audit.Query({.action = action});
    std::erase_if(found, [](const audit::Found& one) {
      return one.record.outcome == audit::Outcome::kSuccess;
    });
    return found;
  };
  const std::string basic = World::Basic(world.administrator_key);
  const std::string id = KeyOf(world.administrator_key).id;
  ASSERT_TRUE(world.api_keys.SetDisabled(world.administrator, world.account, id, true).ok());
  EXPECT_EQ(Refusal(World::Basic(Secret("another"))), "api_key_unknown");
  EXPECT_TRUE(records("iam-identity.user-apikey.login").empty());
  for (int i = 0; i < 3; ++i) {
    const auto refused = world.credentials.Authenticate(
        basic, false, {.request_id = "r", .address = "192.0.2.7", .user_agent = {}});
    EXPECT_EQ(refused.error().reason(), "api_key_disabled");
  }
  const auto found = records("iam-identity.user-apikey.login");
  ASSERT_EQ(found.size(), 1U) << "and not once for each try";
  EXPECT_EQ(found[0].record.initiator.iam_id, world.administrator.actor.iam_id);
  EXPECT_EQ(found[0].record.initiator.address, "192.0.2.7");
  EXPECT_EQ(found[0].record.reason_code, 401);
  world.clock.Advance(Credentials::kRefusalsApart);
  EXPECT_FALSE(world.credentials.WithApiKey(world.administrator_key).ok());
  EXPECT_EQ(records("iam-identity.user-apikey.login").size(), 2U);

  const auto service = *world.service_ids.Create(world.administrator, world.account,
                                                 {.name = "s", .api_key = NewApiKey{.name = "k"}});
  ASSERT_TRUE(
      world.api_keys.SetDisabled(world.administrator, world.account, service.api_key->key.id, true)
          .ok());
  EXPECT_FALSE(world.credentials.WithApiKey(service.api_key->value).ok());
  EXPECT_EQ(records("iam-identity.serviceid-apikey.login").size(), 1U);
}

TEST_F(CredentialsTest, DisabledKeysAndTheirTokensDieAtOnce) {
  const std::string token = AccessToken();
  const std::string basic = World::Basic(world.administrator_key);
  ASSERT_EQ(Refusal(basic), "");
  ASSERT_EQ(Refusal("Bearer " + token), "");
  const std::string id = KeyOf(world.administrator_key).id;
  ASSERT_TRUE(world.api_keys.SetDisabled(world.administrator, world.account, id, true).ok());
  EXPECT_EQ(Refusal(basic), "api_key_disabled");
  EXPECT_EQ(Refusal("Bearer " + token), "api_key_disabled");
  ASSERT_TRUE(world.api_keys.SetDisabled(world.administrator, world.account, id, false).ok());
  EXPECT_EQ(Refusal(basic), "");
  ASSERT_TRUE(world.api_keys.Delete(world.administrator, world.account, id).ok());
  EXPECT_EQ(Refusal(basic), "api_key_unknown");
  EXPECT_EQ(Refusal("Bearer " + token), "api_key_unknown");
}

TEST_F(CredentialsTest, ExpiredKeysEndTheirTokensToo) {
  const auto made =
      *world.api_keys.Create(world.administrator, world.account, world.administrator.actor.iam_id,
                             {.name = "short", .expires = world.clock.Now() + minutes(10)});
  const auto token = *world.tokens.IssueAccess(*world.credentials.WithApiKey(made.value), "g", "c");
  EXPECT_EQ(token.expires, world.clock.Now() + minutes(10));
  EXPECT_EQ(Refusal(World::Basic(made.value)), "");
  EXPECT_EQ(Refusal("Bearer " + token.token), "");
  world.clock.Advance(minutes(10));
  EXPECT_EQ(Refusal(World::Basic(made.value)), "api_key_expired");
  EXPECT_EQ(Refusal("Bearer " + token.token), "api_key_expired");
}

TEST_F(CredentialsTest, TokensExpire) {
  const std::string token = AccessToken();
  world.clock.Advance(seconds(3599));
  EXPECT_EQ(Refusal("Bearer " + token), "");
  world.clock.Advance(seconds(60));
  EXPECT_EQ(Refusal("Bearer " + token), "token_expired");
}

TEST_F(CredentialsTest, RefusesForgedTokens) {
  const std::string token = AccessToken();
  const auto parts = Split(token, '.');
  const std::string none = Base64UrlEncode(AsBytes(R"({"alg":"none","typ":"JWT"})"));
  EXPECT_NE(Refusal("Bearer " + none + "." + std::string(parts[1]) + "."), "");
  const std::string hmac =
      Base64UrlEncode(AsBytes(R"({"alg":"HS256","typ":"JWT","kid":")" +
                              testing::TestSigningKeys().current().kid() + "\"}"));
  EXPECT_EQ(Refusal("Bearer " + hmac + "." + std::string(parts[1]) + "." + std::string(parts[2])),
            "token_algorithm");
  const std::string claims = Base64UrlEncode(AsBytes(R"({"iam_id":"IBMid-other"})"));
  EXPECT_EQ(Refusal("Bearer " + std::string(parts[0]) + "." + claims + "." + std::string(parts[2])),
            "token_signature");
  const auto stranger = crypto::SigningKey::Generate();
  const auto foreign =
      *crypto::SignJwt(stranger, {{"iss", "https://us.icr.io/identity"}, {"exp", 9'999'999'999}});
  EXPECT_EQ(Refusal("Bearer " + foreign), "token_key_unknown");
}

TEST_F(CredentialsTest, TokensOfAnotherIssuerDoNotCount) {
  const Tokens other({.issuer = "https://elsewhere"}, testing::TestSigningKeys(), world.clock);
  EXPECT_EQ(Refusal("Bearer " + other.IssueAccess(AdministratorLogin(), "g", "c")->token),
            "token_issuer");
}

TEST_F(CredentialsTest, EachTypeOfTokenCountsWhereItBelongs) {
  const Login login = AdministratorLogin();
  const std::string registry =
      world.tokens.IssueRegistry(&login, "us.icr.io", {{"repository", "a/b", {"pull"}}})->token;
  const std::string refresh = world.tokens.IssueRefresh(login, "bx")->token;
  EXPECT_EQ(Refusal("Bearer " + registry), "token_malformed");
  EXPECT_EQ(Refusal("Bearer " + refresh), "token_malformed");
  EXPECT_EQ(Refusal("Bearer " + refresh, true), "token_malformed");
  const auto actor = world.credentials.Authenticate("Bearer " + registry, true);
  ASSERT_TRUE(actor.ok());
  EXPECT_EQ(actor->credential, "registry-token");
  ASSERT_EQ(actor->grants->size(), 1U);
  EXPECT_EQ(actor->grants->front().repository, "a/b");
  EXPECT_EQ(Refusal("Bearer " + AccessToken(), true), "");
  EXPECT_FALSE(world.credentials.WithRefreshToken(AccessToken()).ok());
  EXPECT_TRUE(world.credentials.WithRefreshToken(refresh).ok());
}

TEST_F(CredentialsTest, ARegistryTokenOfNobodyStaysNobody) {
  const std::string token =
      world.tokens.IssueRegistry(nullptr, "us.icr.io", {{"repository", "a/b", {}}})->token;
  for (int i = 0; i < 2; ++i) {  // the second time from memory
    const auto actor = world.credentials.Authenticate("Bearer " + token, true);
    ASSERT_TRUE(actor.ok());
    EXPECT_EQ(actor->kind, control::IdentityKind::kAnonymous);
    ASSERT_EQ(actor->grants->size(), 1U);
    EXPECT_TRUE(actor->grants->front().actions.empty());
  }
}

TEST_F(CredentialsTest, RefreshNeverOutlivesTheFirstRefreshToken) {
  const auto first = *world.tokens.IssueRefresh(AdministratorLogin(), "bx");
  world.clock.Advance(hours(24 * 29));
  const auto second =
      *world.tokens.IssueRefresh(*world.credentials.WithRefreshToken(first.token), "bx");
  EXPECT_LE(second.expires, first.expires);
}

TEST_F(CredentialsTest, SigningKeysAreKeptAndNeedTheirMasterKey) {
  auto& database = world.database->database();
  const auto first = *SigningKeys::Open(database, testing::MasterKey(), world.clock);
  const auto second = *SigningKeys::Open(database, testing::MasterKey(), world.clock);
  EXPECT_EQ(first.current().kid(), second.current().kid());
  const auto wrong = SigningKeys::Open(database, crypto::NewSealingKey(), world.clock);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().reason(), "master_key_wrong");
}

// Under the thread sanitizer this is a test of the caches' locking too.
TEST_F(CredentialsTest, HoldsUnderConcurrentLoginsAndRevocations) {
  const auto made = *world.api_keys.Create(world.administrator, world.account,
                                           world.Invite("u@example.com").iam_id, {.name = "k"});
  const std::string header = World::Basic(made.value);
  std::atomic<int> unexpected = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto actor = world.credentials.Authenticate(header, false);
        if (!actor.ok() && actor.error().reason() != "api_key_disabled") ++unexpected;
        const Status may = world.authorizer.Authorize(
            world.administrator, "container-registry.image.pull", world.Repository("a/b"));
        if (!may.ok()) ++unexpected;
      }
    });
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(
        world.api_keys.SetDisabled(world.administrator, world.account, made.key.id, i % 2 == 0)
            .ok());
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(unexpected, 0);
  EXPECT_EQ(Refusal(header), "");
}

TEST_F(CredentialsTest, MemoryIsBounded) {
  Credentials small(world.database->database(), world.cache, world.hasher, world.tokens,
                    world.clock, 2);
  const std::string basic = World::Basic(world.administrator_key);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(small.Authenticate("Bearer " + AccessToken(), false).ok());
    EXPECT_TRUE(small.Authenticate(basic, false).ok());
  }
}

}  // namespace
}  // namespace breakwater::iam
