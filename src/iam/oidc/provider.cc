#include "iam/oidc/provider.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/sealing.h"

namespace breakwater::iam::oidc {
namespace {

constexpr std::string_view kState = "state";
constexpr std::string_view kDevice = "device";
constexpr std::size_t kSecretOctets = 32;
constexpr std::size_t kMaxSealed = 8192;
constexpr std::size_t kMaxCode = 4096;

Error BadState(std::string log) {
  return Unauthenticated(
             "this sign-in is unknown, was finished before, or took too long: begin anew")
      .Reason("sign_in_state")
      .Log(std::move(log));
}

Error Refused(std::string log) {
  return Unauthenticated("the identity provider refuses the sign-in")
      .Reason("sign_in_refused")
      .Log(std::move(log));
}

std::string Digest(std::string_view text) {
  return Base64UrlEncode(crypto::Sha256(AsBytes(text)));
}

void Add(std::string& form, std::string_view name, std::string_view value) {
  if (!form.empty()) form += '&';
  form += PercentEncode(name) + "=" + PercentEncode(value);
}

std::int64_t Number(const json::Value& content, std::string_view name) {
  const json::Value* const value = json::Find(content, name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

}  // namespace

std::string Provider::Seal(const json::Object& content, std::string_view purpose) const {
  const std::string label = options_.name + "/" + std::string(purpose);
  auto sealed = crypto::Seal(key_, AsBytes(json::Serialize(content)), AsBytes(label));
  BW_CHECK(sealed.ok());
  return Base64UrlEncode(*sealed);
}

Result<json::Value> Provider::Open(std::string_view text, std::string_view purpose) const {
  if (text.empty() || text.size() > kMaxSealed) return BadState("of no possible size");
  const auto sealed = Base64UrlDecode(text);
  if (!sealed.ok()) return BadState("not base64url");
  const std::string label = options_.name + "/" + std::string(purpose);
  const auto opened = crypto::Open(key_, *sealed, AsBytes(label));
  if (!opened.ok()) return BadState("not sealed by us");
  auto content = json::Parse(opened->Reveal());  // ours
  if (!content.ok()) return BadState("no document");
  if (Number(*content, "end") <= ToUnixSeconds(clock_.Now())) return BadState("too late");
  return content;
}

Result<BrowserStart> Provider::Start(std::uint16_t port, std::string_view challenge) {
  BW_TRY(const Discovery discovery, issuer_.Describe());
  if (discovery.authorization_endpoint.empty() || options_.redirect_url.empty()) {
    return Unsupported("this source offers no sign-in by browser").Reason("no_browser_sign_in");
  }
  const std::string verifier = crypto::RandomToken(kSecretOctets);
  const std::string nonce = crypto::RandomToken(kSecretOctets);
  BrowserStart start;
  start.cookie = crypto::RandomToken(kSecretOctets);
  const std::string state = Seal({{"nonce", json::Text(nonce)},
                                  {"verifier", json::Text(verifier)},
                                  {"cookie", json::Text(Digest(start.cookie))},
                                  {"port", port},
                                  {"challenge", json::Text(challenge)},
                                  {"end", ToUnixSeconds(clock_.Now() + kLongestSignIn)}},
                                 kState);
  std::string query;
  Add(query, "response_type", "code");
  Add(query, "client_id", options_.client_id);
  Add(query, "redirect_uri", options_.redirect_url);
  Add(query, "scope", options_.scopes);
  Add(query, "state", state);
  Add(query, "nonce", nonce);
  Add(query, "code_challenge", Digest(verifier));
  Add(query, "code_challenge_method", "S256");
  const bool has_query = discovery.authorization_endpoint.find('?') != std::string::npos;
  start.url = discovery.authorization_endpoint + (has_query ? "&" : "?") + query;
  return start;
}

Result<BrowserEnd> Provider::Finish(const BrowserReturn& returned) {
  BW_TRY(const json::Value state, Open(returned.state, kState));
  // Else somebody could make another's browser finish a sign-in that they began.
  if (returned.cookie.empty() ||
      !ConstantTimeEqual(Digest(returned.cookie), json::FindText(state, "cookie"))) {
    return BadState("another browser");
  }
  if (!returned.error.empty()) return Refused(returned.error.substr(0, 64));
  if (returned.code.empty() || returned.code.size() > kMaxCode) return BadState("no code");
  BW_TRY(const bool first,
         once_.First("oidc-state", returned.state, clock_.Now() + kLongestSignIn));
  if (!first) return BadState("replayed");
  std::string form;
  Add(form, "grant_type", "authorization_code");
  Add(form, "code", returned.code);
  Add(form, "redirect_uri", options_.redirect_url);
  Add(form, "code_verifier", json::FindText(state, "verifier"));
  BW_TRY(const std::string id_token, Exchange(std::move(form), options_.client_id, true));
  BrowserEnd end;
  BW_TRY(end.person, Identify(id_token, options_.client_id, json::FindText(state, "nonce")));
  end.port = static_cast<std::uint16_t>(Number(state, "port"));
  end.challenge = std::string(json::FindText(state, "challenge"));
  return end;
}

// The ID token that a form is exchanged for.
Result<std::string> Provider::Exchange(std::string form, const std::string& client_id,
                                       bool with_secret) {
  BW_TRY(const Discovery discovery, issuer_.Describe());
  if (discovery.token_endpoint.empty()) {
    return Unavailable("the identity provider has no token endpoint").Reason("provider_document");
  }
  net::ClientRequest request;
  request.method = "POST";
  request.url = discovery.token_endpoint;
  request.headers.Set("Content-Type", "application/x-www-form-urlencoded");
  if (with_secret && !options_.client_secret.empty()) {
    // RFC 6749 §2.3.1: both are form-encoded first.
    const std::string pair = PercentEncode(client_id) + ":" +
                             PercentEncode(options_.client_secret.Reveal());  // to prove who we are
    request.headers.Set("Authorization", "Basic " + Base64Encode(AsBytes(pair)));
  } else {
    Add(form, "client_id", client_id);
  }
  request.body = std::move(form);
  BW_TRY(const net::ClientResponse response, issuer_.Send(std::move(request)));
  BW_TRY(TokenAnswer answer, ParseTokenAnswer(response.status, response.body));
  if (answer.error.empty()) return std::move(answer.id_token);
  for (const std::string_view known :
       {"authorization_pending", "slow_down", "access_denied", "expired_token"}) {
    if (answer.error == known) {
      return Unauthenticated("the sign-in is not finished: " + answer.error)
          .Reason(std::string(known));
    }
  }
  return Refused(answer.error);
}

Result<Person> Provider::Identify(std::string_view id_token, const std::string& client_id,
                                  std::string_view nonce) {
  BW_TRY(const json::Object claims, issuer_.Verify(id_token, client_id));
  BW_TRY_STATUS(CheckIdToken(claims, client_id, nonce));
  return PersonOf(claims);
}

Result<DeviceStart> Provider::StartDevice() {
  BW_TRY(const Discovery discovery, issuer_.Describe());
  if (discovery.device_endpoint.empty()) {
    return Unsupported("this source offers no sign-in by device").Reason("no_device_sign_in");
  }
  net::ClientRequest request;
  request.method = "POST";
  request.url = discovery.device_endpoint;
  request.headers.Set("Content-Type", "application/x-www-form-urlencoded");
  Add(request.body, "client_id", DeviceClient());
  Add(request.body, "scope", options_.scopes);
  BW_TRY(const net::ClientResponse response, issuer_.Send(std::move(request)));
  DeviceStart start;
  BW_TRY(start.shown, ParseDeviceAnswer(response.status, response.body));
  start.handle = Seal({{"code", json::Text(start.shown.device_code)},
                       {"interval", start.shown.interval},
                       {"end", ToUnixSeconds(clock_.Now()) + start.shown.expires_in}},
                      kDevice);
  start.shown.device_code.clear();
  return start;
}

Result<Person> Provider::FinishDevice(std::string_view handle) {
  auto content = Open(handle, kDevice);
  if (!content.ok()) {
    return Unauthenticated("the device code is unknown or has expired").Reason("expired_token");
  }
  const std::chrono::seconds interval(std::max<std::int64_t>(Number(*content, "interval"), 1));
  if (!polls_.MayAsk(json::FindText(*content, "code"), interval)) {
    return Unauthenticated("the sign-in is asked for too often: wait longer between")
        .Reason("slow_down");
  }
  std::string form;
  Add(form, "grant_type", "urn:ietf:params:oauth:grant-type:device_code");
  Add(form, "device_code", json::FindText(*content, "code"));
  BW_TRY(const std::string id_token,
         Exchange(std::move(form), DeviceClient(), options_.device_client_id.empty()));
  return Identify(id_token, DeviceClient(), {});
}

}  // namespace breakwater::iam::oidc
