// One issuer of tokens that are trusted here: where it is, and the keys it signs with.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "crypto/key_set.h"
#include "iam/oidc/documents.h"
#include "net/http_client.h"

namespace breakwater::iam::oidc {

// net::HttpClient::Send, or a test's.
using Fetch = std::function<Result<net::ClientResponse>(const net::ClientRequest&)>;

struct IssuerOptions {
  std::string issuer;                       // `iss` of its tokens, exactly
  std::string jwks_url;                     // empty: what its discovery document says
  std::chrono::milliseconds timeout{5000};  // of one request
};

// Thread-safe. Documents are fetched when they are needed, one at a time, and kept for ten minutes.
// A token of an unknown key is a reason to look again, but not more often than every ten seconds,
// whatever comes in. Keys that are no longer shown count five minutes more, so that several servers
// of one provider need not change theirs at once. While the provider does not answer, what is known
// stays.
class Issuer {
 public:
  Issuer(IssuerOptions options, Fetch fetch, const Clock& clock)
      : options_(std::move(options)), fetch_(std::move(fetch)), clock_(clock) {}

  const std::string& issuer() const { return options_.issuer; }
  // kUnavailable, kDeadline or kDenied as the HTTP client; kUnavailable "provider_document".
  Result<Discovery> Describe() BW_EXCLUDES(mutex_);
  // Its claims, if it is one of this issuer's for `audience`. kUnauthenticated as
  // crypto::VerifyJwt; errors of Describe while no key is known.
  Result<json::Object> Verify(std::string_view token, const std::string& audience)
      BW_EXCLUDES(mutex_);
  // A request to one of its endpoints, within the time that one may take.
  Result<net::ClientResponse> Send(net::ClientRequest request) const;

 private:
  using Keys = std::shared_ptr<const crypto::KeySet>;
  struct Known {
    std::optional<Discovery> discovery;
    Keys keys;
    Timestamp fetched;
    Keys former;
    Timestamp former_until;
  };

  Result<Known> Get(std::chrono::seconds age) BW_EXCLUDES(mutex_);
  Result<Known> FetchAll() const;
  Result<std::string> Read(const std::string& url) const;

  const IssuerOptions options_;
  const Fetch fetch_;
  const Clock& clock_;
  Mutex mutex_;
  ConditionVariable fetched_;
  bool fetching_ BW_GUARDED_BY(mutex_) = false;
  std::optional<Known> known_ BW_GUARDED_BY(mutex_);
  std::optional<Timestamp> tried_ BW_GUARDED_BY(mutex_);
  std::optional<Error> failed_ BW_GUARDED_BY(mutex_);  // why the last try did
};

}  // namespace breakwater::iam::oidc
