// From what a caller presents to who they are.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "base/secret.h"
#include "base/sync.h"
#include "control/caller.h"
#include "db/database.h"
#include "iam/access_cache.h"
#include "iam/activity.h"
#include "iam/key_hasher.h"
#include "iam/tokens.h"

namespace breakwater::control {
class ChangePath;
}

namespace breakwater::iam {

// The parts of "Basic …" (RFC 7617).
struct BasicCredentials {
  std::string user;
  Secret password;
};
// Nothing if the header is of another scheme; kUnauthenticated "credential_malformed" if it is
// broken.
Result<std::optional<BasicCredentials>> ParseBasic(std::string_view authorization);

// What an Authorization header presents: Basic credentials, or the token of "Bearer TOKEN", which
// the reference registry takes bare as well. kUnauthenticated "credential_malformed", or
// "login_method_unsupported" for another scheme.
struct Presented {
  std::optional<BasicCredentials> basic;
  std::string_view token;  // of the header; only without `basic`
};
Result<Presented> ParseAuthorization(std::string_view authorization);

// Which trusted profile is meant: by its id, its CRN, or its name in an account.
struct ProfileName {
  std::string id{};
  std::string crn{};
  std::string name{};
  AccountId account{};
};

// Who is told when a session's refresh token is presented. Thread-safe.
class RefreshWatch {
 public:
  virtual ~RefreshWatch() = default;
  // Before it lets somebody in: whether the session's source still knows them.
  virtual Status BeforeRefresh(const control::Origin& origin, const Session& session) = 0;
  // One that was used up before: why it is refused.
  virtual Error OnReplay(const control::Origin& origin, const Session& session) = 0;
};

// Thread-safe. Every error is kUnauthenticated, unless the database fails. Reasons:
//   api_key_unknown, api_key_disabled, api_key_expired, identity_unknown, identity_suspended,
//   credential_malformed, login_method_unsupported, and those of CheckSession, RefreshWatch and
//   crypto::VerifyJwt; and kInvalid "profile_not_trusted", as the reference answers.
class Credentials {
 public:
  static constexpr std::size_t kMaxAuthorizationOctets = 20 * 1024;

  Credentials(db::Database& database, AccessCache& cache, const KeyHasher& hasher,
              const Tokens& tokens, const Clock& clock, std::size_t capacity = 8192)
      : database_(database),
        cache_(cache),
        hasher_(hasher),
        tokens_(tokens),
        clock_(clock),
        capacity_(capacity) {}

  // Before the first request; without one a replayed token is kUnauthenticated
  // "refresh_token_used". It must outlive the last request.
  void Watch(RefreshWatch& watch) { watch_ = &watch; }

  // Before the first request: where proofs by API keys are counted.
  void Count(Activity& activity) { activity_ = &activity; }

  // Before the first request: where it is recorded that an API key was used that does not log
  // anybody in any more. Of one key, once in a while: whoever has it must not fill the trail.
  void RecordTo(control::ChangePath& changes) { changes_ = &changes; }
  static constexpr std::chrono::minutes kRefusalsApart{1};

  Result<Login> WithApiKey(const Secret& api_key, const control::Origin& origin = {});
  Result<Login> WithAccessToken(std::string_view token);
  // Uses it up no more than it is: a session's is exchanged by Sessions::Rotate.
  Result<Login> WithRefreshToken(std::string_view token, const control::Origin& origin = {});
  // Who has just begun or prolonged a session. `credential`: what they did it by.
  Result<Login> WithSession(const Session& session, std::string credential);
  // `base` acting as a trusted profile, if it trusts them. kInvalid "profile_not_trusted", the same
  // for one that is not there.
  Result<Login> Assume(const Login& base, const ProfileName& profile);
  // By user name: iamapikey, iambearer, iamrefresh, or the id of a trusted profile with the API key
  // of a service ID (ibm-registry 3.7).
  Result<Login> WithBasic(const BasicCredentials& basic, const control::Origin& origin = {});

  // The actor of an Authorization header: "Bearer TOKEN", "Basic …", or a bare token, as the
  // reference registry takes it. An empty header, or Basic without user and password, is nobody.
  // What was found good is remembered until it ends, or until anything in its account changes.
  Result<control::Actor> Authenticate(std::string_view authorization, bool registry_tokens,
                                      const control::Origin& origin = {}) BW_EXCLUDES(mutex_);

 private:
  struct Entry {
    control::Actor actor;
    Timestamp expires;         // or when to prove it anew
    std::int64_t version = 0;  // of the actor's account
  };

  using Known = std::shared_ptr<const Entry>;

  Result<Login> Resolve(const TokenClaims& claims, std::string_view credential,
                        const control::Origin& origin = {});
  // Who acts as themselves.
  Result<Login> ResolveOwn(const TokenClaims& claims, std::string_view credential,
                           const control::Origin& origin);
  Result<Login> ResolveSession(const TokenClaims& claims, std::string_view credential,
                               const control::Origin& origin);
  Status CheckRefresh(const TokenClaims& claims, const control::Origin& origin);
  // Writes down that a session is in use, as coarsely as its grain.
  void Touch(const Session& session, Timestamp now);
  Result<Login> LoginOf(db::Transaction& tx, const Session& session, std::string credential);
  Result<Entry> Prove(std::string_view authorization, bool registry_tokens,
                      const control::Origin& origin);
  Result<Entry> ProveToken(std::string_view token, bool registry_tokens);
  Result<Entry> ProveRegistryToken(std::string_view token);
  Entry EntryOf(const Login& login) const;
  // Null if the header is not known.
  Known Find(const std::string& key) BW_EXCLUDES(mutex_);
  void Keep(const std::string& key, Known entry) BW_EXCLUDES(mutex_);
  void Forget(const std::string& key) BW_EXCLUDES(mutex_);
  Result<bool> StillGood(const Entry& entry);
  void RecordRefusal(const Login& login, const control::Origin& origin, const Error& error)
      BW_EXCLUDES(mutex_);

  db::Database& database_;
  AccessCache& cache_;
  const KeyHasher& hasher_;
  const Tokens& tokens_;
  const Clock& clock_;
  const std::size_t capacity_;
  RefreshWatch* watch_ = nullptr;
  Activity* activity_ = nullptr;
  control::ChangePath* changes_ = nullptr;
  Mutex mutex_;
  // By the SHA-256 of the header: no credential is kept in memory.
  std::unordered_map<std::string, Known> entries_ BW_GUARDED_BY(mutex_);
  // When the refusal of a key was recorded, by its id.
  std::unordered_map<std::string, Timestamp> refused_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::iam
