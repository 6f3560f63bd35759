// Passwords of this installation's own users.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crypto/password.h"
#include "iam/changes.h"
#include "iam/sign_in/source.h"
#include "iam/sign_in/throttle.h"

namespace breakwater::iam {

struct Password {
  IamId iam_id;
  AccountId account;
  std::string hash;
  bool initial = false;  // made by an administrator: good for choosing another one
  std::optional<Timestamp> expires;
  Timestamp changed;
  IamId changed_by;
};

struct InitialPassword {
  Secret value;  // shown once
  Timestamp expires;
};

// Thread-safe. Users change their own; administrators of iam-identity give an initial one, to who
// may do no more than they (CheckNotMorePowerful), or take it away, and those of the account's
// owner nobody but the break-glass identity.
class Passwords {
 public:
  static constexpr std::size_t kLeastOctets = 12;
  static constexpr std::chrono::hours kInitialLife{72};
  static constexpr std::chrono::minutes kFresh{10};

  Passwords(ChangeDeps deps, control::Authorizer& authorizer, crypto::PasswordHasher& hasher,
            SignInThrottle& throttle)
      : deps_(deps), authorizer_(authorizer), hasher_(hasher), throttle_(throttle) {}

  // The caller's own. `current` is needed if there is one: kDenied "wrong_password". Where there is
  // none they must have proved within `kFresh` who they are, else a stolen token would become a way
  // in for good: kDenied "fresh_session_required". All their sessions end.
  Status Change(const control::Caller& caller, const Secret& current, const Secret& wanted);
  // Makes one that must be changed at the first sign-in. All their sessions end.
  Result<InitialPassword> Reset(const control::Caller& caller, const AccountId& account,
                                const IamId& iam_id);
  Status Remove(const control::Caller& caller, const AccountId& account, const IamId& iam_id);
  // What there is, without the hash; nothing if there is none.
  Result<std::optional<Password>> Get(const AccountId& account, const IamId& iam_id);

  // Whether it is theirs; costs a hash in any case. kUnauthenticated "wrong_password", also for one
  // that has expired, kRateLimited while too many are checked.
  // Not throttled.
  Result<Password> Check(const AccountId& account, const IamId& iam_id, const Secret& password);
  // A hash, for a name that nobody has: what it costs to find out must not tell.
  Status CheckNobody();

 private:
  Status CheckManager(db::Transaction& tx, const control::Caller& caller, const AccountId& account,
                      const IamId& iam_id);
  // Whether the caller has just proved who they are.
  Status CheckFresh(const control::Caller& caller);
  Status Store(db::Transaction& tx, const Password& password);

  ChangeDeps deps_;
  control::Authorizer& authorizer_;
  crypto::PasswordHasher& hasher_;
  SignInThrottle& throttle_;
};

// kInvalid "weak_password", with what it must be.
Status CheckNewPassword(const Secret& wanted);

// The users of an account who have a password, by their e-mail address. Thread-safe.
class LocalPasswords final : public PasswordSource {
 public:
  // `account` must outlive it and is read at each use.
  LocalPasswords(std::string name, db::Database& database, Passwords& passwords,
                 const AccountId& account)
      : name_(std::move(name)), database_(database), passwords_(passwords), account_(account) {}

  std::string_view name() const override { return name_; }
  // Asks nothing before: whose the names are is known without it.
  Result<std::optional<Person>> Check(std::string_view name, const Secret& password,
                                      const BeforeProof& before) override;
  Status PretendToRefuse(bool looked) override;
  Result<std::optional<Person>> LookUp(std::string_view subject) override;

 private:
  const std::string name_;
  db::Database& database_;
  Passwords& passwords_;
  const AccountId& account_;
};

namespace store {

// Nothing if the account has no user with this address.
Result<std::optional<IamId>> FindUserByEmail(db::Transaction& tx, const AccountId& account,
                                             std::string_view email);

}  // namespace store

}  // namespace breakwater::iam
