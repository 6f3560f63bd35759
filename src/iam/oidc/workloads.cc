#include "iam/oidc/workloads.h"

namespace breakwater::iam::oidc {

Result<Workload> Workloads::Identify(std::string_view token) const {
  const auto claimed = ClaimedIssuer(token);
  if (!claimed) return Unauthenticated("malformed token").Reason("token_malformed");
  std::optional<Error> refusal;
  // Several may trust one issuer, each for tokens of another audience.
  for (const TrustedIssuer& one : trusted_) {
    if (one.issuer->issuer() != *claimed) continue;
    auto claims = one.issuer->Verify(token, one.audience);
    if (claims.ok()) return Workload{&one, *std::move(claims)};
    refusal = claims.error();
  }
  if (refusal) return *std::move(refusal);
  return Unauthenticated("the token's issuer is not trusted here").Reason("token_issuer");
}

}  // namespace breakwater::iam::oidc
