#include "crypto/signing.h"

#include <gtest/gtest.h>

#include "crypto/key_set.h"

namespace breakwater::crypto {
namespace {

const SigningKey& Key() {
  static const SigningKey key = SigningKey::Generate();
  return key;
}

json::Value Jwk(std::string_view n, std::string_view e = "AQAB") {
  json::Object jwk;
  jwk["kty"] = "RSA";
  jwk["n"] = json::Text(n);
  jwk["e"] = json::Text(e);
  return jwk;
}

// RFC 7515 A.2.
constexpr std::string_view kRfc7515N =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4"
    "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re"
    "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX"
    "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
constexpr std::string_view kRfc7515Input =
    "eyJhbGciOiJSUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ";
constexpr std::string_view kRfc7515Signature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
    "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb"
    "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
    "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
// RFC 7638 §3.1.
constexpr std::string_view kRfc7638N =
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP"
    "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY"
    "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f"
    "M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

TEST(Signing, VerifiesTheExampleOfRfc7515) {
  const auto key = VerifyingKey::FromJwk(Jwk(kRfc7515N));
  ASSERT_TRUE(key.ok());
  const Bytes signature = *Base64UrlDecode(kRfc7515Signature);
  EXPECT_TRUE(key->Verify(AsBytes(kRfc7515Input), signature));
  EXPECT_FALSE(key->Verify(AsBytes(kRfc7515Input.substr(1)), signature));
  EXPECT_FALSE(key->Verify(AsBytes(kRfc7515Input), {}));
}

TEST(Signing, NamesKeysAsTheExampleOfRfc7638) {
  EXPECT_EQ(VerifyingKey::FromJwk(Jwk(kRfc7638N))->kid(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(Signing, VerifiesItsOwnSignatureOnly) {
  const Bytes signature = Key().Sign(AsBytes("message"));
  EXPECT_EQ(signature.size(), 256U);
  EXPECT_TRUE(Key().public_key().Verify(AsBytes("message"), signature));
  EXPECT_FALSE(Key().public_key().Verify(AsBytes("Message"), signature));
  EXPECT_FALSE(SigningKey::Generate().public_key().Verify(AsBytes("message"), signature));
}

TEST(Signing, KeysSurvivePemAndJwk) {
  const Secret pem = Key().ToPem();
  EXPECT_TRUE(pem.Reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));
  const auto again = SigningKey::FromPem(pem);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->kid(), Key().kid());
  const Bytes signature = again->Sign(AsBytes("m"));

  const auto from_pem = VerifyingKey::FromPem(Key().public_key().ToPem());
  const auto from_jwk = VerifyingKey::FromJwk(Key().public_key().ToJwk());
  ASSERT_TRUE(from_pem.ok() && from_jwk.ok());
  EXPECT_EQ(from_pem->kid(), Key().kid());
  EXPECT_EQ(from_jwk->kid(), Key().kid());
  EXPECT_TRUE(from_pem->Verify(AsBytes("m"), signature));
  EXPECT_TRUE(from_jwk->Verify(AsBytes("m"), signature));
}

TEST(Signing, RefusesAPrivateKeyThatDoesNotBelongToItsPublicKey) {
  std::string pem = Key().ToPem().Reveal();
  const auto first = pem.find('\n') + 1;
  std::string text = pem.substr(first, pem.find("\n-----END") - first);
  std::erase(text, '\n');
  auto der = Base64Decode(text);
  ASSERT_TRUE(der.ok());
  // PKCS#8 and PKCS#1 heads take 38 octets here; the modulus follows.
  (*der)[100] ^= std::byte{1};
  const std::string damaged =
      "-----BEGIN PRIVATE KEY-----\n" + Base64Encode(*der) + "\n-----END PRIVATE KEY-----\n";
  EXPECT_FALSE(SigningKey::FromPem(Secret(damaged)).ok());
}

TEST(Signing, RefusesPemThatIsNoGoodKey) {
  const std::string pem = Key().ToPem().Reveal();
  for (std::size_t size = 0; size + 2 < pem.size(); size += 7) {
    EXPECT_FALSE(SigningKey::FromPem(Secret(pem.substr(0, size))).ok()) << size;
  }
  EXPECT_FALSE(SigningKey::FromPem(Secret(Key().public_key().ToPem())).ok());
  EXPECT_FALSE(VerifyingKey::FromPem(pem).ok());
  // An Ed25519 key (RFC 8410 §10.3 and §10.1).
  EXPECT_FALSE(SigningKey::FromPem(
                   Secret("-----BEGIN PRIVATE KEY-----\n"
                          "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                          "-----END PRIVATE KEY-----\n"))
                   .ok());
  EXPECT_EQ(VerifyingKey::FromPem("-----BEGIN PUBLIC KEY-----\n"
                                  "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                                  "-----END PUBLIC KEY-----\n")
                .error()
                .message(),
            "not an RSA key");
}

TEST(Signing, RefusesWeakAndForeignJwks) {
  EXPECT_EQ(VerifyingKey::FromJwk(Jwk("u7u7u7u7u7u7")).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(VerifyingKey::FromJwk(Jwk(kRfc7638N, "Aw")).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(VerifyingKey::FromJwk(Jwk(kRfc7638N, "AQAC")).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(VerifyingKey::FromJwk(Jwk("", "AQAB")).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(VerifyingKey::FromJwk(json::Value("text")).error().code(), ErrorCode::kUnsupported);
  json::Value other = Jwk(kRfc7638N);
  other.get_object()["alg"] = "PS256";
  EXPECT_EQ(VerifyingKey::FromJwk(other).error().code(), ErrorCode::kUnsupported);
}

TEST(KeySet, FindsKeysByKidAndSurvivesJwks) {
  KeySet keys;
  ASSERT_TRUE(keys.Add(Key().public_key()).ok());
  EXPECT_EQ(keys.Add(Key().public_key()).error().code(), ErrorCode::kExists);
  EXPECT_NE(keys.Find(Key().kid()), nullptr);
  EXPECT_EQ(keys.Find("other"), nullptr);
  const auto again = KeySet::FromJwks(keys.ToJwks());
  ASSERT_TRUE(again.ok());
  EXPECT_NE(again->Find(Key().kid()), nullptr);
  EXPECT_TRUE(keys.Remove(Key().kid()));
  EXPECT_FALSE(keys.Remove(Key().kid()));
}

TEST(KeySet, PassesOverKeysOfOtherTypesAndRefusesBrokenOnes) {
  const auto mixed = json::Parse(R"({"keys":[{"kty":"EC","kid":"a"},{"kty":"oct","k":"AA"}]})");
  EXPECT_EQ(KeySet::FromJwks(*mixed)->size(), 0U);
  for (const char* bad : {"{}", "[]", R"({"keys":{}})", R"({"keys":[{"kty":"RSA"}]})"}) {
    EXPECT_FALSE(KeySet::FromJwks(*json::Parse(bad)).ok()) << bad;
  }
  json::Array keys(KeySet::kMaxKeys + 1, json::Value(json::Object{}));
  EXPECT_FALSE(KeySet::FromJwks(json::Object{{"keys", keys}}).ok());
}

TEST(KeySet, RefusesTwoKeysOfOneKid) {
  const json::Value jwk = Key().public_key().ToJwk();
  EXPECT_FALSE(KeySet::FromJwks(json::Object{{"keys", json::Array{jwk, jwk}}}).ok());
}

}  // namespace
}  // namespace breakwater::crypto
