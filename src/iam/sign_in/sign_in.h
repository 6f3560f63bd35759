// Signing in by name and password, or by a passcode: who it is, and a session for them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/password.h"
#include "iam/credentials.h"
#include "iam/profile_trust.h"
#include "iam/sessions.h"
#include "iam/sign_in/break_glass.h"
#include "iam/sign_in/federation.h"
#include "iam/sign_in/passcodes.h"
#include "iam/sign_in/passwords.h"
#include "iam/sign_in/source.h"
#include "iam/sign_in/throttle.h"

namespace breakwater::iam {

struct PasswordGrant {
  std::string name{};
  Secret password{};
  // To be chosen at once: where the password is an initial one.
  Secret new_password{};
};

// Where names and passwords are checked. Without an admission its people are users already.
struct AskedSource {
  PasswordSource* source = nullptr;
  std::optional<Admission> admission{};
};

// A workload that has proved by its issuer's token what it is, and the profile it wants to act as.
struct WorkloadGrant {
  std::string source;
  Assumer assumer;      // without an identity of ours
  Timestamp token_end;  // when what it proved that by ends
  std::string profile_id;
  std::string profile_name;  // where the id is empty
};

// All must outlive what is made of them.
struct SignInDeps {
  ChangeDeps changes;
  AccessCache& cache;
  Credentials& credentials;
  Sessions& sessions;
  Passwords& passwords;
  Passcodes& passcodes;
  SignInThrottle& throttle;
  Federation& federation;
  const KeyHasher& hasher;
  const AccountId& account;  // into which people sign in; read at each use
};

// Thread-safe. Whatever fails is recorded in the audit trail, but for attempts that the throttle
// turns away: so many records are written as passwords are tried, and no more.
class SignIn {
 public:
  static constexpr std::size_t kMaxName = 256;

  // `sources` are asked in order; the first that knows the name decides.
  SignIn(SignInDeps deps, BreakGlass break_glass, std::vector<AskedSource> sources);

  // kUnauthenticated "wrong_password", which does not tell whether there is such a name; kDenied
  // "password_change_required"; kRateLimited "too_many_attempts", "password_hash_busy";
  // kUnavailable "source_unavailable" if nobody knows the name and a source did not answer.
  Result<Login> WithPassword(const control::Origin& origin, const PasswordGrant& grant);
  // kUnauthenticated "passcode_unknown", kRateLimited "too_many_attempts".
  Result<Login> WithPasscode(const control::Origin& origin, const Secret& value);
  // For who has signed in: the session it begins ends no later than theirs. kDenied
  // "session_required" for who has no session.
  Result<Passcode> MakePasscode(const control::Caller& caller);

  // Somebody whom another source than those of passwords has identified; `method` is how.
  Result<Login> WithPerson(const control::Origin& origin, const Admission& admission,
                           const Person& person, std::string_view method);
  // The same by a passcode, for who signed in by a browser and goes on elsewhere.
  Result<Passcode> PasscodeFor(const control::Origin& origin, const Admission& admission,
                               const Person& person);
  // kDenied "profile_not_trusted" unless the profile trusts it, also if there is no such profile.
  Result<Login> WithWorkload(const control::Origin& origin, const WorkloadGrant& grant);
  // Records that a source that was asked elsewhere refused somebody, and charges the address for
  // it; beyond what an address may have, there is no record.
  void RecordRefusal(const control::Origin& origin, const Error& error);
  // Whether an address may begin one more sign-in by device: kRateLimited "too_many_attempts".
  Status EnterDevice(const control::Origin& origin);
  // Before a session is prolonged: whether its source still knows its user, whose groups are
  // brought up to date. Where the source says no the session ends: kUnauthenticated
  // "session_revoked". kUnavailable "source_unavailable" while it does not answer.
  Status Recheck(const control::Origin& origin, std::string_view session_id);

  // What an account allows a session.
  Result<SessionLimits> LimitsOf(const AccountId& account);

 private:
  // Whose name it is, for the throttle and the trail.
  struct Subject {
    std::string throttle;
    control::Actor actor;
  };

  Result<Login> ByBreakGlass(const control::Origin& origin, const Secret& password);
  Result<Login> ByPassword(const control::Origin& origin, const PasswordGrant& grant);
  struct Asked {
    Person person;
    const AskedSource* by = nullptr;
  };
  Result<Asked> Ask(const PasswordGrant& grant);
  Status End(const control::Origin& origin, const Session& session, std::string_view why);
  Result<Login> Begin(const control::Origin& origin, const AccountId& account, const IamId& iam_id,
                      std::string source, std::string_view method, const SessionLimits& limits);
  Result<Subject> SubjectOf(std::string_view name);
  void Record(const control::Origin& origin, const control::Actor& actor, const Error& error);

  const SignInDeps deps_;
  const BreakGlass break_glass_;
  // Its own, so that whoever keeps the others' busy does not keep it.
  crypto::PasswordHasher break_glass_hasher_{{.max_concurrent = 1, .max_waiting = 16}};
  // Of records, and of device sign-ins begun: neither is to keep an address from signing in.
  SignInThrottle records_{deps_.changes.database, deps_.changes.clock};
  SignInThrottle devices_{deps_.changes.database, deps_.changes.clock};
  const std::vector<AskedSource> sources_;
};

}  // namespace breakwater::iam
