#include "iam/credentials.h"

#include <algorithm>

#include "base/strings.h"
#include "crypto/hash.h"
#include "iam/address_guard.h"
#include "iam/changes.h"
#include "iam/store.h"
#include "observe/log.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kRefreshToken = "refresh-token";
// How long a proof that has no end of its own is remembered.
constexpr std::chrono::minutes kLongestMemory{60};

Error Malformed() {
  return Unauthenticated("the Authorization header is malformed").Reason("credential_malformed");
}

Error KeyUnknown() {
  return Unauthenticated("Provided API key could not be found.").Reason("api_key_unknown");
}

Status CheckKey(const std::optional<ApiKey>& key, Timestamp now) {
  if (!key) return KeyUnknown();
  if (key->disabled) {
    return Unauthenticated("Provided API key is disabled.").Reason("api_key_disabled");
  }
  if (key->expires && *key->expires <= now) {
    return Unauthenticated("Provided API key is expired.").Reason("api_key_expired");
  }
  return Ok();
}

constexpr std::string_view kIamPrefix = "iam-";
constexpr std::string_view kProfilePrefix = "iam-Profile-";

Error NotTrusted() {
  return Invalid("there is no such trusted profile, or it does not trust this identity")
      .Reason("profile_not_trusted");
}

Result<std::optional<Profile>> FindProfile(db::Transaction& tx, const ProfileName& profile) {
  if (!profile.id.empty()) return store::FindProfile(tx, profile.id);
  if (profile.crn.empty()) return store::FindProfileByName(tx, profile.account, profile.name);
  const auto crn = Crn::Parse(profile.crn);
  if (!crn.ok() || crn->type != "profile") return std::optional<Profile>{};
  BW_TRY(auto found, store::FindProfile(tx, crn->resource));
  if (found && found->account != crn->account) found.reset();
  return found;
}

// The rest of the header if it is of this scheme; schemes compare without case (RFC 9110 §11.1).
std::optional<std::string_view> AfterScheme(std::string_view header, std::string_view scheme) {
  if (header.size() <= scheme.size() || header[scheme.size()] != ' ' ||
      !EqualsIgnoreCase(header.substr(0, scheme.size()), scheme)) {
    return std::nullopt;
  }
  return Trim(header.substr(scheme.size() + 1));
}

}  // namespace

Result<std::optional<BasicCredentials>> ParseBasic(std::string_view authorization) {
  const auto encoded = AfterScheme(authorization, "Basic");
  if (!encoded) return std::optional<BasicCredentials>{};
  const auto decoded = Base64Decode(*encoded);
  if (!decoded.ok()) return Malformed();
  const std::string_view text = AsText(*decoded);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return Malformed();
  return std::optional<BasicCredentials>(
      {std::string(text.substr(0, colon)), Secret(std::string(text.substr(colon + 1)))});
}

Result<Presented> ParseAuthorization(std::string_view authorization) {
  if (const auto token = AfterScheme(authorization, "Bearer")) {
    return Presented{.basic = std::nullopt, .token = *token};
  }
  BW_TRY(auto basic, ParseBasic(authorization));
  if (basic) return Presented{.basic = std::move(basic), .token = {}};
  if (authorization.find(' ') != std::string_view::npos) {
    return Unauthenticated("the Authorization header must be Bearer or Basic")
        .Reason("login_method_unsupported");
  }
  return Presented{.basic = std::nullopt, .token = authorization};
}

Result<Login> Credentials::WithApiKey(const Secret& api_key, const control::Origin& origin) {
  if (api_key.empty()) return KeyUnknown();
  const Bytes hash = hasher_.Hash(api_key);
  Status good = Ok();
  BW_TRY(Login login, database_.ReadValue([&](db::Transaction& tx) -> Result<Login> {
    BW_TRY(const auto key, store::FindApiKeyByHash(tx, hash));
    if (!key) return KeyUnknown();
    BW_TRY(auto who, cache_.Get(tx, key->account, key->iam_id));
    good = CheckKey(key, clock_.Now());
    if (good.ok()) good = CheckNotSuspended(*who);
    return Login{.who = std::move(who),
                 .credential = "apikey",
                 .credential_id = key->id,
                 .expires = key->expires};
  }));
  if (!good.ok()) {
    RecordRefusal(login, origin, good.error());
    return std::move(good).error();
  }
  if (activity_ != nullptr) {
    activity_->Note(login.credential_id);
    if (login.who->identity.kind == control::IdentityKind::kServiceId) {
      activity_->Note(login.who->identity.iam_id.value().substr(kIamPrefix.size()));
    }
  }
  return login;
}

