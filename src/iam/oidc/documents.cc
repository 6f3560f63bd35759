#include "iam/oidc/documents.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/strings.h"
#include "crypto/jwt.h"

namespace breakwater::iam::oidc {
namespace {

constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMaxSubject = 255;  // OpenID Connect Core §2
constexpr std::size_t kMaxName = 256;
constexpr std::int64_t kLongestDevice = 3600;
constexpr json::Limits kLimits{.max_bytes = kMaxDocumentOctets, .max_depth = 16};

Error BadDocument(std::string log) {
  return Unavailable("the identity provider's answer cannot be used")
      .Reason("provider_document")
      .Log(std::move(log));
}

Result<json::Value> ParseObject(std::string_view text) {
  auto value = json::Parse(text, kLimits);
  if (!value.ok()) return BadDocument(value.error().message());
  if (!value->is_object()) return BadDocument("not an object");
  return value;
}

Result<std::string> Url(const json::Value& document, std::string_view name, bool https) {
  const std::string_view url = json::FindText(document, name);
  if (url.empty()) return std::string();
  const bool good =
      url.size() <= kMaxUrl && url.starts_with(https ? "https://" : "http") &&
      std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!good) return BadDocument(std::string(name) + " is no https URL");
  return std::string(url);
}

std::string Name(const json::Object& claims, std::string_view claim) {
  const json::Value* const value = claims.if_contains(claim);
  if (value == nullptr || !value->is_string()) return {};
  std::string text(json::View(value->get_string()));
  return text.size() <= kMaxName && text.find('\0') == std::string::npos ? text : std::string();
}

// Some providers send it as a text.
bool IsTrue(const json::Value* value) {
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  return value->is_string() && json::View(value->get_string()) == "true";
}

std::int64_t Whole(const json::Value& document, std::string_view name, std::int64_t fallback) {
  const json::Value* const value = json::Find(document, name);
  return value != nullptr && value->is_int64() ? value->get_int64() : fallback;
}

}  // namespace

std::string DiscoveryUrl(std::string_view issuer) {
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  return std::string(issuer) + "/.well-known/openid-configuration";
}

Result<Discovery> ParseDiscovery(std::string_view text, std::string_view issuer) {
  BW_TRY(const json::Value document, ParseObject(text));
  // OpenID Connect Discovery §4.3: exactly, or one provider could speak for another.
  if (json::FindText(document, "issuer") != issuer) return BadDocument("of another issuer");
  const bool https = issuer.starts_with("https://");
  Discovery out;
  BW_TRY(out.authorization_endpoint, Url(document, "authorization_endpoint", https));
  BW_TRY(out.token_endpoint, Url(document, "token_endpoint", https));
  BW_TRY(out.device_endpoint, Url(document, "device_authorization_endpoint", https));
  BW_TRY(out.jwks_uri, Url(document, "jwks_uri", https));
  if (out.jwks_uri.empty()) return BadDocument("without jwks_uri");
  return out;
}

Result<TokenAnswer> ParseTokenAnswer(int status, std::string_view text) {
  BW_TRY(const json::Value document, ParseObject(text));
  TokenAnswer answer;
  answer.error = std::string(json::FindText(document, "error").substr(0, 64));
  if (status == 200 && answer.error.empty()) {
    answer.id_token = std::string(json::FindText(document, "id_token"));
    if (answer.id_token.empty()) return BadDocument("without id_token");
    return answer;
  }
  if (answer.error.empty()) return BadDocument("status " + std::to_string(status));
  return answer;
}

Result<DeviceAnswer> ParseDeviceAnswer(int status, std::string_view text) {
  if (status != 200) return BadDocument("status " + std::to_string(status));
  BW_TRY(const json::Value document, ParseObject(text));
  DeviceAnswer answer;
  answer.device_code = std::string(json::FindText(document, "device_code"));
  answer.user_code = std::string(json::FindText(document, "user_code"));
  BW_TRY(answer.verification_uri, Url(document, "verification_uri", false));
  BW_TRY(answer.verification_uri_complete, Url(document, "verification_uri_complete", false));
  answer.expires_in = std::clamp<std::int64_t>(Whole(document, "expires_in", 0), 0, kLongestDevice);
  answer.interval = std::clamp<std::int64_t>(Whole(document, "interval", 5), 1, 60);
  if (answer.device_code.empty() || answer.device_code.size() > kMaxUrl ||
      answer.user_code.empty() || answer.user_code.size() > kMaxName ||
      answer.verification_uri.empty()) {
    return BadDocument("no device authorization");
  }
  return answer;
}

std::optional<std::string> ClaimedIssuer(std::string_view token) {
  if (token.size() > crypto::kMaxTokenOctets) return std::nullopt;
  const auto parts = Split(token, '.');
  if (parts.size() != 3) return std::nullopt;
  const auto octets = Base64UrlDecode(parts[1]);
  if (!octets.ok()) return std::nullopt;
  const auto claims = json::Parse(AsText(*octets), kLimits);
  if (!claims.ok()) return std::nullopt;
  std::string issuer(json::FindText(*claims, "iss"));
  if (issuer.empty()) return std::nullopt;
  return issuer;
}

Status CheckIdToken(const json::Object& claims, std::string_view client_id,
                    std::string_view nonce) {
  const json::Value* const audience = claims.if_contains("aud");
  const json::Value* const party = claims.if_contains("azp");
  const bool several =
      audience != nullptr && audience->is_array() && audience->get_array().size() > 1;
  if (several && party == nullptr) {
    return Unauthenticated("token for several audiences").Reason("token_audience");
  }
  if (party != nullptr && !(party->is_string() && json::View(party->get_string()) == client_id)) {
    return Unauthenticated("token for another client").Reason("token_audience");
  }
  if (nonce.empty()) return Ok();
  const json::Value* const said = claims.if_contains("nonce");
  if (said == nullptr || !said->is_string() ||
      !ConstantTimeEqual(json::View(said->get_string()), nonce)) {
    return Unauthenticated("token of another sign-in").Reason("token_nonce");
  }
  return Ok();
}

Result<Person> PersonOf(const json::Object& claims) {
  Person person;
  const json::Value* const subject = claims.if_contains("sub");
  if (subject == nullptr || !subject->is_string() || subject->get_string().empty() ||
      subject->get_string().size() > kMaxSubject) {
    return Unauthenticated("token without a subject").Reason("token_malformed");
  }
  person.subject = std::string(json::View(subject->get_string()));
  if (IsTrue(claims.if_contains("email_verified"))) {
    person.email = LowerAscii(Name(claims, "email"));
  }
  person.first_name = Name(claims, "given_name");
  person.last_name = Name(claims, "family_name");
  if (person.first_name.empty()) person.first_name = Name(claims, "name");
  person.claims = claims;
  return person;
}

}  // namespace breakwater::iam::oidc
