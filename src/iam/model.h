// What IAM knows: accounts, identities, their keys, groups and policies. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "control/caller.h"
#include "iam/claims.h"
#include "iam/policy_rule.h"
#include "iam/roles.h"
#include "json/json.h"

namespace breakwater::iam {

// How much there may be: the reference system's limits (docs "IAM limits", 2022) and some of our
// own, which an operator may alter; and bounds that stand.
struct Limits {
  std::int64_t groups_per_account = 500;
  std::int64_t groups_per_identity = 50;  // without those a rule puts it into
  std::int64_t rules_per_group = 50;
  std::int64_t keys_per_identity = 20;
  std::int64_t policies_per_account = 2010;
  std::int64_t policies_per_subject = 500;
  std::int64_t custom_roles_per_account = 40;
  std::int64_t service_ids_per_account = 2000;
  std::int64_t users_per_account = 10'000;
  std::int64_t profiles_per_account = 1000;
  std::int64_t entries_per_profile = 100;  // of each kind: rules, links, identities
  std::int64_t zones_per_account = 500;
  std::int64_t restrictions_per_account = 1000;
  static constexpr std::size_t kMembersPerRequest = 50;
  static constexpr std::size_t kNameOctets = 256;
  static constexpr std::size_t kDescriptionOctets = 1024;
};

// Random, 32 hex digits: the reference's ids of accounts, roles and groups of them.
std::string NewHexId();

struct Account {
  AccountId id;
  std::string name;
  IamId owner;           // has every right, whatever the policies say
  bool deleted = false;  // its identities are nobody
};

enum class UserState { kProcessing, kPending, kActive, kDisabledClassicInfrastructure, kVpnOnly };
std::string_view ToString(UserState state);  // "ACTIVE", …
Result<UserState> ParseUserState(std::string_view text);

// A member of an account. One that was invited is PENDING until its first login; it has its rights,
// and counts, from the start.
struct User {
  IamId iam_id;  // "IBMid-…"
  AccountId account;
  std::string email;  // lower case; unique in the account
  std::string first_name;
  std::string last_name;
  UserState state = UserState::kPending;
  Timestamp added;
  std::string phone{};
  std::string other_phone{};
  std::string photo{};  // a URL
  std::string language{};
  std::string notification_language{};
  std::string allowed_addresses{};  // as AllowedAddresses reads them; empty: any
  bool self_manage = false;
};
std::string DisplayName(const User& user);  // "First Last", else the e-mail address

struct ServiceId {
  std::string id;  // "ServiceId-…"
  IamId iam_id;    // "iam-" + id
  AccountId account;
  std::string name;
  std::string description;
  std::vector<std::string> unique_instance_crns;
  bool locked = false;  // must not be changed or deleted
  Timestamp created;
  Timestamp modified;
  std::int64_t version = 1;
};

// Its value is shown once, when it is made; only a keyed hash of it is kept.
struct ApiKey {
  std::string id;  // "ApiKey-…"
  AccountId account;
  IamId iam_id;  // whose it is
  std::string name;
  std::string description;
  bool locked = false;    // must not be changed or deleted
  bool disabled = false;  // does not log anybody in
  std::optional<Timestamp> expires;
  Timestamp created;
  IamId created_by;
  Timestamp modified;
  std::int64_t version = 1;
  std::string action_when_leaked = "none";  // "none", "disable", "delete": for who finds it
  bool support_sessions = false;
  // The value under a key of KeyHasher's, where it was asked for; of a service ID alone.
  std::optional<Bytes> sealed_value{};
};

struct AccessGroup {
  std::string id;  // "AccessGroupId-…"
  AccountId account;
  std::string name;
  std::string description;
  Timestamp created;
  IamId created_by;
  Timestamp modified;
  IamId modified_by;
  std::int64_t version = 1;
  bool federated = false;  // it has rules
};

// The group that holds everybody, signed in or not, in every account (the reference system's
// "Public Access"). It has no row and no list of members; policies may name it as their subject.
inline constexpr std::string_view kPublicAccessGroup = "AccessGroupId-PublicAccess";
AccessGroup PublicAccessGroup(const AccountId& account);

enum class MembershipType { kStatic, kDynamic };  // added by somebody, or by a rule
std::string_view ToString(MembershipType type);   // "static", "dynamic"

struct Member {
  IamId iam_id;
  control::IdentityKind kind = control::IdentityKind::kUser;  // or kServiceId, kProfile
  Timestamp created;
  IamId created_by;
  std::string name{};         // of the user, service ID or profile
  std::string email{};        // of a user
  std::string description{};  // of a service ID or profile
  MembershipType membership = MembershipType::kStatic;
};

// Puts federated users into a group for a while, when they sign in with claims that meet all
// conditions.
struct GroupRule {
  std::string id;  // "ClaimRule-…"
  std::string group;
  AccountId account;
  std::string name;
  std::string realm;  // of the identity provider, exactly
  std::int64_t expiration_hours = 24;
  std::vector<ClaimCondition> conditions;
  Timestamp created;
  IamId created_by;
  Timestamp modified;
  IamId modified_by;
  std::int64_t version = 1;
};

// Whether an account's group of everybody counts.
struct PublicAccess {
  bool enabled = true;
  Timestamp modified{};
  IamId modified_by{};
};

enum class SubjectKind { kIdentity, kAccessGroup };
std::string_view ToString(SubjectKind kind);  // "iam_id", "access_group_id"

struct Subject {
  SubjectKind kind = SubjectKind::kAccessGroup;
  std::string id;
  friend bool operator==(const Subject&, const Subject&) = default;
};

enum class MatchOperator {
  kStringEquals,
  kStringMatch,
  kStringExists,  // the rest: in v2 alone
  kStringEqualsAnyOf,
  kStringMatchAnyOf,
};
std::string_view ToString(MatchOperator op);  // "stringEquals", "stringMatch", …
std::optional<MatchOperator> ParseMatchOperator(std::string_view text);
bool TakesList(MatchOperator op);  // those that end in AnyOf

// One condition on the resource: all of a policy's must hold.
struct PolicyAttribute {
  std::string name;   // accountId, serviceName, serviceType, service_group_id, serviceInstance,
                      // region, registry, resourceType, resource, resourceGroupId
  std::string value;  // kStringExists: "true" or "false"; none where there is a list
  MatchOperator op = MatchOperator::kStringEquals;
  std::vector<std::string> values{};  // of operators that take a list
  friend bool operator==(const PolicyAttribute&, const PolicyAttribute&) = default;
};

// What a policy looks at, by the name of its attribute.
enum class AttributeKind {
  kAccount,
  kServiceName,
  kServiceType,
  kServiceGroup,
  kServiceInstance,
  kRegion,
  kRegistry,
  kResourceType,
  kResource,
  kResourceGroup,
  kUnknown,
};
AttributeKind KindOf(std::string_view attribute);

// An access tag that a resource must carry. None here carries one, so what names one never counts.
struct PolicyTag {
  std::string name;
  std::string value;
  MatchOperator op = MatchOperator::kStringEquals;
  friend bool operator==(const PolicyTag&, const PolicyTag&) = default;
};

// A role that an account made of actions of one service. Its name is that of its CRN; it stays.
struct CustomRole {
  std::string id;  // 32 hex digits
  AccountId account;
  std::string name;
  std::string service;
  std::string display_name;
  std::string description;
  std::vector<std::string> actions;
  Timestamp created;
  IamId created_by;
  Timestamp modified;
  IamId modified_by;
  std::int64_t version = 1;
};

// A role as a policy gives it: one of the system's, or the account's own of this name.
class RoleRef {
 public:
  RoleRef(Role role) : role_(role) {}  // NOLINT: a system role is one
  static RoleRef Custom(std::string name) { return RoleRef(std::move(name)); }

