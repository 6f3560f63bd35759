// The three tokens this installation signs (RS256), told apart by the header's typ (RFC 8725
// §3.11):
//   IAM access token    "JWT"           the reference system's claims; for every face
//   refresh token       "refresh+jwt"   becomes an access or a registry token again
//   registry token      "registry+jwt"  distribution's claims: what one client may do with some
//                                       repositories; for the data plane alone
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "control/caller.h"
#include "iam/access_cache.h"
#include "iam/oauth_scope.h"
#include "iam/sessions.h"
#include "iam/signing_keys.h"

namespace breakwater::iam {

struct TokenOptions {
  // `iss` of every token, e.g. "https://us.icr.example/identity". Must not be empty.
  std::string issuer;
  std::chrono::seconds access_life{3600};
  std::chrono::seconds registry_life{900};
  std::chrono::seconds refresh_life{std::chrono::hours{24 * 30}};
};

// Somebody who has proved who they are, and by what.
struct Login {
  std::shared_ptr<const IdentityAccess> who;  // never null
  std::string credential;                     // "apikey", "token", "refresh-token"
  // The API key or the session it rests on: a token dies with it.
  std::string credential_id;
  std::optional<Timestamp> expires;
  std::shared_ptr<const Session> session = nullptr;  // null for an API key
  // Who acts as `who`, a trusted profile; null where they act for themselves. The credential is
  // theirs.
  std::shared_ptr<const IdentityAccess> by = nullptr;
};

control::Actor ToActor(const Login& login);

struct IssuedToken {
  std::string token;
  Timestamp issued;
  Timestamp expires;
};

// What a good token says. Whether its identity and what it rests on still stand is for others to
// check.
struct TokenClaims {
  AccountId account;  // empty for a registry token of nobody
  IamId iam_id;
  std::string credential_id;
  // Of a refresh token of a session: which one of it. 0 of others.
  std::int64_t generation = 0;
  // Who acts as a trusted profile, and whose the credential is; empty for those who act as
  // themselves.
  AccountId by_account{};
  IamId by{};
  Timestamp expires;
  std::optional<std::vector<control::Grant>> grants;  // of registry tokens
  RegistryName audience{};                            // of registry tokens
};

// Immutable; thread-safe.
class Tokens {
 public:
  Tokens(TokenOptions options, SigningKeys keys, const Clock& clock);

  // `grant_type` and `client_id` are claims ("urn:ibm:params:oauth:grant-type:apikey", "default").
  Result<IssuedToken> IssueAccess(const Login& login, std::string_view grant_type,
                                  std::string_view client_id) const;
  // Of an API key, good until it ends; of a session, until it is used. Not for who acts as a
  // trusted profile: they ask again.
  Result<IssuedToken> IssueRefresh(const Login& login, std::string_view client_id) const;
  // `login` is null for nobody; `service` becomes `aud`. Scopes without actions are kept: they say
  // "asked for, and refused".
  Result<IssuedToken> IssueRegistry(const Login* login, std::string_view service,
                                    const std::vector<Scope>& granted) const;

  // kUnauthenticated with one of the reasons of crypto::VerifyJwt.
  Result<TokenClaims> VerifyAccess(std::string_view token) const;
  Result<TokenClaims> VerifyRefresh(std::string_view token) const;
  Result<TokenClaims> VerifyRegistry(std::string_view token) const;

  json::Value Jwks() const { return keys_.verifying()->ToJwks(); }
  const TokenOptions& options() const { return options_; }
  Timestamp now() const { return clock_.Now(); }

 private:
  // As the account has it, else as the installation has it.
  std::chrono::seconds AccessLife(const Login& login) const;
  std::chrono::seconds RefreshLife(const Login& login) const;
  Result<IssuedToken> Sign(json::Object claims, Timestamp expires, std::string_view type) const;
  Result<json::Object> Verify(std::string_view token, std::string_view type) const;

  const TokenOptions options_;
  const SigningKeys keys_;
  const Clock& clock_;
};

}  // namespace breakwater::iam
