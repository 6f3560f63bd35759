// JSON Web Tokens (RFC 7519) in compact JWS form (RFC 7515), as RFC 8725 advises: the algorithm
// comes from the key, never from the token; no `none`, no `crit`, no keys by reference.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "crypto/key_set.h"
#include "crypto/signing.h"
#include "json/json.h"

namespace breakwater::crypto {

inline constexpr std::size_t kMaxTokenOctets = 16 * 1024;

struct VerifyOptions {
  Timestamp now;
  // What `iss` must be, exactly.
  std::string issuer;
  // What `aud` must name. Without it `aud` is not looked at.
  std::optional<std::string> audience;
  // How far the issuer's clock may be off, for exp, nbf and iat.
  std::chrono::seconds skew{30};
  // What the header's `typ` must be, in any case, where there is one.
  std::string type = "JWT";
};

// The token for these claims, with header {"alg","kid","typ"}. kTooLarge above kMaxTokenOctets.
Result<std::string> SignJwt(const SigningKey& key, const json::Object& claims,
                            std::string_view type = "JWT");

// The claims of a good token. Else kUnauthenticated, with one of the reasons
//   token_malformed, token_algorithm, token_key_unknown, token_signature, token_issuer,
//   token_audience, token_expired, token_not_yet_valid.
// `exp` must be there; `nbf` and `iat` are checked where they are. Thread-safe.
Result<json::Object> VerifyJwt(std::string_view token, const KeySet& keys,
                               const VerifyOptions& options);
// `exp` of claims that VerifyJwt gave, to the second before.
Timestamp ExpiryOf(const json::Object& claims);

}  // namespace breakwater::crypto
