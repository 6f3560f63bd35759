// A provider that answers from memory, for tests.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>

#include "base/testing.h"
#include "crypto/jwt.h"
#include "iam/oidc/issuer.h"

namespace breakwater::iam::oidc::testing {

// Making a key takes 0.1 s: these serve all tests of a program.
inline const crypto::SigningKey& FirstKey() {
  static const crypto::SigningKey key = crypto::SigningKey::Generate();
  return key;
}
inline const crypto::SigningKey& SecondKey() {
  static const crypto::SigningKey key = crypto::SigningKey::Generate();
  return key;
}

class FakeProvider {
 public:
  static constexpr const char* kIssuer = "https://idp.example";

  FakeProvider() { Show(FirstKey()); }

  void Show(const crypto::SigningKey& key) {
    crypto::KeySet keys;
    BW_CHECK(keys.Add(key.public_key()).ok());
    jwks = json::Serialize(keys.ToJwks());
  }
  Result<net::ClientResponse> Send(const net::ClientRequest& request) {
    ++requests;
    if (on_request) on_request();
    if (silent) return DeadlineExceeded("no answer").Reason("timeout");
    net::ClientResponse response;
    response.status = 200;
    if (request.url.ends_with("/.well-known/openid-configuration")) {
      response.body = std::string(R"({"issuer":")") + kIssuer +
                      R"(","authorization_endpoint":"https://idp.example/authorize",)" +
                      R"("token_endpoint":"https://idp.example/token",)" +
                      R"("device_authorization_endpoint":"https://idp.example/device",)" +
                      R"("jwks_uri":"https://idp.example/keys"})";
    } else if (request.url == "https://idp.example/keys") {
      ++key_requests;
      response.body = jwks;
    } else if (request.url == "https://idp.example/device") {
      response.body =
          R"({"device_code":"device code of corp","user_code":"ABCD","verification_uri":"https://idp.example/d",)"
          R"("expires_in":120})";
    } else {
      last_form = request.body;
      last_authorization = std::string(request.headers.Get("Authorization").value_or(""));
      response.status = token_status;
      response.body = token_answer;
    }
    return response;
  }
  Fetch AsFetch() {
    return [this](const net::ClientRequest& request) { return Send(request); };
  }

  // Claims of a token for "us", good for five minutes from the clock's start.
  json::Object Claims(Timestamp now) const {
    return {{"iss", kIssuer},
            {"sub", "alice"},
            {"aud", "us"},
            {"iat", ToUnixSeconds(now)},
            {"exp", ToUnixSeconds(now) + 300}};
  }

  std::atomic<int> requests{0};
  std::atomic<int> key_requests{0};
  std::function<void()> on_request;
  bool silent = false;
  std::string jwks;
  int token_status = 200;
  std::string token_answer;
  std::string last_form;
  std::string last_authorization;
};

}  // namespace breakwater::iam::oidc::testing
