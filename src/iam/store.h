// The rows of IAM. Every function works in the transaction it is given; those that write belong
// into a Change (control/change.h). What alters a decision or a credential must also BumpVersion.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "db/database.h"
#include "iam/model.h"
#include "iam/profile_trust.h"

namespace breakwater::iam::store {

struct Page {
  std::int64_t offset = 0;
  std::int64_t limit = 100;
};

enum class Order { kAscending, kDescending };

template <class T>
struct Listed {
  std::vector<T> items;
  std::int64_t total = 0;
};

// 0 if there is no such account.
Result<std::int64_t> ReadVersion(db::Transaction& tx, const AccountId& account);
Status BumpVersion(db::Transaction& tx, const AccountId& account);

Status InsertAccount(db::Transaction& tx, const Account& account, Timestamp now);
Result<std::optional<Account>> FindAccount(db::Transaction& tx, const AccountId& id);
// The oldest one, if there is any.
Result<std::optional<Account>> FirstAccount(db::Transaction& tx);
// Those that are not deleted, the oldest first.
Result<std::vector<AccountId>> ListAccounts(db::Transaction& tx);
// From now on its identities are nobody.
Status MarkAccountDeleted(db::Transaction& tx, const AccountId& id);

// --- Users ---
Status InsertUser(db::Transaction& tx, const User& user);
// All but its account and when it was added. kExists if the account has another of this address.
Status UpdateUser(db::Transaction& tx, const User& user);
Status SetUserState(db::Transaction& tx, const IamId& iam_id, UserState state);
Result<std::optional<User>> FindUser(db::Transaction& tx, const IamId& iam_id);
struct UserFilter {
  std::string search{};  // part of the e-mail address or a name; empty: all
  std::string email{};   // exactly; empty: all
  IamId iam_id{};        // empty: all
};
Result<Listed<User>> ListUsers(db::Transaction& tx, const AccountId& account,
                               const UserFilter& filter, const Page& page);

// --- Service IDs ---
Status InsertServiceId(db::Transaction& tx, const ServiceId& service_id);
Status UpdateServiceId(db::Transaction& tx, const ServiceId& service_id);
Result<std::optional<ServiceId>> FindServiceId(db::Transaction& tx, std::string_view id);
Result<std::optional<ServiceId>> FindServiceIdByIamId(db::Transaction& tx, const IamId& iam_id);
struct ServiceIdFilter {
  std::string name{};  // exact; empty: all
  std::string sort{};  // "name", "description", "created_at", "modified_at"; others: by id
  Order order = Order::kAscending;
};
Result<Listed<ServiceId>> ListServiceIds(db::Transaction& tx, const AccountId& account,
                                         const ServiceIdFilter& filter, const Page& page);

// Removes an identity with its keys, memberships and policies, and the trust that profiles put in
// it.
Status DeleteIdentity(db::Transaction& tx, const AccountId& account, const IamId& iam_id);

// --- Trusted profiles ---
Status InsertProfile(db::Transaction& tx, const Profile& profile);
Status UpdateProfile(db::Transaction& tx, const Profile& profile);
// With its trust, memberships and policies.
Status DeleteProfile(db::Transaction& tx, const Profile& profile);
Result<std::optional<Profile>> FindProfile(db::Transaction& tx, std::string_view id);
Result<std::optional<Profile>> FindProfileByIamId(db::Transaction& tx, const IamId& iam_id);
Result<std::optional<Profile>> FindProfileByName(db::Transaction& tx, const AccountId& account,
                                                 std::string_view name);
struct ProfileFilter {
  std::string name{};  // exact; empty: all
  std::string sort{};  // "name", "description", "created_at", "modified_at"; others: by id
  Order order = Order::kAscending;
};
Result<Listed<Profile>> ListProfiles(db::Transaction& tx, const AccountId& account,
                                     const ProfileFilter& filter, const Page& page);
Result<Trust> ReadTrust(db::Transaction& tx, std::string_view profile);
Status InsertProfileIdentity(db::Transaction& tx, std::string_view profile,
                             const ProfileIdentity& identity);
// False if there was none, as of the next two.
Result<bool> DeleteProfileIdentity(db::Transaction& tx, std::string_view profile, TrustedKind kind,
                                   std::string_view identifier);
Status InsertProfileRule(db::Transaction& tx, const ProfileRule& rule);
Status UpdateProfileRule(db::Transaction& tx, const ProfileRule& rule);
Result<bool> DeleteProfileRule(db::Transaction& tx, std::string_view id);
Status InsertProfileLink(db::Transaction& tx, const ProfileLink& link);
Result<bool> DeleteProfileLink(db::Transaction& tx, std::string_view id);

// --- API keys ---
Status InsertApiKey(db::Transaction& tx, const ApiKey& key, const Bytes& hash);
Status UpdateApiKey(db::Transaction& tx, const ApiKey& key);
Status DeleteApiKey(db::Transaction& tx, std::string_view id);
Result<std::optional<ApiKey>> FindApiKey(db::Transaction& tx, std::string_view id);
Result<std::optional<ApiKey>> FindApiKeyByHash(db::Transaction& tx, const Bytes& hash);
// Keys that are not disabled and end within a number of days, where that was not announced yet; and
// that it was.
Result<std::vector<ApiKey>> KeysToWarnOf(db::Transaction& tx, Timestamp now, int days,
                                         std::int64_t most);
Status MarkWarned(db::Transaction& tx, std::string_view id, int days);
struct ApiKeyFilter {
  std::optional<IamId> iam_id;
  std::optional<control::IdentityKind> kind;  // kUser or kServiceId
  std::string sort{};  // "name", "description", "created_at", "created_by"; others: by id
  Order order = Order::kAscending;
};
Result<Listed<ApiKey>> ListApiKeys(db::Transaction& tx, const AccountId& account,
                                   const ApiKeyFilter& filter, const Page& page);

// --- Access groups ---
Status InsertGroup(db::Transaction& tx, const AccessGroup& group);
Status UpdateGroup(db::Transaction& tx, const AccessGroup& group);
// With its members and policies.
Status DeleteGroup(db::Transaction& tx, const AccessGroup& group);
Result<std::optional<AccessGroup>> FindGroup(db::Transaction& tx, std::string_view id);
struct GroupFilter {
  std::optional<IamId> member{};
  // How the member is in it; absent: either way.
  std::optional<MembershipType> membership{};
  std::string search{};       // part of the name; empty: all
  std::string sort = "name";  // or "id", "description", "is_federated"
  Order order = Order::kAscending;
};
// At `now`: who is in a group by a rule is in it for a while.
Result<Listed<AccessGroup>> ListGroups(db::Transaction& tx, const AccountId& account,
                                       const GroupFilter& filter, const Page& page, Timestamp now);

// kExists if it is a member already.
Status InsertMember(db::Transaction& tx, std::string_view group, const Member& member);
// False if it was none.
Result<bool> DeleteMember(db::Transaction& tx, std::string_view group, const IamId& iam_id);
// By either kind of membership.
Result<bool> IsMember(db::Transaction& tx, std::string_view group, const IamId& iam_id,
                      Timestamp now);
struct MemberFilter {
  std::optional<control::IdentityKind> kind{};
  std::optional<MembershipType> membership{};
  std::string sort = "id";  // or "name", "email"
  Order order = Order::kAscending;
};
Result<Listed<Member>> ListMembers(db::Transaction& tx, std::string_view group,
                                   const MemberFilter& filter, const Page& page, Timestamp now);
// The groups that an identity was added to.
Result<std::vector<std::string>> StaticGroupsOf(db::Transaction& tx, const IamId& iam_id);
// Those that it is in at `now`, and when the first of its memberships by a rule ends.
struct Groups {
  std::vector<std::string> ids;
  std::optional<Timestamp> until;
};
Result<Groups> GroupsOf(db::Transaction& tx, const IamId& iam_id, Timestamp now);

// --- Rules of access groups ---
Status InsertGroupRule(db::Transaction& tx, const GroupRule& rule);
Status UpdateGroupRule(db::Transaction& tx, const GroupRule& rule);
// With the memberships it gave.
Status DeleteGroupRule(db::Transaction& tx, std::string_view id);
Result<std::optional<GroupRule>> FindGroupRule(db::Transaction& tx, std::string_view id);
Result<std::vector<GroupRule>> ListGroupRules(db::Transaction& tx, std::string_view group);
Result<std::vector<GroupRule>> GroupRulesOfRealm(db::Transaction& tx, const AccountId& account,
                                                 std::string_view realm);
// The rules by which an identity is in groups at `now`.
Result<std::vector<std::string>> DynamicRulesOf(db::Transaction& tx, const IamId& iam_id,
                                                Timestamp now);
Status InsertDynamicMember(db::Transaction& tx, const GroupRule& rule, const IamId& iam_id,
                           Timestamp now, Timestamp expires);
// Those that the rules of a realm gave, and all that have ended.
Status DeleteDynamicMemberships(db::Transaction& tx, const AccountId& account, const IamId& iam_id,
                                std::string_view realm, Timestamp now);
Status DeleteMembershipsOfRule(db::Transaction& tx, std::string_view rule);

Result<PublicAccess> ReadPublicAccess(db::Transaction& tx, const AccountId& account);
Status WritePublicAccess(db::Transaction& tx, const AccountId& account, const PublicAccess& access);

// --- Policies ---
Status InsertPolicy(db::Transaction& tx, const Policy& policy);
Status UpdatePolicy(db::Transaction& tx, const Policy& policy);
Status DeletePolicy(db::Transaction& tx, std::string_view id);
Result<std::optional<Policy>> FindPolicy(db::Transaction& tx, std::string_view id);
// The policy that says the same, if there is one.
Result<std::optional<Policy>> FindPolicyByFingerprint(db::Transaction& tx, const AccountId& account,
                                                      std::string_view fingerprint);
// Without deleted ones; of one subject, if one is named.
Result<std::int64_t> CountPolicies(db::Transaction& tx, const AccountId& account,
                                   const std::optional<Subject>& subject = std::nullopt);

struct PolicyFilter {
  std::optional<Subject> subject{};
  std::string service_name{};  // of the attribute serviceName; empty: all
  std::optional<ServiceType> service_type{};
  std::string service_group{};  // those about a group of services; empty: all
  std::string tag_name{};       // empty: any
  std::string tag_value{};
  bool deleted = false;  // those alone, else the others alone
};
enum class PolicyOrder { kId, kCreated, kCreatedBy, kModified, kModifiedBy };
// Where a policy stands in an order: what it is ordered by, then its id.
struct PolicyPlace {
  std::optional<std::int64_t> number;  // of times
  std::string text;                    // of the others
  std::string id;
};
PolicyPlace PlaceOf(const Policy& policy, PolicyOrder order);
struct PolicyPage {
  PolicyOrder order = PolicyOrder::kId;
  bool descending = false;
  std::optional<PolicyPlace> after{};
  std::int64_t limit = 100;
};
Result<std::vector<Policy>> ListPolicies(db::Transaction& tx, const AccountId& account,
                                         const PolicyFilter& filter, const PolicyPage& page);
// Removes for good what was deleted before then, and the oldest beyond so many (1000 at a time).
Status PurgeDeletedPolicies(db::Transaction& tx, const AccountId& account, Timestamp before,
                            std::int64_t keep);
// Those of the identity itself (nobody's id is empty) and of these groups, without deleted ones.
Result<std::vector<Policy>> PoliciesFor(db::Transaction& tx, const AccountId& account,
                                        const IamId& iam_id,
                                        const std::vector<std::string>& groups);
// Without deleted ones.
Result<std::vector<Policy>> AllPolicies(db::Transaction& tx, const AccountId& account);

// --- Who there is ---
struct Named {
  control::IdentityKind kind = control::IdentityKind::kUser;
  std::string name;
  bool active = true;  // a user that is not suspended; others always
};
// A user, service ID or trusted profile of the account.
Result<std::optional<Named>> FindNamed(db::Transaction& tx, const AccountId& account,
                                       const IamId& iam_id);
// Members of a group by hand or by a rule that holds at `now`: the first so many behind `after`.
Result<std::vector<IamId>> MembersBehind(db::Transaction& tx, std::string_view group,
                                         const IamId& after, std::int64_t limit, Timestamp now);

// --- Custom roles ---
Status InsertCustomRole(db::Transaction& tx, const CustomRole& role);
Status UpdateCustomRole(db::Transaction& tx, const CustomRole& role);
Status DeleteCustomRole(db::Transaction& tx, std::string_view id);
Result<std::optional<CustomRole>> FindCustomRole(db::Transaction& tx, std::string_view id);
Result<std::optional<CustomRole>> FindCustomRoleByName(db::Transaction& tx,
                                                       const AccountId& account,
                                                       std::string_view name);
// By name.
Result<std::vector<CustomRole>> AllCustomRoles(db::Transaction& tx, const AccountId& account);
// The id of a policy that names the role, if there is one; deleted ones do not count.
Result<std::optional<std::string>> PolicyWithRole(db::Transaction& tx, const AccountId& account,
                                                  const RoleRef& role);

}  // namespace breakwater::iam::store
