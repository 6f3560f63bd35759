#include "iam/tokens.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/jwt.h"
#include "json/reader.h"

namespace breakwater::iam {
namespace {

using json::Text;

constexpr std::string_view kAccessType = "JWT";
constexpr std::string_view kRefreshType = "refresh+jwt";
constexpr std::string_view kRegistryType = "registry+jwt";
// Clients of the data plane need a minute at least (distribution's token specification).
constexpr std::chrono::seconds kShortestLife{60};
constexpr std::size_t kMaxActions = 16;

// "ServiceId", "Profile"; users have none.
std::string_view SubjectType(const Identity& identity) {
  if (identity.kind == control::IdentityKind::kServiceId) return "ServiceId";
  return identity.kind == control::IdentityKind::kProfile ? "Profile" : "";
}

// "ServiceId-…" of "iam-ServiceId-…"; the number of "IBMid-…".
std::string IdentifierOf(const Identity& identity) {
  const std::string& iam_id = identity.iam_id.value();
  return iam_id.substr(iam_id.find('-') + 1);
}

json::Object AccountClaim(const AccountId& account) {
  return {{"valid", true}, {"bss", Text(account.value())}, {"frozen", false}};
}

// Who acts as a trusted profile.
json::Object AuthnClaim(const IdentityAccess& by) {
  const std::string_view type = SubjectType(by.identity);
  json::Object claim{{"sub", Text(type.empty() ? by.email : IdentifierOf(by.identity))},
                     {"iam_id", Text(by.identity.iam_id.value())},
                     {"name", Text(by.identity.name)},
                     {"account", AccountClaim(by.identity.account)}};
  if (!type.empty()) claim["sub_type"] = Text(type);
  return claim;
}

json::Object AccessClaims(const Login& login, std::string_view grant_type,
                          std::string_view client_id) {
  const Identity& identity = login.who->identity;
  const std::string_view type = SubjectType(identity);
  json::Object claims{{"iam_id", Text(identity.iam_id.value())},
                      {"id", Text(identity.iam_id.value())},
                      {"realmid", Text(type.empty() ? "IBMid" : "iam")},
                      {"identifier", Text(IdentifierOf(identity))},
                      {"name", Text(identity.name)}};
  if (login.by != nullptr) claims["authn"] = AuthnClaim(*login.by);
  if (!type.empty()) {
    claims["sub"] = Text(IdentifierOf(identity));
    claims["sub_type"] = Text(type);
  } else {
    claims["given_name"] = Text(login.who->first_name);
    claims["family_name"] = Text(login.who->last_name);
    claims["email"] = Text(login.who->email);
    claims["sub"] = Text(login.who->email);
  }
  claims["account"] = AccountClaim(identity.account);
  claims["grant_type"] = Text(grant_type);
  claims["scope"] = "ibm openid";
  claims["client_id"] = Text(client_id);
  claims["acr"] = 1;
  claims["amr"] = json::Array{"pwd"};
  claims["credential_id"] = Text(login.credential_id);
  if (login.session != nullptr) claims["session_id"] = Text(login.session->id);
  return claims;
}

json::Array AccessClaim(const std::vector<Scope>& granted) {
  json::Array access;
  for (const Scope& scope : granted) {
    json::Array actions;
    for (const std::string& action : scope.actions) actions.push_back(Text(action));
    access.push_back(
        {{"type", Text(scope.type)}, {"name", Text(scope.name)}, {"actions", std::move(actions)}});
  }
  return access;
}

// A token does not outlive what it was given for.
Timestamp EndOf(const Login& login, Timestamp now, std::chrono::seconds life) {
  const Timestamp end = now + life;
  return login.expires ? std::min(end, *login.expires) : end;
}

std::vector<control::Grant> ReadGrants(const json::Reader& access) {
  std::vector<control::Grant> grants;
  for (const json::Reader& item : access.Items(kMaxScopes)) {
    const std::string type = item.Field("type").String();
    std::string name = item.Field("name").String();
    std::vector<std::string> actions = item.Field("actions").Strings(kMaxActions);
    // A repository must not spell the name that stands for the catalogue.
    if (type == "repository" && name.starts_with("registry:")) continue;
    if (type == "registry") name = "registry:" + name;
    grants.push_back({.repository = std::move(name), .actions = std::move(actions)});
  }
  return grants;
}

Result<TokenClaims> ReadClaims(const json::Object& claims, std::string_view subject_claim) {
  const json::Value document(claims);
  const json::Reader reader(document);
  TokenClaims read;
  read.iam_id = IamId(reader.Field(subject_claim).String());
  if (const auto account = reader.Optional("account")) {
    read.account = AccountId(account->Field("bss").String());
  }
  read.credential_id = reader.String("credential_id", "");
  read.generation = reader.Int("generation", 0);
  if (const auto authn = reader.Optional("authn")) {
    read.by = IamId(authn->Field("iam_id").String());
    read.by_account = AccountId(authn->Field("account").Field("bss").String());
  }
  if (const auto access = reader.Optional("access")) read.grants = ReadGrants(*access);
  read.expires = crypto::ExpiryOf(claims);
  if (const Status whole = reader.Finish(); !whole.ok()) {
    return Unauthenticated("token malformed")
        .Reason("token_malformed")
        .Log(whole.error().message());
  }
  return read;
}

}  // namespace

control::Actor ToActor(const Login& login) {
  const Identity& identity = login.who->identity;
  return {.kind = identity.kind,
          .account = identity.account,
          .iam_id = identity.iam_id,
          // Whoever reads what was done should see who did it.
          .name = login.by == nullptr
                      ? identity.name
                      : identity.name + " (" + login.by->identity.iam_id.value() + ")",
          .credential = login.credential,
          .credential_id = login.credential_id,
          .grants = std::nullopt};
}

Tokens::Tokens(TokenOptions options, SigningKeys keys, const Clock& clock)
    : options_(std::move(options)), keys_(std::move(keys)), clock_(clock) {
  BW_CHECK(!options_.issuer.empty());
}

Result<IssuedToken> Tokens::Sign(json::Object claims, Timestamp expires,
                                 std::string_view type) const {
  const Timestamp now = clock_.Now();
  claims["iss"] = Text(options_.issuer);
  claims["iat"] = ToUnixSeconds(now);
  claims["exp"] = ToUnixSeconds(expires);
  claims["jti"] = Text(NewUuid());
  BW_TRY(auto token, crypto::SignJwt(keys_.current(), claims, type));
  return IssuedToken{.token = std::move(token), .issued = now, .expires = expires};
}

Result<json::Object> Tokens::Verify(std::string_view token, std::string_view type) const {
  crypto::VerifyOptions options;
  options.now = clock_.Now();
  options.issuer = options_.issuer;
  options.type = std::string(type);
  auto claims = crypto::VerifyJwt(token, *keys_.verifying(), options);
  if (claims.ok() || claims.error().reason() != "token_key_unknown") return claims;
  return crypto::VerifyJwt(token, *keys_.verifying_now(), options);
}

std::chrono::seconds Tokens::AccessLife(const Login& login) const {
  const auto& settings = login.who->settings;
  return settings == nullptr ? options_.access_life
                             : settings->access_token_life.value_or(options_.access_life);
}

std::chrono::seconds Tokens::RefreshLife(const Login& login) const {
  const auto& settings = login.who->settings;
  return settings == nullptr ? options_.refresh_life
                             : settings->refresh_token_life.value_or(options_.refresh_life);
}

Result<IssuedToken> Tokens::IssueAccess(const Login& login, std::string_view grant_type,
                                        std::string_view client_id) const {
  return Sign(AccessClaims(login, grant_type, client_id),
              EndOf(login, clock_.Now(), AccessLife(login)), kAccessType);
}

Result<IssuedToken> Tokens::IssueRefresh(const Login& login, std::string_view client_id) const {
  BW_CHECK(login.by == nullptr);
  const Identity& identity = login.who->identity;
  json::Object claims{{"iam_id", Text(identity.iam_id.value())},
                      {"account", AccountClaim(identity.account)},
                      {"client_id", Text(client_id)},
                      {"credential_id", Text(login.credential_id)}};
  if (login.session != nullptr) claims["generation"] = login.session->refresh_generation;
  return Sign(std::move(claims), EndOf(login, clock_.Now(), RefreshLife(login)), kRefreshType);
}

Result<IssuedToken> Tokens::IssueRegistry(const Login* login, std::string_view service,
                                          const std::vector<Scope>& granted) const {
  const Timestamp now = clock_.Now();
  json::Object claims{{"sub", ""},
                      {"aud", Text(service)},
                      {"nbf", ToUnixSeconds(now)},
                      {"access", AccessClaim(granted)}};
  Timestamp expires = now + options_.registry_life;
  if (login != nullptr) {
    claims["sub"] = Text(login->who->identity.iam_id.value());
    if (login->by != nullptr) claims["authn"] = AuthnClaim(*login->by);
    claims["account"] = AccountClaim(login->who->identity.account);
    claims["credential_id"] = Text(login->credential_id);
    expires = std::max(EndOf(*login, now, options_.registry_life), now + kShortestLife);
  }
  return Sign(std::move(claims), expires, kRegistryType);
}

Result<TokenClaims> Tokens::VerifyAccess(std::string_view token) const {
  BW_TRY(const json::Object claims, Verify(token, kAccessType));
  return ReadClaims(claims, "iam_id");
}

Result<TokenClaims> Tokens::VerifyRefresh(std::string_view token) const {
  BW_TRY(const json::Object claims, Verify(token, kRefreshType));
  return ReadClaims(claims, "iam_id");
}

Result<TokenClaims> Tokens::VerifyRegistry(std::string_view token) const {
  BW_TRY(const json::Object claims, Verify(token, kRegistryType));
  BW_TRY(TokenClaims read, ReadClaims(claims, "sub"));
  read.audience = RegistryName(std::string(json::FindText(json::Value(claims), "aud")));
  return read;
}

}  // namespace breakwater::iam
