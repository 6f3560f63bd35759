#include "crypto/jwt.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "crypto/hash.h"

namespace breakwater::crypto {
namespace {

constexpr std::int64_t kNow = 1'647'853'800;

class JwtTest : public ::testing::Test {
 protected:
  static const SigningKey& Key() {
    static const SigningKey key = SigningKey::Generate();
    return key;
  }

  JwtTest() {
    BW_CHECK(keys_.Add(Key().public_key()).ok());
    options_.now = FromMicros(kNow * 1'000'000);
    options_.issuer = "https://registry.example/iam";
    options_.audience = "registry";
  }

  static json::Object Claims() {
    return {{"iss", "https://registry.example/iam"},
            {"aud", "registry"},
            {"sub", "IBMid-1"},
            {"iat", kNow},
            {"exp", kNow + 3600}};
  }
  static json::Object Header() {
    return {{"alg", "RS256"}, {"kid", json::Text(Key().kid())}, {"typ", "JWT"}};
  }
  // A token of any header and claims, correctly signed.
  static std::string Signed(std::string_view header, std::string_view claims) {
    std::string token = Base64UrlEncode(AsBytes(header)) + "." + Base64UrlEncode(AsBytes(claims));
    return token + "." + Base64UrlEncode(Key().Sign(AsBytes(token)));
  }
  static std::string Signed(const json::Object& header, const json::Object& claims) {
    return Signed(json::Serialize(header), json::Serialize(claims));
  }
  // Why the token is refused, or "" if it is good.
  std::string Reason(std::string_view token) const {
    const auto claims = VerifyJwt(token, keys_, options_);
    if (claims.ok()) return "";
    EXPECT_EQ(claims.error().code(), ErrorCode::kUnauthenticated);
    return claims.error().reason();
  }
  std::string ReasonOfClaims(const json::Object& claims) const {
    return Reason(*SignJwt(Key(), claims));
  }