  // Nothing for a custom role, whose name is custom().
  std::optional<Role> system() const {
    return custom_.empty() ? std::optional(role_) : std::nullopt;
  }
  const std::string& custom() const { return custom_; }

  friend auto operator<=>(const RoleRef&, const RoleRef&) = default;

 private:
  explicit RoleRef(std::string name) : custom_(std::move(name)) {}
  Role role_ = Role::kReader;
  std::string custom_;
};
std::string ToString(const RoleRef& role);  // "Reader", "customRole:Name"
// "…:iam-access-management::a/<account>::customRole:<Name>", or that of a system role.
std::string RoleCrn(const RoleRef& role, const AccountId& account);
// A custom role must be of this account; whether there is one of the name is another question.
std::optional<RoleRef> RoleRefFromCrn(std::string_view crn, const AccountId& account);

struct Policy {
  std::string id;
  AccountId account;
  Subject subject;
  std::string description;
  std::vector<RoleRef> roles;
  std::vector<PolicyAttribute> attributes;
  Timestamp created;
  IamId created_by;
  Timestamp modified;
  IamId modified_by;
  std::int64_t version = 1;
  std::vector<PolicyTag> tags{};
  std::string pattern{};  // what kind of rule it has
  std::optional<PolicyRule> rule{};
  std::optional<Timestamp> deleted{};  // it counts no more, but can be restored
};

// Null if the policy has no such attribute.
const PolicyAttribute* FindAttribute(const Policy& policy, std::string_view name);
// SHA-256 of what the policy says, whatever the order it says it in.
std::string Fingerprint(const Policy& policy);

// The reference system's tag of a version, for If-Match: "<version>-<16 hex digits>".
std::string EntityTag(std::string_view id, std::int64_t version);
// OK if `if_match` is "*" or names this version, quoted or not; else kPrecondition
// ("entity_tag_mismatch"), or kInvalid ("missing_if_match") when it is empty.
Status CheckEntityTag(std::string_view if_match, std::string_view id, std::int64_t version);

// Documents for the audit trail, in the domain's words; no secrets.
json::Value ToJson(const User& user);
json::Value ToJson(const ServiceId& service_id);
json::Value ToJson(const ApiKey& key);
json::Value ToJson(const AccessGroup& group);
json::Value ToJson(const GroupRule& rule);
json::Value ToJson(const Policy& policy);
json::Value ToJson(const CustomRole& role);

json::Value RolesToJson(const std::vector<RoleRef>& roles);  // ["Manager","customRole:Name"]
Result<std::vector<RoleRef>> RolesFromJson(std::string_view text);
json::Value AttributesToJson(const std::vector<PolicyAttribute>& attributes);
Result<std::vector<PolicyAttribute>> AttributesFromJson(std::string_view text);
json::Value TagsToJson(const std::vector<PolicyTag>& tags);
Result<std::vector<PolicyTag>> TagsFromJson(std::string_view text);

// 1 to Limits::kNameOctets bytes of UTF-8 without control characters.
Status CheckName(std::string_view name);
Status CheckDescription(std::string_view description);

}  // namespace breakwater::iam
