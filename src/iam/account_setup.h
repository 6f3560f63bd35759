// What every new account begins with.
#pragma once

#include <vector>

#include "iam/model.h"
#include "iam/store.h"

namespace breakwater::iam {

// An account, its owner (a user, ACTIVE), the access group "Administrators" with that user in it,
// and policies on it: Administrator and Manager on every service, Administrator on account
// management.
struct NewAccount {
  Account account;
  User owner;
  AccessGroup administrators;
  std::vector<Policy> policies;
};

// `owner` is completed: iam_id, account, state and time are set here. kInvalid for a bad name.
Result<NewAccount> PlanAccount(AccountId id, std::string name, User owner, Timestamp now);
Status StoreAccount(db::Transaction& tx, const NewAccount& plan, Timestamp now);
json::Value ToJson(const NewAccount& plan);

}  // namespace breakwater::iam
