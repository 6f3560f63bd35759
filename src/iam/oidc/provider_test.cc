// The way of a browser and of a device, and whoever does not belong on it.
#include "iam/oidc/provider.h"

#include <gtest/gtest.h>

#include "crypto/sealing.h"
#include "db/testing.h"
#include "iam/oidc/oidc_testing.h"
#include "net/http.h"

namespace breakwater::iam::oidc {
namespace {

using std::chrono::minutes;
using testing::FakeProvider;

class ProviderTest : public ::testing::Test {
 protected:
  // What the provider gets to know of a start.
  net::Parameters Asked(const BrowserStart& start) {
    return *net::Parameters::Parse(start.url.substr(start.url.find('?') + 1));
  }
  void AnswerWith(std::string_view nonce) {
    json::Object claims = fake.Claims(clock.Now());
    if (!nonce.empty()) claims["nonce"] = json::Text(nonce);
    fake.token_answer = R"({"id_token":")" + *crypto::SignJwt(testing::FirstKey(), claims) + "\"}";
  }
  std::string Refusal(const BrowserReturn& returned) {
    const auto end = provider.Finish(returned);
    return end.ok() ? "" : end.error().reason();
  }

  breakwater::testing::ManualClock clock;
  std::unique_ptr<db::testing::TestDatabase> database = db::testing::OpenTestDatabase();
  KeyHasher hasher{crypto::NewSealingKey()};
  Passcodes once{database->database(), hasher, clock};
  FakeProvider fake;
  Issuer issuer{{.issuer = FakeProvider::kIssuer, .jwks_url = {}}, fake.AsFetch(), clock};
  Provider provider{{.name = "corp",
                     .client_id = "us",
                     .client_secret = Secret("s:1"),
                     .device_client_id = {},
                     .redirect_url = "https://us.example/identity/sign-in/corp/callback"},
                    issuer,
                    crypto::NewSealingKey(),
                    once,
                    clock};
};

TEST_F(ProviderTest, ABrowserComesBackAsSomebody) {
  const auto start = *provider.Start(8123);
  EXPECT_TRUE(start.url.starts_with("https://idp.example/authorize?response_type=code&"));
  const auto asked = Asked(start);
  EXPECT_EQ(asked.Get("code_challenge_method"), "S256");
  AnswerWith(*asked.Get("nonce"));
  const auto end = provider.Finish({.code = "c",
                                    .state = std::string(*asked.Get("state")),
                                    .error = {},
                                    .cookie = start.cookie});
  ASSERT_TRUE(end.ok()) << end.error().message() << end.error().log();
  EXPECT_EQ(end->person.subject, "alice");
  EXPECT_EQ(end->port, 8123);
  EXPECT_NE(fake.last_form.find("code_verifier="), std::string::npos);
  EXPECT_EQ(fake.last_authorization, "Basic " + Base64Encode(AsBytes("us:s%3A1")));
  // The verifier is nowhere in what the browser carries.
  EXPECT_EQ(start.url.find("code_verifier"), std::string::npos);
}

TEST_F(ProviderTest, ASignInEndsOnceInItsOwnBrowserAndInTime) {
  const auto start = *provider.Start(0);
  const auto asked = Asked(start);
  const std::string state(*asked.Get("state"));
  AnswerWith(*asked.Get("nonce"));
  EXPECT_EQ(Refusal({"c", state, {}, "another"}), "sign_in_state");
  EXPECT_EQ(Refusal({"c", state, {}, ""}), "sign_in_state");
  EXPECT_EQ(Refusal({"c", state + "A", {}, start.cookie}), "sign_in_state");
  EXPECT_EQ(Refusal({"c", "", {}, start.cookie}), "sign_in_state");
  EXPECT_EQ(Refusal({"", state, {}, start.cookie}), "sign_in_state");
  EXPECT_EQ(Refusal({"", state, "access_denied", start.cookie}), "sign_in_refused");
  EXPECT_EQ(Refusal({"c", state, {}, start.cookie}), "");
  EXPECT_EQ(Refusal({"c", state, {}, start.cookie}), "sign_in_state");
  const auto late = *provider.Start(0);
  clock.Advance(minutes(11));
  EXPECT_EQ(Refusal({"c", std::string(*Asked(late).Get("state")), {}, late.cookie}),
            "sign_in_state");
}

TEST_F(ProviderTest, ATokenOfAnotherSignInIsRefused) {
  const auto start = *provider.Start(0);
  AnswerWith("another nonce");
  EXPECT_EQ(Refusal({"c", std::string(*Asked(start).Get("state")), {}, start.cookie}),
            "token_nonce");
}

TEST_F(ProviderTest, ACodeTheProviderRefusesIsRefused) {
  const auto start = *provider.Start(0);
  fake.token_status = 400;
  fake.token_answer = R"({"error":"invalid_grant"})";
  EXPECT_EQ(Refusal({"c", std::string(*Asked(start).Get("state")), {}, start.cookie}),
            "sign_in_refused");
}

TEST_F(ProviderTest, ADeviceWaitsUntilItsUserHasDecided) {
  const auto start = *provider.StartDevice();
  EXPECT_EQ(start.shown.user_code, "ABCD");
  EXPECT_EQ(start.handle.find("device code"), std::string::npos);
  fake.token_status = 400;
  fake.token_answer = R"({"error":"authorization_pending"})";
  EXPECT_EQ(provider.FinishDevice(start.handle).error().reason(), "authorization_pending");
  clock.Advance(std::chrono::seconds(60));
  fake.token_status = 200;
  AnswerWith({});
  EXPECT_EQ(provider.FinishDevice(start.handle)->subject, "alice");
  EXPECT_EQ(provider.FinishDevice("guess").error().reason(), "expired_token");
  clock.Advance(minutes(3));
  EXPECT_EQ(provider.FinishDevice(start.handle).error().reason(), "expired_token");
}

TEST_F(ProviderTest, ADeviceThatAsksTooOftenIsToldSoAndTheProviderIsNotAsked) {
  const auto start = *provider.StartDevice();
  fake.token_status = 400;
  fake.token_answer = R"({"error":"authorization_pending"})";
  EXPECT_EQ(provider.FinishDevice(start.handle).error().reason(), "authorization_pending");
  fake.last_form.clear();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(provider.FinishDevice(start.handle).error().reason(), "slow_down");
  }
  EXPECT_EQ(fake.last_form, "");
}