  KeySet keys_;
  VerifyOptions options_;
};

TEST_F(JwtTest, ReturnsTheClaimsOfAGoodToken) {
  const auto claims = VerifyJwt(*SignJwt(Key(), Claims()), keys_, options_);
  ASSERT_TRUE(claims.ok());
  EXPECT_EQ(*claims, Claims());
}

TEST_F(JwtTest, RefusesAlgNone) {
  const std::string claims = json::Serialize(Claims());
  for (const char* none : {"none", "None", "NONE"}) {
    json::Object header = Header();
    header["alg"] = none;
    const std::string input = Base64UrlEncode(AsBytes(json::Serialize(header))) + "." +
                              Base64UrlEncode(AsBytes(claims)) + ".";
    EXPECT_EQ(Reason(input), "token_algorithm");
  }
}

TEST_F(JwtTest, RefusesAnHmacUnderThePublicKey) {
  json::Object header = Header();
  header["alg"] = "HS256";
  std::string token = Base64UrlEncode(AsBytes(json::Serialize(header))) + "." +
                      Base64UrlEncode(AsBytes(json::Serialize(Claims())));
  const std::string pem = Key().public_key().ToPem();
  token += "." + Base64UrlEncode(HmacSha256(AsBytes(pem), AsBytes(token)));
  EXPECT_EQ(Reason(token), "token_algorithm");
}

TEST_F(JwtTest, RefusesOtherAlgorithmsEvenWithAGoodSignature) {
  for (const char* algorithm : {"RS384", "PS256", "ES256", "rs256", ""}) {
    json::Object header = Header();
    header["alg"] = algorithm;
    EXPECT_EQ(Reason(Signed(header, Claims())), "token_algorithm") << algorithm;
  }
  json::Object header = Header();
  header.erase("alg");
  EXPECT_EQ(Reason(Signed(header, Claims())), "token_algorithm");
  header["alg"] = 256;
  EXPECT_EQ(Reason(Signed(header, Claims())), "token_malformed");
}

TEST_F(JwtTest, RefusesCriticalExtensionsAndOtherTypes) {
  json::Object header = Header();
  header["crit"] = json::Array{"exp"};
  EXPECT_EQ(Reason(Signed(header, Claims())), "token_malformed");
  EXPECT_EQ(Reason(*SignJwt(Key(), Claims(), "at+jwt")), "token_malformed");
  EXPECT_EQ(Reason(*SignJwt(Key(), Claims(), "jwt")), "");
}

TEST_F(JwtTest, IgnoresKeysThatTheTokenBrings) {
  const SigningKey own = SigningKey::Generate();
  json::Object header = {
      {"alg", "RS256"}, {"kid", json::Text(own.kid())}, {"jwk", own.public_key().ToJwk()}};
  const std::string input = Base64UrlEncode(AsBytes(json::Serialize(header))) + "." +
                            Base64UrlEncode(AsBytes(json::Serialize(Claims())));
  EXPECT_EQ(Reason(input + "." + Base64UrlEncode(own.Sign(AsBytes(input)))), "token_key_unknown");
  header["kid"] = json::Text(Key().kid());
  const std::string known = Base64UrlEncode(AsBytes(json::Serialize(header))) + "." +
                            Base64UrlEncode(AsBytes(json::Serialize(Claims())));
  EXPECT_EQ(Reason(known + "." + Base64UrlEncode(own.Sign(AsBytes(known)))), "token_signature");
}

TEST_F(JwtTest, RefusesDuplicateMembers) {
  const std::string header = json::Serialize(Header());
  std::string claims = json::Serialize(Claims());
  claims.insert(claims.size() - 1, R"(,"sub":"IBMid-2")");
  EXPECT_EQ(Reason(Signed(header, claims)), "token_malformed");
  std::string twice = header;
  twice.insert(twice.size() - 1, R"(,"alg":"RS256")");
  EXPECT_EQ(Reason(Signed(twice, json::Serialize(Claims()))), "token_malformed");
}

TEST_F(JwtTest, RefusesOversizeTokens) {
  json::Object claims = Claims();
  claims["pad"] = json::Text(std::string(kMaxTokenOctets, 'x'));
  EXPECT_EQ(SignJwt(Key(), claims).error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(Reason(Signed(Header(), claims)), "token_malformed");
}

TEST_F(JwtTest, RefusesEveryTruncation) {
  const std::string token = *SignJwt(Key(), Claims());
  for (std::size_t size = 0; size < token.size(); ++size) {
    EXPECT_NE(Reason(token.substr(0, size)), "") << size;
  }
}

TEST_F(JwtTest, RefusesEveryChangedCharacter) {
  const std::string token = *SignJwt(Key(), Claims());
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(Reason(changed), "") << i;
  }
}

TEST_F(JwtTest, RefusesASecondSpellingOfTheSameToken) {
  const std::string token = *SignJwt(Key(), Claims());
  // 256 octets of signature leave four bits of the last character unused.
  std::string stray = token;
  const std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  stray.back() = alphabet[alphabet.find(stray.back()) ^ 1U];
  for (const std::string& other :
       {stray, token + "==", token + "\n", " " + token, token + ".", "." + token}) {
    EXPECT_EQ(Reason(other), "token_malformed") << other;
  }
}

TEST_F(JwtTest, ChecksIssuerAndAudience) {
  json::Object claims = Claims();
  claims["iss"] = "https://registry.example/iam/";
  EXPECT_EQ(ReasonOfClaims(claims), "token_issuer");
  claims.erase("iss");
  EXPECT_EQ(ReasonOfClaims(claims), "token_issuer");

  claims = Claims();
  claims["aud"] = json::Array{"other", "registry"};
  EXPECT_EQ(ReasonOfClaims(claims), "");
  claims["aud"] = json::Array{"other"};
  EXPECT_EQ(ReasonOfClaims(claims), "token_audience");
  claims["aud"] = json::Array{"registry", 1};
  EXPECT_EQ(ReasonOfClaims(claims), "token_malformed");
  claims.erase("aud");
  EXPECT_EQ(ReasonOfClaims(claims), "token_audience");
  options_.audience.reset();
  EXPECT_EQ(ReasonOfClaims(claims), "");
}

TEST_F(JwtTest, ChecksTimesWithSkew) {
  const auto reason = [&](std::string_view name, const json::Value& value) {
    json::Object claims = Claims();
    claims[name] = value;
    return ReasonOfClaims(claims);
  };
  EXPECT_EQ(reason("exp", kNow - 29), "");
  EXPECT_EQ(reason("exp", kNow - 30), "token_expired");
  EXPECT_EQ(reason("nbf", kNow + 30), "");
  EXPECT_EQ(reason("nbf", kNow + 31), "token_not_yet_valid");
  EXPECT_EQ(reason("iat", kNow + 31), "token_not_yet_valid");
  EXPECT_EQ(ExpiryOf({{"exp", static_cast<double>(kNow) + 0.5}}), ExpiryOf({{"exp", kNow}}));
  EXPECT_EQ(reason("exp", static_cast<double>(kNow) + 0.5), "");
}

TEST_F(JwtTest, RefusesTimesThatAreNone) {
  for (const json::Value& bad :
       {json::Value("1647853800"), json::Value(-1), json::Value(nullptr), json::Value(1e300),
        json::Value(std::int64_t{9'223'372'036'854'775'807}), json::Value(true),
        json::Value(std::uint64_t{18'446'744'073'709'551'615U})}) {
    json::Object claims = Claims();
    claims["exp"] = bad;
    EXPECT_EQ(ReasonOfClaims(claims), "token_malformed") << json::Serialize(bad);
  }
  json::Object claims = Claims();
  claims.erase("exp");
  EXPECT_EQ(ReasonOfClaims(claims), "token_malformed");
}

TEST_F(JwtTest, RefusesHeadersAndClaimsThatAreNoObjects) {
  const std::string header = json::Serialize(Header());
  const std::string claims = json::Serialize(Claims());
  for (const char* bad : {"", "[]", "null", "{", "\"x\"", "{}x"}) {
    EXPECT_NE(Reason(Signed(bad, claims)), "");
    EXPECT_EQ(Reason(Signed(header, bad)), "token_malformed") << bad;
  }
  EXPECT_NE(Reason(Signed("{}", claims)), "");
}

}  // namespace
}  // namespace breakwater::crypto
