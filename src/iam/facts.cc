#include "iam/facts.h"

#include <algorithm>
#include <map>
#include <set>

#include "iam/actions.h"
#include "iam/changes.h"
#include "iam/decision.h"
#include "iam/store.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kService = "container-registry";
constexpr std::string_view kKind = "access";
constexpr std::string_view kSource = "iam policies and access groups";

using IdentitySet = std::set<std::string, std::less<>>;

// Which of the account's own roles, by name, are as good as one of the system's.
struct LikeSystemRoles {
  IdentitySet administrator;
  IdentitySet manager;
};

LikeSystemRoles Liken(std::span<const CustomRole> custom_roles, std::string_view service) {
  const auto managers = ActionsOf(Role::kManager, service);
  LikeSystemRoles like;
  for (const CustomRole& role : custom_roles) {
    if (role.service != service) continue;
    IdentitySet held;
    bool assigns = false;
    for (const std::string& action : role.actions) {
      const std::string name = CanonicalAction(action);
      assigns = assigns || IsPolicyAction(name);
      held.insert(name);
    }
    if (assigns) like.administrator.insert(role.name);
    const bool all = std::all_of(managers.begin(), managers.end(),
                                 [&](std::string_view action) { return held.contains(action); });
    if (all) like.manager.insert(role.name);
  }
  return like;
}

bool HasRole(const Policy& policy, Role role, const IdentitySet& as_good) {
  return std::any_of(policy.roles.begin(), policy.roles.end(), [&](const RoleRef& held) {
    return held.system() == role || as_good.contains(held.custom());
  });
}

void AddSubjects(const Policy& policy, const std::multimap<std::string, std::string>& members_of,
                 IdentitySet* into) {
  if (policy.subject.kind == SubjectKind::kIdentity) {
    into->insert(policy.subject.id);
    return;
  }
  const auto [first, last] = members_of.equal_range(policy.subject.id);
  for (auto it = first; it != last; ++it) into->insert(it->second);
}

bool IsServiceId(std::string_view iam_id) {
  return iam_id.starts_with("iam-ServiceId-");
}

// How many of `holders` are in the account: users, service IDs.
std::pair<std::int64_t, std::int64_t> CountKinds(const IdentitySet& holders,
                                                 std::span<const IamId> identities) {
  std::pair<std::int64_t, std::int64_t> counts{0, 0};
  for (const IamId& iam_id : identities) {
    if (!holders.contains(iam_id.value())) continue;
    ++(IsServiceId(iam_id.value()) ? counts.second : counts.first);
  }
  return counts;
}

// Who may act as a profile among `holders` is one of them. How many of those profiles trust
// federated users, and workloads.
std::pair<std::int64_t, std::int64_t> AddTrusted(std::span<const ProfileTrust> profiles,
                                                 IdentitySet* holders) {
  std::pair<std::int64_t, std::int64_t> open{0, 0};
  for (const ProfileTrust& trust : profiles) {
    if (!holders->contains(trust.profile.value())) continue;
    for (const IamId& iam_id : trust.identities) holders->insert(iam_id.value());
    open.first += trust.federated ? 1 : 0;
    open.second += trust.workloads ? 1 : 0;
  }
  return open;
}

Result<std::vector<ProfileTrust>> ReadProfiles(db::Transaction& tx, const AccountId& account) {
  BW_TRY(const auto profiles,
         tx.QueryAll(
             "SELECT id, iam_id FROM iam_profile WHERE account_id = $1 ORDER BY id", {account},
             [](const db::Row& row) { return std::pair(row.String(0), IamId(row.String(1))); }));
  std::vector<ProfileTrust> all;
  for (const auto& [id, iam_id] : profiles) {
    BW_TRY(const Trust trust, store::ReadTrust(tx, id));
    ProfileTrust one{.profile = iam_id, .identities = {}};
    one.workloads = !trust.links.empty();
    for (const ProfileIdentity& identity : trust.identities) {
      one.workloads = one.workloads || identity.kind == TrustedKind::kCrn;
      one.identities.push_back(identity.iam_id);
    }
    for (const ProfileRule& rule : trust.rules) {
      (rule.kind == ProfileRuleKind::kFederated ? one.federated : one.workloads) = true;
    }
    all.push_back(std::move(one));
  }
  return all;
}

