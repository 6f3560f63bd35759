#include "iam/oidc/documents.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace breakwater::iam::oidc {
namespace {

constexpr std::string_view kIssuer = "https://idp.example";

std::string Document(const std::string& issuer, const std::string& jwks) {
  return R"({"issuer":")" + issuer + R"(","jwks_uri":")" + jwks + R"(","token_endpoint":")" +
         issuer + R"(/token"})";
}

TEST(OidcDocuments, DiscoveryIsTheIssuersOwnAndStaysWithTls) {
  EXPECT_EQ(ParseDiscovery(Document("https://idp.example", "https://idp.example/keys"), kIssuer)
                ->jwks_uri,
            "https://idp.example/keys");
  for (const std::string& bad :
       {Document("https://evil.example", "https://idp.example/keys"),
        Document("https://idp.example/", "https://idp.example/keys"),
        Document("https://idp.example", "http://idp.example/keys"),
        Document("https://idp.example", "file:///etc/passwd"),
        Document("https://idp.example", "https://a b/"), Document("https://idp.example", ""),
        std::string("[]"), std::string("{"), std::string()}) {
    EXPECT_EQ(ParseDiscovery(bad, kIssuer).error().reason(), "provider_document") << bad;
  }
  EXPECT_EQ(DiscoveryUrl("https://a/b/"), "https://a/b/.well-known/openid-configuration");
}

TEST(OidcDocuments, ATokenAnswerHasATokenOrAnError) {
  EXPECT_EQ(ParseTokenAnswer(200, R"({"id_token":"a.b.c"})")->id_token, "a.b.c");
  EXPECT_EQ(ParseTokenAnswer(400, R"({"error":"authorization_pending"})")->error,
            "authorization_pending");
  EXPECT_FALSE(ParseTokenAnswer(200, "{}").ok());
  EXPECT_FALSE(ParseTokenAnswer(500, R"({"id_token":"a.b.c"})").ok());
  EXPECT_FALSE(ParseTokenAnswer(200, "<html>").ok());
}

TEST(OidcDocuments, AnIdTokenIsForThisClientAndThisSignIn) {
  const auto check = [](const char* claims) {
    const Status status = CheckIdToken(json::Parse(claims)->as_object(), "us", "n1");
    return status.ok() ? "" : status.error().reason();
  };
  EXPECT_EQ(check(R"({"aud":"us","nonce":"n1"})"), "");
  EXPECT_EQ(check(R"({"aud":["us","b"],"azp":"us","nonce":"n1"})"), "");
  EXPECT_EQ(check(R"({"aud":["us","b"],"nonce":"n1"})"), "token_audience");
  EXPECT_EQ(check(R"({"aud":"us","azp":"b","nonce":"n1"})"), "token_audience");
  EXPECT_EQ(check(R"({"aud":"us","azp":1,"nonce":"n1"})"), "token_audience");
  EXPECT_EQ(check(R"({"aud":"us","nonce":"n2"})"), "token_nonce");
  EXPECT_EQ(check(R"({"aud":"us"})"), "token_nonce");
  EXPECT_EQ(check(R"({"aud":"us","nonce":1})"), "token_nonce");
}

TEST(OidcDocuments, AnAddressCountsOnlyIfItIsVerified) {
  const auto person = [](const char* claims) { return PersonOf(json::Parse(claims)->as_object()); };
  EXPECT_EQ(person(R"({"sub":"1","email":"A@b.c","email_verified":true})")->email, "a@b.c");
  EXPECT_EQ(person(R"({"sub":"1","email":"a@b.c","email_verified":"true"})")->email, "a@b.c");
  EXPECT_EQ(person(R"({"sub":"1","email":"a@b.c","email_verified":false})")->email, "");
  EXPECT_EQ(person(R"({"sub":"1","email":"a@b.c"})")->email, "");
  EXPECT_FALSE(person(R"({"sub":""})").ok());
  EXPECT_FALSE(person(R"({"sub":1})").ok());
  EXPECT_FALSE(person("{}").ok());
}

TEST(OidcDocuments, ReadsWhoATokenSaysItIsOf) {
  const auto token = [](std::string_view claims) {
    return "e30." + Base64UrlEncode(AsBytes(claims)) + ".x";
  };
  EXPECT_EQ(ClaimedIssuer(token(R"({"iss":"https://a"})")), "https://a");
  EXPECT_EQ(ClaimedIssuer(token(R"({"iss":1})")), std::nullopt);
  EXPECT_EQ(ClaimedIssuer("a.b"), std::nullopt);
  EXPECT_EQ(ClaimedIssuer(std::string(100'000, 'a')), std::nullopt);
}

}  // namespace
}  // namespace breakwater::iam::oidc
