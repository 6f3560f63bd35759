// Who somebody of another directory or provider is here: a user, made when they first come or
// invited before.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "iam/access_groups.h"
#include "iam/changes.h"
#include "iam/sign_in/source.h"

namespace breakwater::iam {

// How people of a source become users.
struct Admission {
  std::string source;  // its name
  std::string realm;   // what rules of access groups and trusted profiles call it
  // Whoever the source knows becomes a user; else only who was invited by their e-mail address.
  bool create = false;
  // Takes the source's word that an e-mail address is theirs also for users who are here already,
  // the account's owner excepted.
  bool link_by_email = false;
};

// A person's rights that follow from what a source says of them; called in the transaction that
// lets them in. Whether they have others than before.
using ApplyClaims = std::function<Result<bool>(db::Transaction& tx, const AccountId& account,
                                               const IamId& iam_id, const std::string& realm,
                                               const json::Object& claims, Joining joining)>;

// Thread-safe.
class Federation {
 public:
  static constexpr std::size_t kMaxClaimsOctets = 64 * 1024;

  Federation(ChangeDeps deps, ApplyClaims apply) : deps_(deps), apply_(std::move(apply)) {}

  // Whose user they are, with what the source says of them today. Rights that follow from it are a
  // change that rules judge: what they refuse, the person does not get, but comes in all the same.
  // kDenied "not_invited" or "email_taken"; kTooLarge if it says too much.
  Result<IamId> Admit(const AccountId& account, const Admission& admission, const Person& person);
  // What a user is called by a realm; nothing if they are not of it.
  Result<std::optional<std::string>> SubjectOf(const AccountId& account, const std::string& realm,
                                               const IamId& iam_id);

 private:
  struct Admitted {
    IamId iam_id;
    json::Value before;
    json::Value after;
    bool is_new = false;
    bool access_changed = false;  // by what the source says
  };
  Result<Admitted> Apply(db::Transaction& tx, const AccountId& account, const Admission& admission,
                         const Person& person, Joining joining);
  Status Submit(const AccountId& account, const Admission& admission, const Person& person,
                Joining joining, Admitted& admitted);
  Result<Admitted> Match(db::Transaction& tx, const AccountId& account, const Admission& admission,
                         const Person& person);

  ChangeDeps deps_;
  const ApplyClaims apply_;
};

}  // namespace breakwater::iam
