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

namespace breakwater::iam::store {

struct Page {
  std::int64_t offset = 0;
  std::int64_t limit = 100;
};

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

// --- Users ---
Status InsertUser(db::Transaction& tx, const User& user);
Status SetUserState(db::Transaction& tx, const IamId& iam_id, UserState state);
Result<std::optional<User>> FindUser(db::Transaction& tx, const IamId& iam_id);
struct UserFilter {
  std::string search;  // part of the e-mail address or a name; empty: all
};
Result<Listed<User>> ListUsers(db::Transaction& tx, const AccountId& account,
                               const UserFilter& filter, const Page& page);

// --- Service IDs ---
Status InsertServiceId(db::Transaction& tx, const ServiceId& service_id);
Status UpdateServiceId(db::Transaction& tx, const ServiceId& service_id);
Result<std::optional<ServiceId>> FindServiceId(db::Transaction& tx, std::string_view id);
Result<std::optional<ServiceId>> FindServiceIdByIamId(db::Transaction& tx, const IamId& iam_id);
struct ServiceIdFilter {
  std::string name;  // exact; empty: all
};
Result<Listed<ServiceId>> ListServiceIds(db::Transaction& tx, const AccountId& account,
                                         const ServiceIdFilter& filter, const Page& page);

// Removes a user or service ID with its keys, memberships and policies.
Status DeleteIdentity(db::Transaction& tx, const AccountId& account, const IamId& iam_id);

// --- API keys ---
Status InsertApiKey(db::Transaction& tx, const ApiKey& key, const Bytes& hash);
Status UpdateApiKey(db::Transaction& tx, const ApiKey& key);
Status DeleteApiKey(db::Transaction& tx, std::string_view id);
Result<std::optional<ApiKey>> FindApiKey(db::Transaction& tx, std::string_view id);
Result<std::optional<ApiKey>> FindApiKeyByHash(db::Transaction& tx, const Bytes& hash);
struct ApiKeyFilter {
  std::optional<IamId> iam_id;
  std::optional<control::IdentityKind> kind;  // kUser or kServiceId
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
  std::optional<IamId> member;
  std::string search;  // part of the name; empty: all
};
Result<Listed<AccessGroup>> ListGroups(db::Transaction& tx, const AccountId& account,
                                       const GroupFilter& filter, const Page& page);

// kExists if it is a member already.
Status InsertMember(db::Transaction& tx, std::string_view group, const Member& member);
// False if it was none.
Result<bool> DeleteMember(db::Transaction& tx, std::string_view group, const IamId& iam_id);
Result<bool> IsMember(db::Transaction& tx, std::string_view group, const IamId& iam_id);
Result<Listed<Member>> ListMembers(db::Transaction& tx, std::string_view group,
                                   std::optional<control::IdentityKind> kind, const Page& page);
Result<std::vector<std::string>> GroupsOf(db::Transaction& tx, const IamId& iam_id);

// --- Policies ---
Status InsertPolicy(db::Transaction& tx, const Policy& policy);
Status UpdatePolicy(db::Transaction& tx, const Policy& policy);
Status DeletePolicy(db::Transaction& tx, std::string_view id);
Result<std::optional<Policy>> FindPolicy(db::Transaction& tx, std::string_view id);
// The policy that says the same, if there is one.
Result<std::optional<Policy>> FindPolicyByFingerprint(db::Transaction& tx, const AccountId& account,
                                                      std::string_view fingerprint);
Result<Listed<Policy>> ListPolicies(db::Transaction& tx, const AccountId& account,
                                    const std::optional<Subject>& subject, const Page& page);
// Those of the identity itself and of every group it is in, the one of everybody included. For
// nobody, whose id is empty, those of everybody alone.
Result<std::vector<Policy>> PoliciesFor(db::Transaction& tx, const AccountId& account,
                                        const IamId& iam_id);
Result<std::vector<Policy>> AllPolicies(db::Transaction& tx, const AccountId& account);

}  // namespace breakwater::iam::store
