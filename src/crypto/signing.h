// RSA keys that sign and verify: RSASSA-PKCS1-v1_5 with SHA-256, "RS256" (RFC 7518 §3.3).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"
#include "json/json.h"

struct evp_pkey_st;

namespace breakwater::crypto {

// The public half. A value, cheap to copy; thread-safe.
class VerifyingKey {
 public:
  // A PEM "PUBLIC KEY" (SubjectPublicKeyInfo). kInvalid unless RSA of 2048 to 8192 bits with an
  // odd exponent of at least 65537.
  static Result<VerifyingKey> FromPem(std::string_view pem);
  // A JWK of type RSA (RFC 7517). `kid` is the document's where it has one, else the thumbprint.
  // A "use" other than "sig" or an "alg" other than "RS256" is refused.
  static Result<VerifyingKey> FromJwk(const json::Value& jwk);

  // The name of the key: the JWK thumbprint (RFC 7638), if nobody gave another.
  const std::string& kid() const;
  // The one algorithm this key may be used with.
  std::string_view algorithm() const { return "RS256"; }
  bool Verify(ByteView message, ByteView signature) const;
  std::string ToPem() const;
  json::Value ToJwk() const;

 private:
  friend class SigningKey;
  struct State;
  explicit VerifyingKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;  // never changes
};

// A key pair. A value, cheap to copy; thread-safe.
class SigningKey {
 public:
  static constexpr int kBits = 2048;

  // A fresh pair of kBits. Takes about 0.1 s of processor time.
  static SigningKey Generate();
  // A PEM "PRIVATE KEY" (PKCS#8, RFC 5958), unencrypted. Same bounds as VerifyingKey::FromPem.
  static Result<SigningKey> FromPem(const Secret& pem);

  const std::string& kid() const { return public_key_.kid(); }
  std::string_view algorithm() const { return public_key_.algorithm(); }
  const VerifyingKey& public_key() const { return public_key_; }
  Bytes Sign(ByteView message) const;
  Secret ToPem() const;

 private:
  struct State;
  SigningKey(std::shared_ptr<const State> state, VerifyingKey public_key)
      : state_(std::move(state)), public_key_(std::move(public_key)) {}
  static SigningKey FromPkey(evp_pkey_st* pkey);

  std::shared_ptr<const State> state_;  // never changes
  VerifyingKey public_key_;
};

}  // namespace breakwater::crypto
