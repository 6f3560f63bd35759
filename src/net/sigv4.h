// AWS Signature Version 4, as S3 and its kin take it ("Authenticating Requests: Using the
// Authorization Header" and "Using Query Parameters", Amazon S3 API reference). Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "base/time.h"
#include "net/http.h"

namespace breakwater::net {

// SHA-256 of no bytes: the payload of a request without a body.
inline constexpr std::string_view kEmptyPayloadHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct AwsCredentials {
  std::string access_key;
  Secret secret_key;
  Secret session_token;  // of temporary credentials, or empty
};

// What a signature is for.
struct SigV4Scope {
  std::string region;
  std::string service = "s3";
};

using QueryParameters = std::vector<std::pair<std::string, std::string>>;  // not encoded

struct SigV4Request {
  std::string method = "GET";
  std::string host;  // as in the Host header: with its port unless that is the scheme's own
  std::string path;  // as sent: percent-encoded once
  QueryParameters query = {};
  Headers headers = {};      // all are signed; Host is not among them
  std::string payload_hash;  // SHA-256 of the body in lower-case hex
};

// The query as it must be sent, for servers sign what they receive: encoded, sorted, "=" always.
std::string CanonicalQuery(const QueryParameters& query);

// The 32 bytes that sign on one day in one region.
Bytes SigningKey(const Secret& secret_key, std::string_view date, const SigV4Scope& scope);

// Adds X-Amz-Date, X-Amz-Content-Sha256, X-Amz-Security-Token (if there is a token) and
// Authorization to the request's headers.
void SignV4(const AwsCredentials& credentials, const SigV4Scope& scope, Timestamp now,
            SigV4Request& request);

// The query with which anybody may send this request without headers of its own until `life` after
// `now`: at least a second, at most seven days. The payload is not signed.
std::string PresignV4(const AwsCredentials& credentials, const SigV4Scope& scope, Timestamp now,
                      std::chrono::seconds life, const SigV4Request& request);

}  // namespace breakwater::net
