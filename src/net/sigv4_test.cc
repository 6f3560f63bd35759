#include "net/sigv4.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "crypto/hash.h"

namespace breakwater::net {
namespace {

// The examples of "Signature Calculations for the Authorization Header" and "Authenticating
// Requests: Using Query Parameters" in the Amazon S3 API reference.
const AwsCredentials kExample{"AKIAIOSFODNN7EXAMPLE",
                              Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), Secret()};
const SigV4Scope kScope{.region = "us-east-1"};

Timestamp ExampleTime() {
  return *ParseRfc3339("2013-05-24T00:00:00Z");
}

SigV4Request ExampleRequest(std::string method, std::string path) {
  return {.method = std::move(method),
          .host = "examplebucket.s3.amazonaws.com",
          .path = std::move(path),
          .payload_hash = std::string(kEmptyPayloadHash)};
}

std::string SignatureOf(SigV4Request request) {
  SignV4(kExample, kScope, ExampleTime(), request);
  const std::string authorization(request.headers.Get("authorization").value_or(""));
  return authorization.substr(authorization.find("Signature=") + 10);
}

TEST(SigV4, SignsAGetWithAHeader) {
  auto request = ExampleRequest("GET", "/test.txt");
  request.headers.Add("Range", "bytes=0-9");
  SignV4(kExample, kScope, ExampleTime(), request);
  EXPECT_EQ(request.headers.Get("authorization"),
            "AWS4-HMAC-SHA256 "
            "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(request.headers.Get("x-amz-date"), "20130524T000000Z");
}

TEST(SigV4, SignsAPutWithItsPayload) {
  auto request = ExampleRequest("PUT", "/test%24file.text");
  request.headers.Add("Date", "Fri, 24 May 2013 00:00:00 GMT");
  request.headers.Add("x-amz-storage-class", "REDUCED_REDUNDANCY");
  request.payload_hash = crypto::Sha256Hex("Welcome to Amazon S3.");
  EXPECT_EQ(SignatureOf(request),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SigV4, SignsQueryParametersWithAndWithoutValue) {
  auto lifecycle = ExampleRequest("GET", "/");
  lifecycle.query = {{"lifecycle", ""}};
  EXPECT_EQ(SignatureOf(lifecycle),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  auto list = ExampleRequest("GET", "/");
  list.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(SignatureOf(list), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4, PresignsAGet) {
  EXPECT_EQ(PresignV4(kExample, kScope, ExampleTime(), std::chrono::seconds(86'400),
                      ExampleRequest("GET", "/test.txt")),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524"
            "%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
            "&X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

// "Deriving a signing key", AWS general reference.
TEST(SigV4, DerivesTheKeyOfADay) {
  EXPECT_EQ(HexEncode(SigningKey(Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), "20120215",
                                 {.region = "us-east-1", .service = "iam"})),
            "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
}

TEST(SigV4, SortsAndEncodesTheQuery) {
  EXPECT_EQ(CanonicalQuery({{"b", "x y"}, {"a/", "~-_.+"}, {"b", ""}, {"B", "ü"}}),
            "B=%C3%BC&a%2F=~-_.%2B&b=&b=x%20y");
  EXPECT_EQ(CanonicalQuery({}), "");
}

TEST(SigV4, SignsTheSessionToken) {
  AwsCredentials temporary = kExample;
  temporary.session_token = Secret("token/");
  auto request = ExampleRequest("GET", "/test.txt");
  SignV4(temporary, kScope, ExampleTime(), request);
  EXPECT_EQ(request.headers.Get("x-amz-security-token"), "token/");
  EXPECT_NE(request.headers.Get("authorization")->find(";x-amz-security-token,"),
            std::string_view::npos);
  EXPECT_NE(PresignV4(temporary, kScope, ExampleTime(), std::chrono::seconds(60), request)
                .find("&X-Amz-Security-Token=token%2F&"),
            std::string::npos);
}

TEST(SigV4, ALifeIsBounded) {
  const auto life = [](std::int64_t seconds) {
    return PresignV4(kExample, kScope, ExampleTime(), std::chrono::seconds(seconds),
                     ExampleRequest("GET", "/"));
  };
  EXPECT_NE(life(-5).find("X-Amz-Expires=1&"), std::string::npos);
  EXPECT_NE(life(1'000'000).find("X-Amz-Expires=604800&"), std::string::npos);
}

}  // namespace
}  // namespace breakwater::net
