// Signing in with an OpenID provider: by a browser (authorization code with PKCE, RFC 7636), or by
// a device without one (RFC 8628). Nothing is kept between the steps but what the caller carries,
// sealed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "iam/oidc/device_polls.h"
#include "iam/oidc/issuer.h"
#include "iam/sign_in/passcodes.h"
#include "iam/sign_in/source.h"

namespace breakwater::iam::oidc {

struct ProviderOptions {
  std::string name;  // of the source
  std::string client_id;
  Secret client_secret{};        // empty: a public client
  std::string device_client_id;  // empty: client_id
  std::string redirect_url;      // as the provider knows it; empty: no sign-in by browser
  std::string scopes = "openid profile email";
};

struct BrowserStart {
  std::string url;     // where to send the browser
  std::string cookie;  // to come back with
};

struct BrowserReturn {
  std::string code;
  std::string state;
  std::string error;   // of the provider, instead of a code
  std::string cookie;  // what the browser has
};

struct BrowserEnd {
  Person person;
  std::uint16_t port = 0;  // as given to Start
  std::string challenge;   // as given to Start
};

struct DeviceStart {
  std::string handle;  // to ask with how it went
  DeviceAnswer shown;
};

// Thread-safe. Errors: kUnauthenticated "sign_in_state" for what does not belong to a sign-in that
// began here in this browser within ten minutes, or was finished before; "sign_in_refused" if the
// provider refuses; those of Issuer.
class Provider {
 public:
  static constexpr std::chrono::minutes kLongestSignIn{10};

  // `key` seals (crypto::kSealingKeyOctets octets). What is referred to must outlive it.
  Provider(ProviderOptions options, Issuer& issuer, Secret key, Passcodes& once, const Clock& clock)
      : options_(std::move(options)),
        issuer_(issuer),
        key_(std::move(key)),
        once_(once),
        clock_(clock) {}

  const std::string& name() const { return options_.name; }

  // `port`: of a command line that waits on the loopback address, whose `challenge` (IsChallenge)
  // the passcode is for; 0: none.
  Result<BrowserStart> Start(std::uint16_t port, std::string_view challenge = {});
  Result<BrowserEnd> Finish(const BrowserReturn& returned);

  Result<DeviceStart> StartDevice();
  // kUnauthenticated "authorization_pending" or "slow_down" until they have decided, then
  // "access_denied" or "expired_token". Who asks more often than the provider allows is told to
  // slow down, and the provider is not asked.
  Result<Person> FinishDevice(std::string_view handle);

 private:
  std::string Seal(const json::Object& content, std::string_view purpose) const;
  Result<json::Value> Open(std::string_view text, std::string_view purpose) const;
  Result<std::string> Exchange(std::string form, const std::string& client_id, bool with_secret);
  Result<Person> Identify(std::string_view id_token, const std::string& client_id,
                          std::string_view nonce);
  const std::string& DeviceClient() const {
    return options_.device_client_id.empty() ? options_.client_id : options_.device_client_id;
  }

  const ProviderOptions options_;
  Issuer& issuer_;
  const Secret key_;
  Passcodes& once_;
  const Clock& clock_;
  DevicePolls polls_{clock_};
};

}  // namespace breakwater::iam::oidc
