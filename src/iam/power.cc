#include "iam/power.h"

#include <algorithm>

#include "iam/access_cache.h"
#include "iam/policies.h"

namespace breakwater::iam {
namespace {

std::vector<const Policy*> PoliciesOf(const IdentityAccess& access) {
  std::vector<const Policy*> policies;
  for (const Policy& policy : access.policies.policies()) {
    if (Question::AppliesTo(policy, access.identity, access.groups)) policies.push_back(&policy);
  }
  return policies;
}

bool IsAtLeast(const Policy& mine, const Policy& theirs) {
  if (mine.id == theirs.id) return true;
  const bool unconditional = !mine.rule && mine.tags.empty();
  return unconditional && mine.attributes == theirs.attributes &&
         std::ranges::all_of(theirs.roles, [&](const RoleRef& role) {
           return std::ranges::find(mine.roles, role) != mine.roles.end();
         });
}

}  // namespace

Status CheckNotMorePowerful(const ChangeDeps& deps, control::Authorizer& authorizer,
                            const control::Caller& caller, const AccountId& account,
                            const IamId& target) {
  // Nobody there is found out where they are changed.
  BW_TRY(const auto known,
         deps.database.ReadValue([&](db::Transaction& tx) { return store::FindUser(tx, target); }));
  if (!known || known->account != account) return Ok();
  BW_TRY(const auto theirs, deps.database.ReadValue([&](db::Transaction& tx) {
    return ReadIdentityAccess(tx, account, target, deps.clock.Now());
  }));
  std::optional<IdentityAccess> mine;
  const auto may_assign = [&](const Policy& policy) {
    return authorizer
        .Authorize(caller, "iam-am.policy.create",
                   PolicyResource(account, policy.attributes, policy.id))
        .ok();
  };
  for (const Policy* policy : PoliciesOf(theirs)) {
    if (may_assign(*policy)) continue;
    if (!mine) {
      BW_TRY(mine, deps.database.ReadValue([&](db::Transaction& tx) {
        return ReadIdentityAccess(tx, account, caller.actor.iam_id, deps.clock.Now());
      }));
    }
    const auto own = PoliciesOf(*mine);
    const bool at_least =
        std::ranges::any_of(own, [&](const Policy* one) { return IsAtLeast(*one, *policy); });
    if (at_least) continue;
    return Denied(
               "they may do more than you, so you may not give them a way in: ask the account's "
               "owner or an administrator of what they may use")
        .Reason("more_powerful");
  }
  return Ok();
}

}  // namespace breakwater::iam
