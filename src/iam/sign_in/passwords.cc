#include "iam/sign_in/passwords.h"

#include "base/strings.h"
#include "control/fact_events.h"
#include "crypto/random.h"
#include "iam/power.h"
#include "iam/sessions.h"
#include "iam/sign_in/break_glass.h"
#include "iam/sign_in_facts.h"

namespace breakwater::iam {
namespace {

constexpr std::size_t kInitialOctets = 15;

control::Resource PasswordResource(const AccountId& account, const IamId& iam_id) {
  return IamResource(account, "iam-identity", "password", iam_id.value());
}

// For the audit trail.
json::Value ToJson(const std::optional<Password>& password) {
  if (!password) return nullptr;
  return {{"iam_id", json::Text(password->iam_id.value())},
          {"initial", password->initial},
          {"changed_at", json::Text(FormatRfc3339(password->changed))},
          {"changed_by", json::Text(password->changed_by.value())}};
}

Result<std::optional<Password>> Find(db::Transaction& tx, const AccountId& account,
                                     const IamId& iam_id) {
  return tx.QueryOne(
      "SELECT iam_id, account_id, hash, initial, expires_at, changed_at, changed_by FROM "
      "iam_password WHERE iam_id = $1 AND account_id = $2",
      {iam_id, account}, [](const db::Row& row) {
        return Password{.iam_id = IamId(row.String(0)),
                        .account = AccountId(row.String(1)),
                        .hash = row.String(2),
                        .initial = row.Bool(3),
                        .expires = row.OptionalTime(4),
                        .changed = row.Time(5),
                        .changed_by = IamId(row.String(6))};
      });
}

// Who has one is a fact of the account's sign-in.
Result<control::Effect> ChangedPassword(db::Transaction& tx, const AccountId& account,
                                        json::Value before, json::Value after) {
  BW_TRY(auto effect, Changed(tx, account, std::move(before), std::move(after)));
  effect.events.push_back(control::FactsChanged(account, {SignInType()}));
  return effect;
}

}  // namespace

Status CheckNewPassword(const Secret& wanted) {
  const std::string& text = wanted.Reveal();  // to look at its form
  if (text.size() >= Passwords::kLeastOctets && text.size() <= crypto::kMaxPasswordOctets &&
      IsValidUtf8(text) && text.find('\0') == std::string::npos) {
    return Ok();
  }
  return Invalid("a password must have 12 to 1024 bytes of UTF-8 text").Reason("weak_password");
}

Status Passwords::Store(db::Transaction& tx, const Password& p) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_password WHERE iam_id = $1 AND account_id = $2",
                           {p.iam_id, p.account}));
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_password (iam_id, account_id, hash, initial, expires_at, changed_at, "
      "changed_by) VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {p.iam_id, p.account, p.hash, p.initial, p.expires, p.changed, p.changed_by}));
  BW_TRY_STATUS(store::EndSessionsOf(tx, p.iam_id, {}, p.changed, "password_changed"));
  return Ok();
}

Status Passwords::Change(const control::Caller& caller, const Secret& current,
                         const Secret& wanted) {
  const AccountId& account = caller.actor.account;
  const IamId& iam_id = caller.actor.iam_id;
  BW_TRY_STATUS(CheckNewPassword(wanted));
  BW_TRY(const auto known, Get(account, iam_id));
  if (known) {
    const auto subject = SignInThrottle::User(iam_id, caller.origin.address);
    BW_TRY_STATUS(throttle_.EnterName(subject));
    const auto checked = Check(account, iam_id, current);
    if (!checked.ok()) {
      if (checked.error().code() != ErrorCode::kUnauthenticated) return checked.error();
      const Error refusal = Denied("current_password is not the password").Reason("wrong_password");
      deps_.changes.RecordRefusal(caller, "iam-identity.user-password.update",
                                  PasswordResource(account, iam_id), refusal);
      return refusal;
    }
    BW_TRY_STATUS(throttle_.ForgetName(subject));
  } else if (const Status fresh = CheckFresh(caller); !fresh.ok()) {
    deps_.changes.RecordRefusal(caller, "iam-identity.user-password.update",
                                PasswordResource(account, iam_id), fresh.error());
    return fresh;
  }
  BW_TRY(std::string hash, hasher_.Hash(wanted));
  const Password made{.iam_id = iam_id,
                      .account = account,
                      .hash = std::move(hash),
                      .initial = false,
                      .expires = {},
                      .changed = deps_.clock.Now(),
                      .changed_by = iam_id};
  return deps_.changes.Submit(
      caller,
      {.action = "iam-identity.user-password.update",
       .resource = PasswordResource(account, iam_id),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY_STATUS(Existing(store::FindUser(tx, iam_id), account, "user"));
         BW_TRY(const auto before, Find(tx, account, iam_id));
         // Another may have changed it since it was checked.
         if (before.has_value() != known.has_value() || (before && before->hash != known->hash)) {
           return Conflict("the password was changed meanwhile").Reason("conflict");
         }
         BW_TRY_STATUS(Store(tx, made));
         return ChangedPassword(tx, account, ToJson(before), ToJson(made));
       },
       .severity = audit::Severity::kCritical});
}

Status Passwords::CheckFresh(const control::Caller& caller) {
  const Timestamp now = deps_.clock.Now();
  BW_TRY(const auto session, deps_.database.ReadValue([&](db::Transaction& tx) {
    return store::FindSession(tx, caller.actor.credential_id);
  }));
  if (CheckSession(session, now).ok() && session->iam_id == caller.actor.iam_id &&
      session->proved + kFresh > now) {
    return Ok();
  }
  return Denied(
             "you have no password yet: sign in by another source and choose one within ten "
             "minutes, or have an administrator reset it")
      .Reason("fresh_session_required");
}

