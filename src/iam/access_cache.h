// Who somebody is and what decides their rights, read once for each version of their account.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "db/database.h"
#include "db/epoch_cache.h"
#include "iam/decision.h"
#include "iam/restrictions.h"

namespace breakwater::iam {

// An identity with everything Decide needs. Immutable.
struct IdentityAccess {
  Identity identity;
  std::string email;  // this and the next two: of a user
  std::string first_name;
  std::string last_name;
  UserState state = UserState::kActive;
  std::vector<std::string> groups;
  std::vector<Policy> policies;
  // Of the account, shared by its identities; never null in what AccessCache gives.
  std::shared_ptr<const Restrictions> restrictions;
  std::int64_t version = 0;  // of the account, when it was read
};

// kUnauthenticated ("identity_unknown") if the identity is not (or no longer) in the account.
Result<IdentityAccess> ReadIdentityAccess(db::Transaction& tx, const AccountId& account,
                                          const IamId& iam_id);
// What an account lets everybody do: that of nobody in particular. kUnauthenticated
// ("identity_unknown") if there is no such account.
Result<IdentityAccess> ReadPublicAccess(db::Transaction& tx, const AccountId& account);

// Thread-safe. Every Get asks for the account's version, so what another process changed counts at
// once; the rest comes from memory while the version stands. Where nobody else writes to the
// database, not even that is asked while nothing is committed. Holds at most `capacity` identities.
class AccessCache {
 public:
  using Access = std::shared_ptr<const IdentityAccess>;  // never null

  explicit AccessCache(db::Database& database, std::size_t capacity = 4096);

  Result<Access> Get(const AccountId& account, const IamId& iam_id) BW_EXCLUDES(mutex_);
  // The same as the transaction sees it.
  Result<Access> Get(db::Transaction& tx, const AccountId& account, const IamId& iam_id)
      BW_EXCLUDES(mutex_);
  // What the account lets everybody do.
  Result<Access> GetPublic(const AccountId& account) BW_EXCLUDES(mutex_);

 private:
  // Nobody's where the id is empty.
  Result<Access> GetBy(const AccountId& account, const IamId& iam_id) BW_EXCLUDES(mutex_);
  Result<Access> GetBy(db::Transaction& tx, const AccountId& account, const IamId& iam_id)
      BW_EXCLUDES(mutex_);
  // Those of the account in this version, read once.
  Result<std::shared_ptr<const Restrictions>> RestrictionsOf(db::Transaction& tx,
                                                             const AccountId& account,
                                                             std::int64_t version)
      BW_EXCLUDES(mutex_);

  struct OfAccount {
    std::shared_ptr<const Restrictions> restrictions;
    std::int64_t version = 0;
  };

  db::Database& database_;
  const std::size_t capacity_;
  db::EpochCache<IdentityAccess> current_;
  Mutex mutex_;
  std::unordered_map<std::string, Access> entries_ BW_GUARDED_BY(mutex_);
  std::unordered_map<std::string, OfAccount> accounts_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::iam
