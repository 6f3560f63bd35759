#include "crypto/jwt.h"

#include <cmath>

#include "base/check.h"
#include "base/strings.h"

namespace breakwater::crypto {
namespace {

constexpr json::Limits kTokenJson{.max_bytes = kMaxTokenOctets, .max_depth = 16};
// The last second of the year 9999: beyond it no arithmetic of ours can overflow.
constexpr std::int64_t kLastSecond = 253'402'300'799;

Error Refused(std::string message, std::string reason) {
  return Unauthenticated(std::move(message)).Reason(std::move(reason));
}
Error Malformed(std::string log) {
  return Refused("malformed token", "token_malformed").Log(std::move(log));
}

// Views into the token.
struct Parts {
  std::string_view signing_input;
  std::string_view claims;  // encoded; not looked at before the signature is known to be good
  json::Object header;
  Bytes signature;
};

Result<json::Object> DecodeObject(std::string_view part, std::string_view which) {
  auto octets = Base64UrlDecode(part);
  if (!octets.ok()) return Malformed(std::string(which) + ": " + octets.error().message());
  auto value = json::Parse(AsText(*octets), kTokenJson);
  if (!value.ok()) return Malformed(std::string(which) + ": " + value.error().message());
  if (!value->is_object()) return Malformed(std::string(which) + ": not an object");
  return std::move(value->get_object());
}

Result<Parts> Decode(std::string_view token) {
  if (token.size() > kMaxTokenOctets) return Malformed("token too large");
  const auto parts = Split(token, '.');
  if (parts.size() != 3) return Malformed("not three parts");
  Parts out;
  out.signing_input = token.substr(0, parts[0].size() + 1 + parts[1].size());
  BW_TRY(out.header, DecodeObject(parts[0], "header"));
  out.claims = parts[1];
  auto signature = Base64UrlDecode(parts[2]);
  if (!signature.ok()) return Malformed("signature: " + signature.error().message());
  out.signature = std::move(signature).value();
  return out;
}

// A member that must be a string where it is there; "" stands for absent.
Result<std::string_view> TextMember(const json::Object& object, std::string_view name) {
  const json::Value* const member = object.if_contains(name);
  if (member == nullptr) return std::string_view{};
  if (!member->is_string()) return Malformed(std::string(name) + ": not a string");
  return json::View(member->get_string());
}

Result<const VerifyingKey*> FindKey(const json::Object& header, const KeySet& keys,
                                    const VerifyOptions& options) {
  // RFC 7515 §4.1.11: an extension that must be understood, and we understand none.
  if (header.contains("crit")) return Malformed("header has crit");
  BW_TRY(const std::string_view type, TextMember(header, "typ"));
  if (!type.empty() && !EqualsIgnoreCase(type, options.type)) {
    return Malformed("another type of token");
  }
  BW_TRY(const std::string_view kid, TextMember(header, "kid"));
  BW_TRY(const std::string_view algorithm, TextMember(header, "alg"));
  const VerifyingKey* const key = keys.Find(kid);
  if (key == nullptr) return Refused("token signed by an unknown key", "token_key_unknown");
  if (algorithm != key->algorithm()) {
    return Refused("token signed with another algorithm", "token_algorithm");
  }
  return key;
}

// RFC 7519 §2, NumericDate: seconds since 1970, maybe with a fraction.
Result<std::optional<std::int64_t>> NumericDate(const json::Object& claims, std::string_view name) {
  const json::Value* const claim = claims.if_contains(name);
  if (claim == nullptr) return std::optional<std::int64_t>{};
  std::int64_t seconds = -1;
  if (claim->is_int64()) seconds = claim->get_int64();
  if (claim->is_double()) {
    const double whole = std::floor(claim->get_double());
    if (whole >= 0 && whole <= static_cast<double>(kLastSecond)) {
      seconds = static_cast<std::int64_t>(whole);
    }
  }
  if (seconds < 0 || seconds > kLastSecond) return Malformed(std::string(name) + ": no date");
  return std::optional<std::int64_t>{seconds};
}

Status CheckTimes(const json::Object& claims, const VerifyOptions& options) {
  const std::int64_t now = ToUnixSeconds(options.now);
  const std::int64_t skew = options.skew.count();
  BW_TRY(const auto expires, NumericDate(claims, "exp"));
  BW_TRY(const auto not_before, NumericDate(claims, "nbf"));
  BW_TRY(const auto issued, NumericDate(claims, "iat"));
  if (!expires.has_value()) return Malformed("exp: missing");
  if (now >= *expires + skew) return Refused("token expired", "token_expired");
  if ((not_before.has_value() && now + skew < *not_before) ||
      (issued.has_value() && now + skew < *issued)) {
    return Refused("token not valid yet", "token_not_yet_valid");
  }
  return Ok();
}

// RFC 7519 §4.1.3: one string, or an array of strings.
Result<bool> NamesAudience(const json::Object& claims, std::string_view audience) {
  const json::Value* const claim = claims.if_contains("aud");
  if (claim == nullptr) return false;
  if (claim->is_string()) return json::View(claim->get_string()) == audience;
  if (!claim->is_array()) return Malformed("aud: neither a string nor an array");
  bool found = false;
  for (const json::Value& item : claim->get_array()) {
    if (!item.is_string()) return Malformed("aud: an item is no string");
    found = found || json::View(item.get_string()) == audience;
  }
  return found;
}

Status CheckClaims(const json::Object& claims, const VerifyOptions& options) {
  BW_TRY(const std::string_view issuer, TextMember(claims, "iss"));
  if (issuer != options.issuer) return Refused("token of another issuer", "token_issuer");
  if (options.audience.has_value()) {
    BW_TRY(const bool named, NamesAudience(claims, *options.audience));
    if (!named) return Refused("token for another audience", "token_audience");
  }
  return CheckTimes(claims, options);
}

}  // namespace

Result<std::string> SignJwt(const SigningKey& key, const json::Object& claims,
                            std::string_view type) {
  json::Object header;
  header["alg"] = json::Text(key.algorithm());
  header["kid"] = json::Text(key.kid());
  header["typ"] = json::Text(type);
  std::string token = Base64UrlEncode(AsBytes(json::Serialize(header))) + "." +
                      Base64UrlEncode(AsBytes(json::Serialize(claims)));
  token += "." + Base64UrlEncode(key.Sign(AsBytes(token)));
  if (token.size() > kMaxTokenOctets) return TooLarge("token too large");
  return token;
}

Result<json::Object> VerifyJwt(std::string_view token, const KeySet& keys,
                               const VerifyOptions& options) {
  BW_TRY(const Parts parts, Decode(token));
  BW_TRY(const VerifyingKey* const key, FindKey(parts.header, keys, options));
  if (!key->Verify(AsBytes(parts.signing_input), parts.signature)) {
    return Refused("token signature is wrong", "token_signature");
  }
  BW_TRY(json::Object claims, DecodeObject(parts.claims, "claims"));
  BW_TRY_STATUS(CheckClaims(claims, options));
  return claims;
}

Timestamp ExpiryOf(const json::Object& claims) {
  const auto seconds = NumericDate(claims, "exp");
  BW_CHECK(seconds.ok() && seconds->has_value());
  return Timestamp{std::chrono::seconds{**seconds}};
}

}  // namespace breakwater::crypto