void Credentials::RecordRefusal(const Login& login, const control::Origin& origin,
                                const Error& error) {
  if (changes_ == nullptr) return;
  {
    const Timestamp now = clock_.Now();
    const MutexLock lock(mutex_);
    const auto known = refused_.find(login.credential_id);
    if (known != refused_.end() && now - known->second < kRefusalsApart) return;
    if (refused_.size() >= capacity_) refused_.clear();
    refused_[login.credential_id] = now;
  }
  const control::Actor actor = ToActor(login);
  changes_->RecordRefusal({.actor = actor, .origin = origin}, SignInAction(actor.kind),
                          IamResource(actor.account, "iam-identity", "login", actor.iam_id.value()),
                          error);
}

Result<Login> Credentials::LoginOf(db::Transaction& tx, const Session& session,
                                   std::string credential) {
  BW_TRY(auto who, cache_.Get(tx, session.account, session.iam_id));
  BW_TRY_STATUS(CheckNotSuspended(*who));
  return Login{.who = std::move(who),
               .credential = std::move(credential),
               .credential_id = session.id,
               .expires = session.expires,
               .session = std::make_shared<const Session>(session)};
}

Result<Login> Credentials::WithSession(const Session& session, std::string credential) {
  return database_.ReadValue(
      [&](db::Transaction& tx) { return LoginOf(tx, session, std::move(credential)); });
}

Status Credentials::CheckRefresh(const TokenClaims& claims, const control::Origin& origin) {
  if (watch_ == nullptr) return Ok();
  BW_TRY(const auto session, database_.ReadValue([&](db::Transaction& tx) {
    return store::FindSession(tx, claims.credential_id);
  }));
  // Whatever else is wrong with it is found where it is resolved.
  const bool theirs = CheckSession(session, clock_.Now()).ok() &&
                      session->iam_id == claims.iam_id && session->account == claims.account;
  if (!theirs) return Ok();
  if (claims.generation != session->refresh_generation) return watch_->OnReplay(origin, *session);
  return watch_->BeforeRefresh(origin, *session);
}

Result<Login> Credentials::ResolveSession(const TokenClaims& claims, std::string_view credential,
                                          const control::Origin& origin) {
  if (credential == kRefreshToken) BW_TRY_STATUS(CheckRefresh(claims, origin));
  const Timestamp now = clock_.Now();
  BW_TRY(Login login, database_.ReadValue([&](db::Transaction& tx) -> Result<Login> {
    BW_TRY(const auto session, store::FindSession(tx, claims.credential_id));
    BW_TRY_STATUS(CheckSession(session, now));
    if (session->iam_id != claims.iam_id || session->account != claims.account) {
      return CheckSession(std::nullopt, now).error();
    }
    if (claims.generation != 0 && claims.generation != session->refresh_generation) {
      return Unauthenticated("this refresh token was used before").Reason("refresh_token_used");
    }
    return LoginOf(tx, *session, std::string(credential));
  }));
  Touch(*login.session, now);
  login.expires = std::min(*login.expires, claims.expires);
  return login;
}

void Credentials::Touch(const Session& session, Timestamp now) {
  if (session.last_used + UseGrain(session) > now) return;
  const Status written =
      database_.Write([&](db::Transaction& tx) { return store::TouchSession(tx, session.id, now); },
                      db::Isolation::kStatement);
  // Then it may end as idle, which is no reason to refuse it now.
  if (!written.ok()) {
    observe::LogError(observe::Level::kWarning, "a session's use was not written down",
                      written.error());
  }
}

