// What providers and tokens say, read: discovery documents, answers of token endpoints, claims.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "iam/sign_in/source.h"
#include "json/json.h"

namespace breakwater::iam::oidc {

inline constexpr std::size_t kMaxDocumentOctets = 256 * 1024;

// OpenID Connect Discovery 1.0 §3, as far as it is needed.
struct Discovery {
  std::string authorization_endpoint;  // may be empty
  std::string token_endpoint;          // may be empty
  std::string device_endpoint;         // may be empty
  std::string jwks_uri;
};
// kUnavailable "provider_document" if it is none, is another issuer's, or names an endpoint that is
// not https while the issuer is.
Result<Discovery> ParseDiscovery(std::string_view text, std::string_view issuer);
std::string DiscoveryUrl(std::string_view issuer);

// RFC 6749 §5, RFC 8628 §3.5.
struct TokenAnswer {
  std::string id_token;
  std::string error;  // "authorization_pending"; empty: success
};
Result<TokenAnswer> ParseTokenAnswer(int status, std::string_view text);

// RFC 8628 §3.2.
struct DeviceAnswer {
  std::string device_code;
  std::string user_code;
  std::string verification_uri;
  std::string verification_uri_complete;  // may be empty
  std::int64_t expires_in = 0;
  std::int64_t interval = 5;
};
Result<DeviceAnswer> ParseDeviceAnswer(int status, std::string_view text);

// Who issued a token by its own word, which proves nothing: to know whose keys to ask. Nothing if
// it cannot be read.
std::optional<std::string> ClaimedIssuer(std::string_view token);

// What an ID token must say beside what crypto::VerifyJwt has checked (OpenID Connect
// Core 3.1.3.7). kUnauthenticated "token_audience" or "token_nonce".
Status CheckIdToken(const json::Object& claims, std::string_view client_id, std::string_view nonce);
// An e-mail address counts only if the provider says that it is verified.
Result<Person> PersonOf(const json::Object& claims);

}  // namespace breakwater::iam::oidc
