#include "iam/access_cache.h"

#include <algorithm>

#include "db/together.h"
#include "iam/restriction_store.h"
#include "iam/sign_in/break_glass.h"
#include "iam/store.h"

namespace breakwater::iam {
namespace {

Error Unknown() {
  return Unauthenticated("the identity of this credential is no longer in the account")
      .Reason("identity_unknown");
}

Status ReadWho(db::Transaction& tx, const AccountId& account, const IamId& iam_id,
               IdentityAccess* access) {
  if (IsBreakGlass(iam_id)) {
    access->identity.kind = control::IdentityKind::kUser;
    access->identity.name = "break-glass identity";
    return Ok();
  }
  BW_TRY(const auto user, store::FindUser(tx, iam_id));
  if (user && user->account == account) {
    access->identity.kind = control::IdentityKind::kUser;
    access->identity.name = DisplayName(*user);
    access->email = user->email;
    access->first_name = user->first_name;
    access->last_name = user->last_name;
    access->state = user->state;
    BW_TRY(access->own_addresses, AllowedAddresses::Parse(user->allowed_addresses));
    return Ok();
  }
  BW_TRY(const auto service_id, store::FindServiceIdByIamId(tx, iam_id));
  if (service_id && service_id->account == account) {
    access->identity.kind = control::IdentityKind::kServiceId;
    access->identity.name = service_id->name;
    return Ok();
  }
  BW_TRY(const auto profile, store::FindProfileByIamId(tx, iam_id));
  if (!profile || profile->account != account) return Unknown();
  access->identity.kind = control::IdentityKind::kProfile;
  access->identity.name = profile->name;
  access->email = profile->email;
  return Ok();
}

Result<PolicySet> ReadPolicies(db::Transaction& tx, const AccountId& account, const IamId& iam_id,
                               const std::vector<std::string>& groups) {
  BW_TRY(auto policies, store::PoliciesFor(tx, account, iam_id, groups));
  const bool custom = std::any_of(policies.begin(), policies.end(), [](const Policy& policy) {
    return std::any_of(policy.roles.begin(), policy.roles.end(),
                       [](const RoleRef& role) { return !role.custom().empty(); });
  });
  if (!custom) return PolicySet(std::move(policies));
  BW_TRY(auto roles, store::AllCustomRoles(tx, account));
  return PolicySet(std::move(policies), std::move(roles));
}

// Roughly: policies are what there may be many of.
std::size_t BytesOf(const IdentityAccess& access) {
  return 128 * access.groups.size() + 1024 * access.policies.policies().size();
}

}  // namespace

Status CheckNotSuspended(const IdentityAccess& access) {
  if (access.identity.kind != control::IdentityKind::kUser || access.state == UserState::kActive ||
      access.state == UserState::kPending) {
    return Ok();
  }
  return Unauthenticated("this user is suspended (" + std::string(ToString(access.state)) +
                         "): an administrator of the account can set the state to ACTIVE")
      .Reason("identity_suspended");
}

Result<IdentityAccess> ReadIdentityAccess(db::Transaction& tx, const AccountId& account,
                                          const IamId& iam_id, Timestamp now) {
  IdentityAccess access;
  BW_TRY(access.version, store::ReadVersion(tx, account));
  BW_TRY(const auto owner, store::FindAccount(tx, account));
  if (!owner || owner->deleted) return Unknown();
  BW_TRY_STATUS(ReadWho(tx, account, iam_id, &access));
  access.identity.account = account;
  access.identity.iam_id = iam_id;
  access.identity.owner = owner->owner == iam_id || IsBreakGlass(iam_id);
  BW_TRY(auto settings, store::ReadAccountSettings(tx, account));
  BW_TRY(access.account_addresses, AllowedAddresses::Parse(settings.allowed_addresses));
  access.settings = std::make_shared<const AccountSettings>(std::move(settings));
  BW_TRY(auto groups, store::GroupsOf(tx, iam_id, now));
  access.groups = std::move(groups.ids);
  access.until = groups.until;
  BW_TRY(const auto everybody, store::ReadPublicAccess(tx, account));
  if (everybody.enabled) access.groups.emplace_back(kPublicAccessGroup);
  BW_TRY(access.policies, ReadPolicies(tx, account, iam_id, access.groups));
  return access;
}

Result<IdentityAccess> ReadPublicAccess(db::Transaction& tx, const AccountId& account) {
  IdentityAccess access;
  BW_TRY(access.version, store::ReadVersion(tx, account));
  BW_TRY(const auto known, store::FindAccount(tx, account));
  if (!known || known->deleted) return Unknown();
  access.identity.kind = control::IdentityKind::kAnonymous;
  access.identity.account = account;
  BW_TRY(const auto everybody, store::ReadPublicAccess(tx, account));
  if (!everybody.enabled) return access;
  access.groups.emplace_back(kPublicAccessGroup);
  BW_TRY(access.policies, ReadPolicies(tx, account, IamId(), access.groups));
  return access;
}

AccessCache::AccessCache(db::Database& database, const Clock& clock, std::size_t capacity)
    : database_(database),
      clock_(clock),
      capacity_(capacity),
      current_(database, {.max_bytes = 16U << 20, .max_entry_bytes = 4U << 20}, BytesOf) {}

Result<AccessCache::Access> AccessCache::Get(const AccountId& account, const IamId& iam_id) {
  // An empty id would share its place with nobody's.
  if (iam_id.empty()) return Unknown();
  return GetBy(account, iam_id);
}

Result<AccessCache::Access> AccessCache::GetPublic(const AccountId& account) {
  return GetBy(account, IamId());
}

Result<AccessCache::Access> AccessCache::Get(db::Transaction& tx, const AccountId& account,
                                             const IamId& iam_id) {
  if (iam_id.empty()) return Unknown();
  return GetBy(tx, account, iam_id);
}

Result<AccessCache::Access> AccessCache::GetBy(const AccountId& account, const IamId& iam_id) {
  const auto read = [&] {
    return database_.ReadValue([&](db::Transaction& tx) { return GetBy(tx, account, iam_id); });
  };
  BW_TRY(auto access, current_.Get({account.value(), iam_id.value()}, read));
  // No commit told of the end of a membership.
  return Stands(*access) ? Result<Access>(std::move(access)) : read();
}

bool AccessCache::Stands(const IdentityAccess& access) const {
  return !access.until || clock_.Now() < *access.until;
}

Result<AccessCache::Access> AccessCache::GetBy(db::Transaction& tx, const AccountId& account,
                                               const IamId& iam_id) {
  BW_TRY(const std::int64_t version, store::ReadVersion(tx, account));
  const std::string key = account.value() + "/" + iam_id.value();
  // A version that is not committed may come again, for other rights.
  const bool keep = !db::IsTogether();
  if (keep) {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second->version == version && Stands(*found->second)) {
      return found->second;
    }
  }
  const Timestamp now = clock_.Now();
  BW_TRY(auto read, iam_id.empty() ? ReadPublicAccess(tx, account)
                                   : ReadIdentityAccess(tx, account, iam_id, now));
  BW_TRY(read.restrictions, RestrictionsOf(tx, account, version));
  auto access = std::make_shared<const IdentityAccess>(std::move(read));
  if (!keep) return access;
  const MutexLock lock(mutex_);
  if (entries_.size() >= capacity_ && !entries_.contains(key)) entries_.clear();
  entries_[key] = access;
  return access;
}

Result<std::shared_ptr<const Restrictions>> AccessCache::RestrictionsOf(db::Transaction& tx,
                                                                        const AccountId& account,
                                                                        std::int64_t version) {
  const bool keep = !db::IsTogether();
  if (keep) {
    const MutexLock lock(mutex_);
    const auto found = accounts_.find(account.value());
    if (found != accounts_.end() && found->second.version == version) {
      return found->second.restrictions;
    }
  }
  BW_TRY(auto read, store::ReadRestrictions(tx, account));
  auto restrictions = std::make_shared<const Restrictions>(std::move(read));
  if (!keep) return restrictions;
  const MutexLock lock(mutex_);
  if (accounts_.size() >= capacity_ && !accounts_.contains(account.value())) accounts_.clear();
  accounts_[account.value()] = {restrictions, version};
  return restrictions;
}

}  // namespace breakwater::iam
