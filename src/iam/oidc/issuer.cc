#include "iam/oidc/issuer.h"

#include "base/wait.h"
#include "crypto/jwt.h"
#include "observe/log.h"

namespace breakwater::iam::oidc {
namespace {

using std::chrono::seconds;

constexpr seconds kFresh{600};
constexpr seconds kLeastBetween{10};
constexpr seconds kFormerLife{300};

Error Unreachable(const Error& cause) {
  return Error(
             cause.code() == ErrorCode::kDeadline ? ErrorCode::kDeadline : ErrorCode::kUnavailable,
             "the identity provider does not answer")
      .Reason("provider_unavailable")
      .Log(cause.message() + (cause.log().empty() ? "" : ": " + cause.log()));
}

}  // namespace

Result<net::ClientResponse> Issuer::Send(net::ClientRequest request) const {
  request.timeout = options_.timeout;
  request.max_response_bytes = kMaxDocumentOctets;
  request.headers.Set("Accept", "application/json");
  auto response = fetch_(request);
  if (!response.ok()) {
    // A thread that must not wait asks again on another.
    if (response.error().reason() == "would_wait") return response.error();
    return Unreachable(response.error());
  }
  return response;
}

Result<std::string> Issuer::Read(const std::string& url) const {
  net::ClientRequest request;
  request.url = url;
  BW_TRY(net::ClientResponse response, Send(std::move(request)));
  if (response.status != 200) {
    return Unreachable(Unavailable(url + " answers " + std::to_string(response.status)));
  }
  return std::move(response.body);
}

Result<Issuer::Known> Issuer::FetchAll() const {
  Known known;
  std::string keys_url = options_.jwks_url;
  if (keys_url.empty()) {
    BW_TRY(const std::string text, Read(DiscoveryUrl(options_.issuer)));
    BW_TRY(known.discovery, ParseDiscovery(text, options_.issuer));
    keys_url = known.discovery->jwks_uri;
  }
  BW_TRY(const std::string text, Read(keys_url));
  const auto document = json::Parse(text, {.max_bytes = kMaxDocumentOctets, .max_depth = 16});
  if (!document.ok()) return Unreachable(document.error());
  auto keys = crypto::KeySet::FromJwks(*document);
  if (!keys.ok()) return Unreachable(keys.error());
  known.keys = std::make_shared<const crypto::KeySet>(*std::move(keys));
  known.fetched = clock_.Now();
  return known;
}

Result<Issuer::Known> Issuer::Get(seconds age) {
  const Timestamp now = clock_.Now();
  {
    MutexLock lock(mutex_);
    const auto fresh = [&] { return known_ && now < known_->fetched + age; };
    if (fresh()) return *known_;
    // Whoever has something to go by does not wait for another's question, unless it is for more.
    if (fetching_ && known_ && age > seconds::zero()) return *known_;
    const bool waited = fetching_;
    if (waited) BW_TRY_STATUS(BeforeWaiting());
    while (fetching_) fetched_.wait(mutex_);
    if (waited || (tried_ && now < *tried_ + kLeastBetween)) {
      if (known_) return *known_;
      if (failed_) return *failed_;
    }
    fetching_ = true;
  }
  auto fetched = FetchAll();
  const MutexLock lock(mutex_);
  fetching_ = false;
  fetched_.notify_all();
  if (!fetched.ok()) {
    if (fetched.error().reason() == "would_wait") return fetched.error();
    tried_ = now;
    failed_ = fetched.error();
    if (!known_) return fetched.error();
    observe::LogError(observe::Level::kWarning,
                      "an identity provider does not answer; its keys that are known go on",
                      fetched.error(), {{"issuer", options_.issuer}});
    return *known_;
  }
  tried_ = now;
  failed_.reset();
  if (known_) {
    fetched->former = known_->keys;
    fetched->former_until = now + kFormerLife;
  }
  known_ = *std::move(fetched);
  return *known_;
}

Result<Discovery> Issuer::Describe() {
  BW_TRY(const Known known, Get(kFresh));
  if (!known.discovery) {
    return Unavailable("the identity provider has no discovery document")
        .Reason("provider_document");
  }
  return *known.discovery;
}

Result<json::Object> Issuer::Verify(std::string_view token, const std::string& audience) {
  const auto verify = [&](const crypto::KeySet& keys) {
    crypto::VerifyOptions options;
    options.now = clock_.Now();
    options.issuer = options_.issuer;
    options.audience = audience;
    return crypto::VerifyJwt(token, keys, options);
  };
  const auto unknown_key = [](const Result<json::Object>& claims) {
    return !claims.ok() && claims.error().reason() == "token_key_unknown";
  };
  BW_TRY(Known known, Get(kFresh));
  auto claims = verify(*known.keys);
  if (!unknown_key(claims)) return claims;
  if (known.former != nullptr && clock_.Now() < known.former_until) {
    claims = verify(*known.former);
    if (!unknown_key(claims)) return claims;
  }
  BW_TRY(known, Get(seconds::zero()));
  return verify(*known.keys);
}

}  // namespace breakwater::iam::oidc
