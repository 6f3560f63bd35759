// What IAM's changes have in common.
#pragma once

#include <string>
#include <string_view>

#include "control/change.h"
#include "control/resource.h"
#include "db/database.h"
#include "iam/store.h"

namespace breakwater::iam {

// What every part that changes IAM works with. Must outlive it.
struct ChangeDeps {
  db::Database& database;
  control::ChangePath& changes;
  const Clock& clock;
  Limits limits{};
};

// The governed resource: who may do what with the registry in an account.
control::Resource AccessResource(const AccountId& account);
// A resource of IAM's own services: "iam-identity", "iam-groups", "iam-access-management",
// "user-management". For API keys `name` is the iam_id of whose they are.
control::Resource IamResource(const AccountId& account, std::string service, std::string kind,
                              std::string name = {});

// The end of a change of IAM: the account's version grows.
Result<control::Effect> Changed(db::Transaction& tx, const AccountId& account, json::Value before,
                                json::Value after);
// The end of one that may alter who has which role: the account's access is judged, too. Others
// are not, so that a key can be disabled and a user can log in whatever rule is violated.
Result<control::Effect> ChangedAccess(db::Transaction& tx, const AccountId& account,
                                      json::Value before, json::Value after);
// The end of one that alters what rules judge of `governed`.
Result<control::Effect> ChangedGoverned(db::Transaction& tx, const AccountId& account,
                                        json::Value before, json::Value after,
                                        control::Resource governed);
// For who has which role by what no rule may refuse: what goals say of it is found out afterwards.
jobs::Event AccessFactsChanged(const AccountId& account);

// kNotFound in one form: "there is no such <what>", reason "not_found".
Error NoSuch(std::string_view what);
// kConflict "locked".
Error Locked(std::string_view what);
// OK while there are fewer than `most`, else kConflict "limit_exceeded": "<holder> may have at most
// <most> <what>".
Status CheckRoom(std::int64_t known, std::int64_t most, std::string_view holder,
                 std::string_view what);

// The value if it is there and of the account, else NoSuch(what).
template <class T>
Result<T> Existing(Result<std::optional<T>> found, const AccountId& account,
                   std::string_view what) {
  if (!found.ok()) return std::move(found).error();
  if (!*found || (*found)->account != account) return NoSuch(what);
  return **std::move(found);
}

}  // namespace breakwater::iam
