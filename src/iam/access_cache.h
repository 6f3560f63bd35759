// Who somebody is and what decides their rights, read once for each version of their account.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "db/database.h"
#include "iam/decision.h"

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
  std::int64_t version = 0;  // of the account, when it was read
};

// kUnauthenticated ("identity_unknown") if the identity is not (or no longer) in the account.
Result<IdentityAccess> ReadIdentityAccess(db::Transaction& tx, const AccountId& account,
                                          const IamId& iam_id);

// Thread-safe. Every Get reads the account's version, so what another process changed counts at
// once; the rest comes from memory while the version stands. Holds at most `capacity` identities.
class AccessCache {
 public:
  explicit AccessCache(std::size_t capacity = 4096) : capacity_(capacity) {}

  Result<std::shared_ptr<const IdentityAccess>> Get(db::Transaction& tx, const AccountId& account,
                                                    const IamId& iam_id) BW_EXCLUDES(mutex_);

 private:
  const std::size_t capacity_;
  Mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const IdentityAccess>> entries_
      BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::iam
