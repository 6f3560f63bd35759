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
#include "iam/sign_in/fair_turns.h"
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
class SignIn final : public RefreshWatch {
 public:
  static constexpr std::size_t kMaxName = 256;
  // How long what a source said of somebody counts for a refresh token that is not exchanged.
  static constexpr std::chrono::seconds kCheckedFor{60};

  // `sources` are asked in order; the first that knows the name decides.
  SignIn(SignInDeps deps, BreakGlass break_glass, std::vector<AskedSource> sources);

  // kUnauthenticated "wrong_password", which does not tell whether there is such a name; kDenied
  // "password_change_required"; kRateLimited "too_many_attempts", "password_hash_busy";
  // kUnavailable "source_unavailable" if nobody knows the name and a source did not answer.
  Result<Login> WithPassword(const control::Origin& origin, const PasswordGrant& grant);
  // kUnauthenticated "passcode_unknown", kRateLimited "too_many_attempts".
  // `verifier`: what the client knows whose challenge the passcode was made for.
  Result<Login> WithPasscode(const control::Origin& origin, const Secret& value,
                             const Secret& verifier = {});
  // For who has signed in: the session it begins ends no later than theirs. kDenied
  // "session_required" for who has no session.
  Result<Passcode> MakePasscode(const control::Caller& caller);

  // Somebody whom another source than those of passwords has identified; `method` is how.
  Result<Login> WithPerson(const control::Origin& origin, const Admission& admission,
                           const Person& person, std::string_view method);
  // The same by a passcode, for who signed in by a browser and goes on elsewhere: where the client
  // whose `challenge` it is waits, if that is not empty.
  Result<Passcode> PasscodeFor(const control::Origin& origin, const Admission& admission,
                               const Person& person, std::string challenge = {});
  // kDenied "profile_not_trusted" unless the profile trusts it, also if there is no such profile.
  Result<Login> WithWorkload(const control::Origin& origin, const WorkloadGrant& grant);
  // Records that a source that was asked elsewhere refused somebody, and charges the address for
  // it; beyond what an address may have, there is no record.
  void RecordRefusal(const control::Origin& origin, const Error& error);
  // Whether an address may begin one more sign-in by device: kRateLimited "too_many_attempts".
  Status EnterDevice(const control::Origin& origin);
  // Whether it may ask once more how one goes: the same.
  Status EnterDevicePoll(const control::Origin& origin);
  // Before a session is prolonged: whether its source still knows its user, whose groups are
  // brought up to date. Where the source says no the session ends: kUnauthenticated
  // "session_revoked". kUnavailable "source_unavailable" while it does not answer.
  Status Recheck(const control::Origin& origin, std::string_view session_id);
  // The same for a refresh token that stays good, at most every kCheckedFor.
  Status BeforeRefresh(const control::Origin& origin, const Session& session) override;
  Error OnReplay(const control::Origin& origin, const Session& session) override;

  // What an account allows a session.
  Result<SessionLimits> LimitsOf(const AccountId& account);

 private:
  // Whose name it is, for the trail, and what the attempt was charged to.
  struct Attempt {
    const control::Origin& origin;
    control::Actor actor{};
    std::vector<ThrottleSubject> charged{};
  };

  Result<Login> ByBreakGlass(const control::Origin& origin, const Secret& password);
  Result<Login> ByPassword(Attempt& attempt, const PasswordGrant& grant);
  struct Asked {
    Person person;
    const AskedSource* by = nullptr;
  };
  Result<Asked> Ask(Attempt& attempt, const PasswordGrant& grant);
  Status Charge(Attempt& attempt, ThrottleSubject subject);
  // Refuses after all sources but `by` pretended to, those before `asked` having looked.
  Error Refuse(const AskedSource* by, Error refusal);
  Status End(const control::Origin& origin, const Session& session, std::string_view why);
  Result<Login> Begin(const control::Origin& origin, const AccountId& account, const IamId& iam_id,
                      std::string source, std::string_view method, const SessionLimits& limits);
  Status ChargeName(Attempt& attempt, std::string_view name);
  void Record(const control::Origin& origin, const control::Actor& actor, const Error& error);

  // A dozen devices behind one address, each every five seconds.
  static constexpr ThrottleOptions kPolls{.address_burst = 150, .address_per_minute = 150};

  const SignInDeps deps_;
  const BreakGlass break_glass_;
  // Its own, so that whoever keeps the others' busy does not keep it; and who tries other passwords
  // for it has turns after who did not.
  FairTurns break_glass_turns_{deps_.changes.clock};
  crypto::PasswordHasher break_glass_hasher_{{.max_concurrent = 1}};
  // Of records, of device sign-ins begun and of asking for their ends: none is to keep an address
  // from signing in.
  SignInThrottle records_{deps_.changes.database, deps_.changes.clock};
  SignInThrottle devices_{deps_.changes.database, deps_.changes.clock};
  SignInThrottle polls_{deps_.changes.database, deps_.changes.clock, kPolls};
  const std::vector<AskedSource> sources_;
};

}  // namespace breakwater::iam
