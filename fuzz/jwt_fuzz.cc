// Tokens: first octet 'T' tries the rest as a token, which cannot be good, as nobody has the key's
// private half; else the rest are a header and claims with a line feed between, rightly signed.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "crypto/jwt.h"

namespace {

using breakwater::AsBytes;
using breakwater::Base64UrlEncode;
namespace crypto = breakwater::crypto;
namespace json = breakwater::json;

const crypto::SigningKey& Key() {
  static const crypto::SigningKey key = crypto::SigningKey::Generate();
  return key;
}

// The header's kid, as far as the input knows it, is "K".
std::string WithKid(std::string_view header) {
  std::string out(header);
  if (const auto at = out.find("\"K\""); at != std::string::npos)
    out.replace(at + 1, 1, Key().kid());
  return out;
}

crypto::KeySet Keys() {
  crypto::KeySet keys;
  BW_CHECK(keys.Add(Key().public_key()).ok());
  return keys;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const crypto::KeySet keys = Keys();
  const crypto::VerifyOptions options{
      .now = breakwater::FromMicros(1'647'853'800'000'000), .issuer = "iss", .audience = "aud"};
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.starts_with('T')) {
    BW_CHECK(!crypto::VerifyJwt(input.substr(1), keys, options).ok());
    return 0;
  }
  const std::size_t line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  std::string token = Base64UrlEncode(AsBytes(WithKid(input.substr(0, line)))) + "." +
                      Base64UrlEncode(AsBytes(input.substr(line + 1)));
  token += "." + Base64UrlEncode(Key().Sign(AsBytes(token)));
  const auto claims = crypto::VerifyJwt(token, keys, options);
  if (claims.ok()) {
    BW_CHECK(claims->contains("exp") && claims->contains("aud"));
    BW_CHECK(json::FindText(*claims, "iss") == "iss");
  } else {
    BW_CHECK(claims.error().code() == breakwater::ErrorCode::kUnauthenticated);
    BW_CHECK(!claims.error().reason().empty());
  }
  return 0;
}
