// Tokens of workloads (CI jobs, Kubernetes service accounts) that are exchanged for ours: no secret
// is stored anywhere (RFC 8693).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iam/oidc/issuer.h"

namespace breakwater::iam::oidc {

// An issuer of workloads' tokens, and for whom they must be made.
struct TrustedIssuer {
  std::string name;      // of the source
  std::string realm;     // what rules of trusted profiles call it
  std::string audience;  // what `aud` must name
  Issuer* issuer = nullptr;
};

struct Workload {
  const TrustedIssuer* by = nullptr;
  json::Object claims;
};

// Thread-safe; its issuers must outlive it.
class Workloads {
 public:
  explicit Workloads(std::vector<TrustedIssuer> trusted) : trusted_(std::move(trusted)) {}

  // Who a token is of. kUnauthenticated as crypto::VerifyJwt, "token_issuer" for one that nobody
  // trusted has issued; errors of Issuer.
  Result<Workload> Identify(std::string_view token) const;
  bool empty() const { return trusted_.empty(); }

 private:
  std::vector<TrustedIssuer> trusted_;
};

}  // namespace breakwater::iam::oidc
