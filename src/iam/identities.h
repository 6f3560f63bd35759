// Users and service IDs of an account.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iam/api_keys.h"
#include "iam/changes.h"

namespace breakwater::iam {

struct NewServiceId {
  std::string name{};
  std::string description{};
  std::vector<std::string> unique_instance_crns{};
  bool locked = false;
  std::optional<NewApiKey> api_key{};  // made with it, in the same change
};

struct MadeServiceId {
  ServiceId service_id;
  std::optional<MadeApiKey> api_key;
};

// What a PUT may change. Absent: as it is.
struct ServiceIdUpdate {
  std::optional<std::string> name{};
  std::optional<std::string> description{};
  std::optional<std::vector<std::string>> unique_instance_crns{};
};

// Thread-safe. Changing takes Administrator on iam-identity.
class ServiceIds {
 public:
  ServiceIds(ChangeDeps deps, const KeyHasher& hasher) : deps_(deps), hasher_(hasher) {}

  Result<MadeServiceId> Create(const control::Caller& caller, const AccountId& account,
                               const NewServiceId& wanted);
  Result<ServiceId> Get(const AccountId& account, std::string_view id);
  Result<store::Listed<ServiceId>> List(const AccountId& account,
                                        const store::ServiceIdFilter& filter,
                                        const store::Page& page);
  Result<std::vector<HistoryEntry>> History(const ServiceId& service_id);
  // kPrecondition if `if_match` is not its entity tag, kConflict if it is locked.
  Result<ServiceId> Update(const control::Caller& caller, const AccountId& account,
                           std::string_view id, std::string_view if_match,
                           const ServiceIdUpdate& update);
  Result<ServiceId> SetLocked(const control::Caller& caller, const AccountId& account,
                              std::string_view id, bool locked);
  // With its keys, memberships and policies.
  Status Delete(const control::Caller& caller, const AccountId& account, std::string_view id);

 private:
  using Edit = std::function<Status(ServiceId&)>;
  Result<ServiceId> EditOne(const control::Caller& caller, const AccountId& account,
                            std::string_view id, const Edit& edit);

  ChangeDeps deps_;
  const KeyHasher& hasher_;
};

struct Invitation {
  std::string email{};
  std::vector<std::string> access_groups{};  // to put the user into
};

// What a PATCH of a user may change. Absent: as it is.
struct UserUpdate {
  std::optional<std::string> first_name{};
  std::optional<std::string> last_name{};
  std::optional<std::string> email{};
  std::optional<std::string> phone{};
  std::optional<std::string> other_phone{};
  std::optional<std::string> photo{};
  std::optional<UserState> state{};  // kActive, or one of the two suspensions
};

struct UserSettingsUpdate {
  std::optional<std::string> language{};
  std::optional<std::string> notification_language{};
  std::optional<std::string> allowed_addresses{};
  std::optional<bool> self_manage{};
};

control::Resource UserResource(const AccountId& account, const IamId& iam_id);

// Thread-safe. Changing takes Administrator on user-management, and inviting into an access group
// also the right to add members to it.
class Users {
 public:
  Users(ChangeDeps deps, control::Authorizer& authorizer) : deps_(deps), authorizer_(authorizer) {}

  // All of them, or none. The new users are PENDING; they can be given keys, policies and groups at
  // once. kExists "user_exists" if the account has a user of such an address.
  // `also` is done for each of them in the same change: what it answers is recorded with it, and
  // what it puts into `governed` is judged with it.
  using AlsoForUser = std::function<Result<json::Value>(db::Transaction& tx, const User& user,
                                                        std::vector<control::Resource>& governed)>;
  Result<std::vector<User>> Invite(const control::Caller& caller, const AccountId& account,
                                   const std::vector<Invitation>& invitations,
                                   const AlsoForUser& also = {});
  Result<User> Get(const AccountId& account, const IamId& iam_id);
  Result<store::Listed<User>> List(const AccountId& account, const store::UserFilter& filter,
                                   const store::Page& page);
  // kConflict "owner" for suspending the account's owner.
  Result<User> Update(const control::Caller& caller, const AccountId& account, const IamId& iam_id,
                      const UserUpdate& update);
  Result<User> UpdateSettings(const control::Caller& caller, const AccountId& account,
                              const IamId& iam_id, const UserSettingsUpdate& update);
  // The part of a list that the caller may see: where the account restricts it, who may not change
  // users sees themselves.
  Result<store::UserFilter> Visible(const control::Caller& caller, const AccountId& account,
                                    store::UserFilter filter);
  // PENDING becomes ACTIVE: its first login.
  Status Activate(const AccountId& account, const IamId& iam_id);
  // With its keys, memberships and policies. The account's owner stays: kConflict "owner".
  Status Remove(const control::Caller& caller, const AccountId& account, const IamId& iam_id);

 private:
  Result<User> Edit(const control::Caller& caller, const AccountId& account, const IamId& iam_id,
                    const std::function<Status(User&)>& edit);
  Status MayAddTo(const control::Caller& caller, const AccountId& account,
                  const std::vector<std::string>& groups);
  Status MayRename(const control::Caller& caller, const AccountId& account, const IamId& iam_id);

  ChangeDeps deps_;
  control::Authorizer& authorizer_;
};

// An address in lower case, or kInvalid.
Result<std::string> ParseEmail(std::string_view text);

}  // namespace breakwater::iam