Result<std::vector<Membership>> ReadMemberships(db::Transaction& tx, const AccountId& account,
                                                Timestamp now) {
  return tx.QueryAll(
      "SELECT m.group_id, m.iam_id FROM iam_group_member m JOIN iam_group g ON g.id = m.group_id "
      "WHERE g.account_id = $1 UNION "
      "SELECT d.group_id, d.iam_id FROM iam_group_dynamic d JOIN iam_group h ON h.id = d.group_id "
      "WHERE h.account_id = $1 AND d.expires_at > $2",
      {account, now},
      [](const db::Row& row) { return Membership{row.String(0), IamId(row.String(1))}; });
}

Result<std::vector<IamId>> ReadIdentities(db::Transaction& tx, const AccountId& account) {
  return tx.QueryAll(
      "SELECT iam_id FROM iam_user WHERE account_id = $1 UNION "
      "SELECT iam_id FROM iam_service_id WHERE account_id = $1",
      {account}, [](const db::Row& row) { return IamId(row.String(0)); });
}

}  // namespace

AccessCounts CountAccess(std::span<const Policy> policies, std::span<const CustomRole> custom_roles,
                         std::span<const Membership> memberships, std::span<const IamId> identities,
                         std::string_view service, std::span<const ProfileTrust> profiles) {
  const LikeSystemRoles like = Liken(custom_roles, service);
  std::multimap<std::string, std::string> members_of;
  for (const Membership& m : memberships) members_of.emplace(m.group, m.iam_id.value());
  AccessCounts counts;
  IdentitySet administrators;
  IdentitySet managers;
  for (const Policy& policy : policies) {
    const Coverage coverage = CoverageOf(policy, service, ServiceType::kService);
    if (coverage == Coverage::kNone) continue;
    if (policy.subject.kind == SubjectKind::kIdentity) ++counts.direct_policies;
    if (policy.subject.id == kPublicAccessGroup) ++counts.public_policies;
    if (HasRole(policy, Role::kAdministrator, like.administrator)) {
      AddSubjects(policy, members_of, &administrators);
    }
    if (coverage == Coverage::kWhole && !policy.rule &&
        HasRole(policy, Role::kManager, like.manager)) {
      AddSubjects(policy, members_of, &managers);
    }
  }
  AddTrusted(profiles, &managers);
  const auto open = AddTrusted(profiles, &administrators);
  std::tie(counts.administrator_users, counts.administrator_service_ids) =
      CountKinds(administrators, identities);
  counts.administrator_users += open.first;
  counts.administrator_service_ids += open.second;
  std::tie(counts.manager_users, counts.manager_service_ids) = CountKinds(managers, identities);
  return counts;
}

std::vector<condition::ResourceType> AccessFacts::Types() const {
  return {{std::string(kService), std::string(kKind)}};
}

Result<std::vector<control::Resource>> AccessFacts::List(db::Transaction& tx,
                                                         const condition::ResourceType&,
                                                         const AccountId& account) {
  BW_TRY(const auto found, store::FindAccount(tx, account));
  std::vector<control::Resource> resources;
  if (found) resources.push_back(AccessResource(account));
  return resources;
}

Result<condition::Facts> AccessFacts::Read(db::Transaction& tx, const control::Resource& resource) {
  BW_TRY(const auto policies, store::AllPolicies(tx, resource.account));
  BW_TRY(const auto custom_roles, store::AllCustomRoles(tx, resource.account));
  BW_TRY(const auto memberships, ReadMemberships(tx, resource.account, clock_.Now()));
  BW_TRY(const auto identities, ReadIdentities(tx, resource.account));
  BW_TRY(const auto profiles, ReadProfiles(tx, resource.account));
  AccessCounts counts =
      CountAccess(policies, custom_roles, memberships, identities, kService, profiles);
  BW_TRY(const auto everybody, store::ReadPublicAccess(tx, resource.account));
  if (!everybody.enabled) counts.public_policies = 0;
  condition::Facts facts;
  const Timestamp now = clock_.Now();
  const auto put = [&](const char* property, std::int64_t value) {
    facts.Set(property,
              condition::Fact::Present(condition::Number(value), std::string(kSource), now));
  };
  const auto services = std::ranges::count_if(
      identities, [](const IamId& iam_id) { return IsServiceId(iam_id.value()); });
  put("account_users", std::ssize(identities) - services);
  put("account_service_ids", services);
  put("administrator_users", counts.administrator_users);
  put("administrator_service_ids", counts.administrator_service_ids);
  put("manager_users", counts.manager_users);
  put("manager_service_ids", counts.manager_service_ids);
  put("direct_policies", counts.direct_policies);
  put("public_policies", counts.public_policies);
  return facts;
}

}  // namespace breakwater::iam
