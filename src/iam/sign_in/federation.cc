#include "iam/sign_in/federation.h"

#include "crypto/hash.h"
#include "iam/identities.h"
#include "iam/sign_in/passwords.h"
#include "iam/store.h"
#include "iam/store_sql.h"

namespace breakwater::iam {
namespace {

constexpr std::size_t kMaxSubject = 512;

Result<std::optional<IamId>> FindKnown(db::Transaction& tx, const AccountId& account,
                                       const std::string& realm, const std::string& subject) {
  return tx.QueryOne(
      "SELECT e.iam_id FROM iam_external_identity e JOIN iam_user u ON u.iam_id = e.iam_id "
      "WHERE e.account_id = $1 AND e.realm = $2 AND e.subject = $3",
      {account, realm, subject}, [](const db::Row& row) { return IamId(row.String(0)); });
}

// An address nobody can have, for who has none: users are told apart by theirs.
std::string StandIn(const Admission& admission, const std::string& subject) {
  const std::string digest = crypto::Sha256Hex(admission.realm + "\n" + subject).substr(0, 24);
  return digest + "@" + admission.source + ".invalid";
}

Error NotInvited() {
  return Denied("you are not a user of this account: ask an administrator for an invitation")
      .Reason("not_invited");
}

User NewUserOf(const AccountId& account, const Person& person, std::string email, Timestamp now) {
  return {.iam_id = IamId("IBMid-" + NewUuid()),
          .account = account,
          .email = std::move(email),
          .first_name = person.first_name,
          .last_name = person.last_name,
          .state = UserState::kActive,
          .added = now};
}

// Whether somebody whom only the source vouches for may be this user.
Result<bool> MayBe(db::Transaction& tx, const User& user, const Admission& admission) {
  BW_TRY(const auto owned, store::FindAccount(tx, user.account));
  if (owned && owned->owner == user.iam_id) return false;
  if (admission.link_by_email) return true;
  if (user.state != UserState::kPending) return false;
  BW_TRY(const auto others,
         store::Number(tx, "SELECT count(*) FROM iam_external_identity WHERE iam_id = $1",
                       {user.iam_id}));
  return others == 0;
}

}  // namespace

Result<Federation::Admitted> Federation::Match(db::Transaction& tx, const AccountId& account,
                                               const Admission& admission, const Person& person) {
  BW_TRY(const auto known, FindKnown(tx, account, admission.realm, person.subject));
  if (known) return Admitted{.iam_id = *known, .before = nullptr, .after = nullptr};
  const auto parsed = ParseEmail(person.email);
  const std::string email = parsed.ok() ? *parsed : StandIn(admission, person.subject);
  BW_TRY(const auto found, store::FindUserByEmail(tx, account, email));
  if (found) {
    BW_TRY(const User user, Existing(store::FindUser(tx, *found), account, "user"));
    BW_TRY(const bool may, MayBe(tx, user, admission));
    if (!may) {
      return Denied("another user of this account has your e-mail address").Reason("email_taken");
    }
    return Admitted{.iam_id = *found, .before = ToJson(user), .after = ToJson(user)};
  }
  if (!admission.create) return NotInvited();
  const User user = NewUserOf(account, person, email, deps_.clock.Now());
  BW_TRY_STATUS(store::InsertUser(tx, user));
  return Admitted{.iam_id = user.iam_id, .before = nullptr, .after = ToJson(user), .is_new = true};
}

Result<Federation::Admitted> Federation::Apply(db::Transaction& tx, const AccountId& account,
                                               const Admission& admission, const Person& person,
                                               Joining joining) {
  BW_TRY(Admitted admitted, Match(tx, account, admission, person));
  const std::string claims = json::Serialize(person.claims);
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_external_identity (account_id, realm, subject, iam_id, claims, seen_at) "
      "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, realm, subject) DO UPDATE SET "
      "iam_id = excluded.iam_id, claims = excluded.claims, seen_at = excluded.seen_at",
      {account, admission.realm, person.subject, admitted.iam_id, claims, deps_.clock.Now()}));
  if (apply_) {
    BW_TRY(admitted.access_changed,
           apply_(tx, account, admitted.iam_id, admission.realm, person.claims, joining));
  }
  return admitted;
}

Result<IamId> Federation::Admit(const AccountId& account, const Admission& admission,
                                const Person& person) {
  if (person.subject.empty() || person.subject.size() > kMaxSubject ||
      json::Serialize(person.claims).size() > kMaxClaimsOctets) {
    return TooLarge("the source of identities says too much").Reason("claims_too_large");
  }
  Admitted admitted;
  Status status = Submit(account, admission, person, Joining::kAny, admitted);
  // Whom a rule refuses other rights comes in with those that are left to them.
  if (!status.ok() && status.error().reason() == "config_rule_denied" && admitted.access_changed) {
    status = Submit(account, admission, person, Joining::kNoOther, admitted);
  }
  BW_TRY_STATUS(std::move(status));
  return admitted.iam_id;
}

Status Federation::Submit(const AccountId& account, const Admission& admission,
                          const Person& person, Joining joining, Admitted& admitted) {
  const control::Resource access = AccessResource(account);
  const bool takes_away = joining == Joining::kNoOther && !admitted.is_new;
  return deps_.changes.Submit(
      control::SystemCaller(account, "sign-in from " + admission.source),
      {.action = "user-management.user.update",
       .resource = IamResource(account, "user-management", "user"),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(admitted, Apply(tx, account, admission, person, joining));
         if (admitted.is_new || admitted.access_changed) {
           return ChangedAccess(tx, account, admitted.before, admitted.after);
         }
         return control::Effect{
             .before = admitted.before, .after = admitted.after, .governed = {}, .events = {}};
       },
       .severity = audit::Severity::kNormal,
       .weighed = takes_away ? control::WeighTaking(access) : control::Weigh(access)});
}

Result<std::optional<std::string>> Federation::SubjectOf(const AccountId& account,
                                                         const std::string& realm,
                                                         const IamId& iam_id) {
  return deps_.database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne(
        "SELECT subject FROM iam_external_identity WHERE account_id = $1 AND realm = $2 AND "
        "iam_id = $3 ORDER BY seen_at DESC",
        {account, realm, iam_id}, [](const db::Row& row) { return row.String(0); });
  });
}

}  // namespace breakwater::iam