Status Passwords::CheckManager(db::Transaction& tx, const control::Caller& caller,
                               const AccountId& account, const IamId& iam_id) {
  if (iam_id == caller.actor.iam_id) {
    return Invalid("change your own password instead").Reason("own_password");
  }
  BW_TRY_STATUS(Existing(store::FindUser(tx, iam_id), account, "user"));
  BW_TRY(const auto owned, store::FindAccount(tx, account));
  if (owned && owned->owner == iam_id && !IsBreakGlass(caller.actor.iam_id)) {
    return Denied("the owner's password is the owner's, or the break-glass identity's, to manage")
        .Reason("not_authorized");
  }
  return Ok();
}

Result<InitialPassword> Passwords::Reset(const control::Caller& caller, const AccountId& account,
                                         const IamId& iam_id) {
  constexpr std::string_view kReset = "iam-identity.user-password.reset";
  const control::Resource resource = PasswordResource(account, iam_id);
  // Who may not reset at all is told that alone.
  if (authorizer_.Authorize(caller, kReset, resource).ok()) {
    const Status strong = CheckNotMorePowerful(deps_, authorizer_, caller, account, iam_id);
    if (!strong.ok()) {
      deps_.changes.RecordRefusal(caller, kReset, resource, strong.error());
      return strong.error();
    }
  }
  const Timestamp now = deps_.clock.Now();
  const InitialPassword made{Secret(crypto::RandomToken(kInitialOctets)), now + kInitialLife};
  BW_TRY(std::string hash, hasher_.Hash(made.value));
  const Password password{.iam_id = iam_id,
                          .account = account,
                          .hash = std::move(hash),
                          .initial = true,
                          .expires = made.expires,
                          .changed = now,
                          .changed_by = caller.actor.iam_id};
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = std::string(kReset),
               .resource = resource,
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY_STATUS(CheckManager(tx, caller, account, iam_id));
                 BW_TRY(const auto before, Find(tx, account, iam_id));
                 BW_TRY_STATUS(Store(tx, password));
                 return ChangedPassword(tx, account, ToJson(before), ToJson(password));
               },
               .severity = audit::Severity::kCritical}));
  return made;
}

Status Passwords::Remove(const control::Caller& caller, const AccountId& account,
                         const IamId& iam_id) {
  return deps_.changes.Submit(
      caller,
      {.action = "iam-identity.user-password.delete",
       .resource = PasswordResource(account, iam_id),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY_STATUS(CheckManager(tx, caller, account, iam_id));
         BW_TRY(const auto before, Find(tx, account, iam_id));
         if (!before) return NoSuch("password");
         BW_TRY_STATUS(tx.Execute("DELETE FROM iam_password WHERE iam_id = $1", {iam_id}));
         BW_TRY_STATUS(store::EndSessionsOf(tx, iam_id, {}, deps_.clock.Now(), "password_removed"));
         return ChangedPassword(tx, account, ToJson(before), nullptr);
       },
       .severity = audit::Severity::kCritical});
}

Result<std::optional<Password>> Passwords::Get(const AccountId& account, const IamId& iam_id) {
  return deps_.database.ReadValue([&](db::Transaction& tx) { return Find(tx, account, iam_id); });
}

Result<Password> Passwords::Check(const AccountId& account, const IamId& iam_id,
                                  const Secret& password) {
  BW_TRY(const auto known, Get(account, iam_id));
  if (!known) {
    BW_TRY_STATUS(CheckNobody());
    return WrongNameOrPassword();
  }
  BW_TRY(const bool good, hasher_.Verify(password, known->hash));
  if (!good || (known->expires && *known->expires <= deps_.clock.Now())) {
    return WrongNameOrPassword();
  }
  return *known;
}

Status Passwords::CheckNobody() {
  BW_TRY_STATUS(hasher_.Hash(Secret("nobody's password")));
  return Ok();
}

Status LocalPasswords::PretendToRefuse(bool) {
  return passwords_.CheckNobody();
}

Result<std::optional<Person>> LocalPasswords::Check(std::string_view name, const Secret& password,
                                                    const BeforeProof&) {
  const std::string email = LowerAscii(name);
  struct Found {
    IamId iam_id;
    bool has_password = false;
  };
  BW_TRY(const auto found,
         database_.ReadValue([&](db::Transaction& tx) -> Result<std::optional<Found>> {
           BW_TRY(const auto iam_id, store::FindUserByEmail(tx, account_, email));
           if (!iam_id) return std::optional<Found>{};
           BW_TRY(const auto known, Find(tx, account_, *iam_id));
           return std::optional<Found>({*iam_id, known.has_value()});
         }));
  if (!found || !found->has_password) return std::optional<Person>{};
  BW_TRY(const Password checked, passwords_.Check(account_, found->iam_id, password));
  Person person;
  person.iam_id = checked.iam_id;
  person.must_choose_password = checked.initial;
  return std::optional(std::move(person));
}

Result<std::optional<Person>> LocalPasswords::LookUp(std::string_view) {
  return Unsupported("users of this installation are looked up as what they are");
}

namespace store {

Result<std::optional<IamId>> FindUserByEmail(db::Transaction& tx, const AccountId& account,
                                             std::string_view email) {
  return tx.QueryOne("SELECT iam_id FROM iam_user WHERE account_id = $1 AND email = $2",
                     {account, email}, [](const db::Row& row) { return IamId(row.String(0)); });
}

}  // namespace store

}  // namespace breakwater::iam
