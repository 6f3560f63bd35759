// Whose tokens are believed, and what finding out costs.
#include "iam/oidc/issuer.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/wait.h"
#include "iam/oidc/oidc_testing.h"
#include "iam/oidc/workloads.h"

namespace breakwater::iam::oidc {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::FakeProvider;
using testing::FirstKey;
using testing::SecondKey;

class IssuerTest : public ::testing::Test {
 protected:
  std::string Token(const crypto::SigningKey& key = FirstKey()) {
    return *crypto::SignJwt(key, provider.Claims(clock.Now()));
  }
  std::string TokenWith(std::string_view claim, json::Value value) {
    json::Object claims = provider.Claims(clock.Now());
    claims[claim] = std::move(value);
    return *crypto::SignJwt(FirstKey(), claims);
  }
  std::string Refusal(const std::string& token) {
    const auto claims = issuer.Verify(token, "us");
    return claims.ok() ? "" : claims.error().reason();
  }

  breakwater::testing::ManualClock clock;
  FakeProvider provider;
  Issuer issuer{{.issuer = FakeProvider::kIssuer, .jwks_url = {}}, provider.AsFetch(), clock};
};

TEST_F(IssuerTest, BelievesItsOwnTokensAndNoOthers) {
  EXPECT_EQ(Refusal(Token()), "");
  EXPECT_EQ(Refusal(TokenWith("iss", "https://evil.example")), "token_issuer");
  EXPECT_EQ(Refusal(TokenWith("aud", "them")), "token_audience");
  EXPECT_EQ(Refusal(TokenWith("exp", ToUnixSeconds(clock.Now()) - 60)), "token_expired");
  EXPECT_EQ(Refusal(TokenWith("nbf", ToUnixSeconds(clock.Now()) + 60)), "token_not_yet_valid");
  const std::string token = Token();
  EXPECT_EQ(Refusal(token.substr(0, token.rfind('.'))), "token_malformed");
  EXPECT_EQ(Refusal(std::string(50'000, 'a')), "token_malformed");
  const std::string body = token.substr(token.find('.'));
  const auto header = [&](const std::string& text) {
    return Base64UrlEncode(AsBytes(text)) + body;
  };
  EXPECT_EQ(Refusal(header(R"({"alg":"none"})")), "token_key_unknown");
  EXPECT_EQ(Refusal(header(R"({"alg":"none","kid":")" + FirstKey().kid() + "\"}")),
            "token_algorithm");
  EXPECT_EQ(Refusal(header(R"({"alg":"HS256","kid":")" + FirstKey().kid() + "\"}")),
            "token_algorithm");
}

TEST_F(IssuerTest, AsksOnceForMany) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Refusal(Token()), "");
  EXPECT_EQ(provider.requests, 2);
}

TEST_F(IssuerTest, AKeyRotationIsSeenAtTheFirstTokenOfTheNewKey) {
  EXPECT_EQ(Refusal(Token()), "");
  const std::string old = Token();
  clock.Advance(seconds(20));
  provider.Show(SecondKey());
  EXPECT_EQ(Refusal(Token(SecondKey())), "");
  EXPECT_EQ(Refusal(old), "");
  clock.Advance(minutes(6));
  EXPECT_EQ(Refusal(Token(FirstKey())), "token_key_unknown");
}

TEST_F(IssuerTest, TokensOfUnknownKeysCostOneLookInTenSeconds) {
  EXPECT_EQ(Refusal(Token()), "");
  clock.Advance(seconds(11));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(Refusal(Token(SecondKey())), "token_key_unknown");
  EXPECT_EQ(provider.key_requests, 2);
  clock.Advance(seconds(11));
  EXPECT_EQ(Refusal(Token(SecondKey())), "token_key_unknown");
  EXPECT_EQ(provider.key_requests, 3);
}

TEST_F(IssuerTest, KeysThatAreKnownGoOnWhileItIsSilent) {
  EXPECT_EQ(Refusal(Token()), "");
  provider.silent = true;
  clock.Advance(minutes(30));
  EXPECT_EQ(Refusal(Token()), "");
  EXPECT_EQ(Refusal(Token(SecondKey())), "token_key_unknown");
}

TEST_F(IssuerTest, WithoutKeysItSaysThatItCannotTellAndDoesNotAskAgainAtOnce) {
  provider.silent = true;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(issuer.Verify(Token(), "us").error().reason(), "provider_unavailable");
  }
  EXPECT_EQ(provider.requests, 1);
  provider.silent = false;
  clock.Advance(seconds(11));
  EXPECT_EQ(Refusal(Token()), "");
}

TEST_F(IssuerTest, RefusesAKeySetThatIsNone) {
  for (const char* bad : {"", "[]", "{\"keys\":1}", "{"}) {
    clock.Advance(seconds(11));
    provider.jwks = bad;
    EXPECT_EQ(issuer.Verify(Token(), "us").error().code(), ErrorCode::kUnavailable) << bad;
  }
}

TEST_F(IssuerTest, ManyWhoComeAtOnceWaitForOneAnswer) {
  std::atomic<int> good{0};
  const std::string token = Token();
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      if (issuer.Verify(token, "us").ok()) ++good;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 16);
  EXPECT_EQ(provider.requests, 2);
}

TEST_F(IssuerTest, WorkloadsAreTrustedByIssuerAndAudience) {
  const Workloads workloads({{"ci", "https://idp.example", "us", &issuer}});
  EXPECT_EQ(workloads.Identify(Token())->by->name, "ci");
  EXPECT_EQ(workloads.Identify(TokenWith("aud", "them")).error().reason(), "token_audience");
  EXPECT_EQ(workloads.Identify(TokenWith("iss", "https://other")).error().reason(), "token_issuer");
  EXPECT_EQ(workloads.Identify("nonsense").error().reason(), "token_malformed");
}

TEST_F(IssuerTest, AsksNobodyOnAThreadThatMustNotWaitAndIsNoWorseForIt) {
  const Fetch fetch = provider.AsFetch();
  Issuer cold(
      {.issuer = FakeProvider::kIssuer, .jwks_url = {}},
      [&](const net::ClientRequest& request) -> Result<net::ClientResponse> {
        BW_TRY_STATUS(BeforeWaiting());  // as net::HttpClient does
        return fetch(request);
      },
      clock);
  {
    const NoWaitScope scope;
    EXPECT_EQ(cold.Verify(Token(), "us").error().reason(), "would_wait");
    EXPECT_TRUE(scope.refused());
  }
  EXPECT_TRUE(cold.Verify(Token(), "us").ok());
  const NoWaitScope scope;
  EXPECT_TRUE(cold.Verify(Token(), "us").ok());
  EXPECT_FALSE(scope.refused());
}

}  // namespace
}  // namespace breakwater::iam::oidc