Result<Login> Credentials::Resolve(const TokenClaims& claims, std::string_view credential,
                                   const control::Origin& origin) {
  if (claims.by.empty()) return ResolveOwn(claims, credential, origin);
  // First whether they still are who they were, then whether the profile still trusts them.
  TokenClaims own = claims;
  own.account = claims.by_account;
  own.iam_id = claims.by;
  BW_TRY(const Login base, ResolveOwn(own, credential, origin));
  const std::string_view id(claims.iam_id.value());
  if (!id.starts_with(kProfilePrefix)) return NotTrusted();
  auto login = Assume(base, {.id = std::string(id.substr(kIamPrefix.size()))});
  if (!login.ok() && login.error().code() == ErrorCode::kInvalid) {
    return Unauthenticated("the trusted profile no longer trusts who acts as it")
        .Reason("profile_not_trusted");
  }
  return login;
}

Result<Login> Credentials::Assume(const Login& base, const ProfileName& profile) {
  // A profile that acted as another could not be told from who stands behind it.
  if (base.by != nullptr || base.who->identity.kind == control::IdentityKind::kProfile) {
    return Invalid("a trusted profile cannot act as another").Reason("profile_not_trusted");
  }
  return database_.ReadValue([&](db::Transaction& tx) -> Result<Login> {
    BW_TRY(const auto found, FindProfile(tx, profile));
    if (!found) return NotTrusted();
    BW_TRY(const Trust trust, store::ReadTrust(tx, found->id));
    Assumer assumer;
    assumer.account = base.who->identity.account;
    assumer.iam_id = base.who->identity.iam_id;
    if (!MayAssume(trust, found->account, assumer)) return NotTrusted();
    Login login = base;
    login.by = base.who;
    BW_TRY(login.who, cache_.Get(tx, found->account, found->iam_id));
    return login;
  });
}

Result<Login> Credentials::ResolveOwn(const TokenClaims& claims, std::string_view credential,
                                      const control::Origin& origin) {
  if (IsSessionId(claims.credential_id)) return ResolveSession(claims, credential, origin);
  return database_.ReadValue([&](db::Transaction& tx) -> Result<Login> {
    BW_TRY(const auto key, store::FindApiKey(tx, claims.credential_id));
    BW_TRY_STATUS(CheckKey(key, clock_.Now()));
    if (key->iam_id != claims.iam_id || key->account != claims.account) return KeyUnknown();
    BW_TRY(auto who, cache_.Get(tx, claims.account, claims.iam_id));
    BW_TRY_STATUS(CheckNotSuspended(*who));
    Timestamp expires = claims.expires;
    if (key->expires) expires = std::min(expires, *key->expires);
    return Login{.who = std::move(who),
                 .credential = std::string(credential),
                 .credential_id = claims.credential_id,
                 .expires = expires};
  });
}

Result<Login> Credentials::WithAccessToken(std::string_view token) {
  BW_TRY(const TokenClaims claims, tokens_.VerifyAccess(token));
  return Resolve(claims, "token");
}

Result<Login> Credentials::WithRefreshToken(std::string_view token, const control::Origin& origin) {
  BW_TRY(const TokenClaims claims, tokens_.VerifyRefresh(token));
  return Resolve(claims, kRefreshToken, origin);
}

Result<Login> Credentials::WithBasic(const BasicCredentials& basic, const control::Origin& origin) {
  if (basic.user == "iamapikey") return WithApiKey(basic.password, origin);
  // The password is the token itself.
  if (basic.user == "iambearer") return WithAccessToken(basic.password.Reveal());
  if (basic.user == "iamrefresh") return WithRefreshToken(basic.password.Reveal(), origin);
  if (basic.user.starts_with("Profile-")) {
    auto base = WithApiKey(basic.password, origin);
    if (!base.ok() && base.error().code() != ErrorCode::kUnauthenticated) return base;
    // One answer to every wrong combination, as the reference gives it.
    const bool service = base.ok() && base->who->identity.kind == control::IdentityKind::kServiceId;
    return service ? Assume(*base, {.id = basic.user}) : Result<Login>(NotTrusted());
  }
  return Unauthenticated(
             "this method of authentication is not supported: the user name must be iamapikey, "
             "iambearer, iamrefresh or the id of a trusted profile")
      .Reason("login_method_unsupported");
}