TEST_F(ProviderTest, ThePasscodeIsForTheClientThatAsked) {
  const std::string challenge(43, 'A');
  const auto start = *provider.Start(8123, challenge);
  AnswerWith(*Asked(start).Get("nonce"));
  const auto end = provider.Finish({.code = "c",
                                    .state = std::string(*Asked(start).Get("state")),
                                    .error = {},
                                    .cookie = start.cookie});
  ASSERT_TRUE(end.ok()) << end.error().message();
  EXPECT_EQ(end->challenge, challenge);
}

TEST(DevicePolls, WhoDoesNotWaitWaitsLonger) {
  using std::chrono::seconds;
  breakwater::testing::ManualClock clock;
  DevicePolls polls(clock, 2);
  EXPECT_TRUE(polls.MayAsk("a", seconds(5)));
  EXPECT_FALSE(polls.MayAsk("a", seconds(5)));
  clock.Advance(seconds(6));
  EXPECT_FALSE(polls.MayAsk("a", seconds(5)));
  clock.Advance(seconds(15));
  EXPECT_TRUE(polls.MayAsk("a", seconds(5)));
  clock.Advance(seconds(1));
  EXPECT_TRUE(polls.MayAsk("b", seconds(5)));
  EXPECT_TRUE(polls.MayAsk("c", seconds(5)));
  EXPECT_FALSE(polls.MayAsk("b", seconds(5)));
}

}  // namespace
}  // namespace breakwater::iam::oidc
