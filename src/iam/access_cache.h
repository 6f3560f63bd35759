// Who somebody is and what decides their rights, read once for each version of their account.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "db/database.h"
#include "db/epoch_cache.h"
#include "iam/account_settings.h"
#include "iam/decision.h"
#include "iam/restrictions.h"

namespace breakwater::iam {

// An identity with everything Decide needs. Immutable.
struct IdentityAccess {
  Identity identity;
  std::string email;  // of a user or profile; the next two: of a user
  std::string first_name;
  std::string last_name;
  UserState state = UserState::kActive;
  std::vector<std::string> groups;
  PolicySet policies;  // with the account's custom roles
  // Of the account, shared by its identities; never null in what AccessCache gives.
  std::shared_ptr<const Restrictions> restrictions;
  // Of the account; never null in what ReadIdentityAccess gives.
  std::shared_ptr<const AccountSettings> settings;
  // Where its tokens may be made from: what the account says, and what is said of the user. Both
  // must allow it.
  AllowedAddresses account_addresses;
  AllowedAddresses own_addresses;
  std::int64_t version = 0;  // of the account, when it was read
  // When the first membership that a rule gave ends; from then on this is no longer true.
  std::optional<Timestamp> until{};
};

// Whether a user of this state may use what they have: PENDING (their first login makes them
// ACTIVE) and ACTIVE. DISABLED_CLASSIC_INFRASTRUCTURE and VPN_ONLY, the states an administrator can
// set, are suspensions here, where there is no classic infrastructure and no VPN; PROCESSING is not
// done yet. kUnauthenticated "identity_suspended". Of others than users: always OK.
Status CheckNotSuspended(const IdentityAccess& access);

// kUnauthenticated ("identity_unknown") if the identity is not (or no longer) in the account.
Result<IdentityAccess> ReadIdentityAccess(db::Transaction& tx, const AccountId& account,
                                          const IamId& iam_id, Timestamp now);
// What an account lets everybody do: that of nobody in particular. Nothing where the account has
// switched public access off. kUnauthenticated ("identity_unknown") if there is no such account.
Result<IdentityAccess> ReadPublicAccess(db::Transaction& tx, const AccountId& account);

// Thread-safe. Every Get asks for the account's version, so what another process changed counts at
// once; the rest comes from memory while the version stands. Where nobody else writes to the
// database, not even that is asked while nothing is committed. A membership that ends is gone at
// once: the clock is asked, too. Holds at most `capacity` identities.
class AccessCache {
 public:
  using Access = std::shared_ptr<const IdentityAccess>;  // never null

  AccessCache(db::Database& database, const Clock& clock, std::size_t capacity = 4096);

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

  bool Stands(const IdentityAccess& access) const;

  db::Database& database_;
  const Clock& clock_;
  const std::size_t capacity_;
  db::EpochCache<IdentityAccess> current_;
  Mutex mutex_;
  std::unordered_map<std::string, Access> entries_ BW_GUARDED_BY(mutex_);
  std::unordered_map<std::string, OfAccount> accounts_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::iam