Credentials::Entry Credentials::EntryOf(const Login& login) const {
  Timestamp latest = clock_.Now() + kLongestMemory;
  if (login.session != nullptr) latest = clock_.Now() + UseGrain(*login.session);
  // Its use makes it worthless, which the account's version does not tell.
  if (login.session != nullptr && login.credential == kRefreshToken) latest = clock_.Now();
  // Of two accounts, the version of one alone is looked at.
  if (login.by != nullptr && login.by->identity.account != login.who->identity.account) {
    latest = clock_.Now();
  }
  return {.actor = ToActor(login),
          .expires = login.expires ? std::min(latest, *login.expires) : latest,
          .version = login.who->version};
}

Result<Credentials::Entry> Credentials::ProveRegistryToken(std::string_view token) {
  BW_TRY(TokenClaims claims, tokens_.VerifyRegistry(token));
  Entry entry;
  if (claims.iam_id.empty()) {
    entry.expires = claims.expires;
  } else {
    BW_TRY(const Login login, Resolve(claims, "registry-token"));
    entry = EntryOf(login);
  }
  entry.actor.credential = "registry-token";
  entry.actor.grants = std::move(claims.grants);
  entry.actor.audience = claims.audience;
  if (!entry.actor.grants) entry.actor.grants.emplace();
  return entry;
}

Result<Credentials::Entry> Credentials::ProveToken(std::string_view token, bool registry_tokens) {
  if (registry_tokens) {
    auto entry = ProveRegistryToken(token);
    // Another type of token says malformed, before its signature is looked at.
    if (entry.ok() || entry.error().reason() != "token_malformed") return entry;
  }
  BW_TRY(const Login login, WithAccessToken(token));
  return EntryOf(login);
}

Result<Credentials::Entry> Credentials::Prove(std::string_view authorization, bool registry_tokens,
                                              const control::Origin& origin) {
  BW_TRY(const Presented presented, ParseAuthorization(authorization));
  if (!presented.basic) return ProveToken(presented.token, registry_tokens);
  if (presented.basic->user.empty() && presented.basic->password.empty()) return Entry{};
  BW_TRY(const Login login, WithBasic(*presented.basic, origin));
  return EntryOf(login);
}

Result<control::Actor> Credentials::Authenticate(std::string_view authorization,
                                                 bool registry_tokens,
                                                 const control::Origin& origin) {
  authorization = Trim(authorization);
  if (authorization.empty()) return control::Actor{};
  if (authorization.size() > kMaxAuthorizationOctets) return Malformed();
  std::string key = registry_tokens ? "r:" : "c:";
  key += AsText(crypto::Sha256(AsBytes(authorization)));
  if (const Known known = Find(key); known != nullptr) {
    BW_TRY(const bool good, StillGood(*known));
    if (good) return known->actor;
    Forget(key);
  }
  BW_TRY(Entry proved, Prove(authorization, registry_tokens, origin));
  const Known entry = std::make_shared<const Entry>(std::move(proved));
  if (entry->expires > clock_.Now()) Keep(key, entry);
  return entry->actor;
}

Credentials::Known Credentials::Find(const std::string& key) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second;
}

Result<bool> Credentials::StillGood(const Entry& entry) {
  if (entry.expires <= clock_.Now()) return false;
  if (entry.actor.kind == control::IdentityKind::kAnonymous) return true;
  const auto access = cache_.Get(entry.actor.account, entry.actor.iam_id);
  if (access.ok()) return (*access)->version == entry.version;
  // Who is gone has no good credential; proving it anew says how it ended.
  if (access.error().code() == ErrorCode::kUnauthenticated) return false;
  return access.error();
}

void Credentials::Forget(const std::string& key) {
  const MutexLock lock(mutex_);
  entries_.erase(key);
}

void Credentials::Keep(const std::string& key, Known entry) {
  const Timestamp now = clock_.Now();
  const MutexLock lock(mutex_);
  if (entries_.size() >= capacity_) {
    std::erase_if(entries_, [&](const auto& item) { return item.second->expires <= now; });
    if (entries_.size() >= capacity_) entries_.clear();
  }
  entries_.insert_or_assign(key, std::move(entry));
}

}  // namespace breakwater::iam
