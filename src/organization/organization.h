// An enterprise and what hangs below it: founded, divided into account groups, grown by accounts.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "iam/changes.h"
#include "iam/key_hasher.h"
#include "organization/model.h"

namespace breakwater::organization {

struct NewEnterprise {
  std::string name{};
  std::string domain{};
  IamId primary_contact{};  // a user of the founding account
};
struct EnterpriseUpdate {
  std::optional<std::string> name{};
  std::optional<std::string> domain{};
  std::optional<IamId> primary_contact{};
};
struct NewAccountGroup {
  std::string parent{};  // a node's CRN or id
  std::string name{};
  IamId primary_contact{};
};
struct AccountGroupUpdate {
  std::optional<std::string> name{};
  std::optional<IamId> primary_contact{};
};
struct NewMemberAccount {
  std::string parent{};  // a node's CRN or id
  std::string name{};
  IamId owner{};  // a user of the founding account, whose e-mail address and name the owner gets
  bool with_service_id = false;
};

// With a service ID in the group of administrators, where one was wanted; its key's value is shown
// this once.
struct MadeAccount {
  AccountId id;
  std::string service_id;
  std::string api_key_id;
  std::optional<Secret> api_key{};
};

// Absent: any.
struct Selection {
  std::optional<std::string> parent{};  // directly below this node
  std::optional<std::string> below{};   // anywhere below this node
  bool deleted = false;                 // the deleted, too
};

// What an account may see of a tree. The founding account sees all of it; another of its accounts
// sees itself, the enterprise and the groups above it.
struct View {
  Tree tree;
  std::vector<MemberAccount> accounts;  // by id
  bool whole = false;
};

struct OrganizationDeps {
  iam::ChangeDeps changes;
  const iam::KeyHasher& hasher;
  // Whether an account has images or anything else that must not vanish with it.
  std::function<Result<bool>(db::Transaction&, const AccountId&)> holds_content;
  Limits limits{};
  // What a new account begins with beyond its identities, made in the same change: the resources
  // that rules judge of it. Null: nothing.
  std::function<Result<std::vector<control::Resource>>(db::Transaction&, const AccountId&)>
      begin_account = {};
};

// Thread-safe. Changing takes Administrator on the service "enterprise" in the founding account.
// What an account may not see is kNotFound.
class Organization {
 public:
  explicit Organization(OrganizationDeps deps) : deps_(std::move(deps)) {}

  // The account founds an enterprise and is its first account. kConflict "enterprise_exists" where
  // it is in one.
  Result<Enterprise> Found(const control::Caller& caller, const AccountId& account,
                           const NewEnterprise& wanted);
  // Nothing if the account stands alone. What was deleted is not in it unless that is asked for.
  Result<std::optional<View>> See(const AccountId& viewer, bool with_deleted = false);
  Status Update(const control::Caller& caller, std::string_view id, const EnterpriseUpdate& update);

  Result<AccountGroup> CreateGroup(const control::Caller& caller, const NewAccountGroup& wanted);
  Status UpdateGroup(const control::Caller& caller, std::string_view id,
                     const AccountGroupUpdate& update);
  // kConflict "not_empty" while there is anything below it.
  Status DeleteGroup(const control::Caller& caller, std::string_view id);

  // An account of its own, with an owner, administrators and their policies (iam/account_setup.h).
  Result<MadeAccount> CreateAccount(const control::Caller& caller, const NewMemberAccount& wanted);
  Status MoveAccount(const control::Caller& caller, const AccountId& id, const std::string& parent);
  // Its identities are nobody from then on. kConflict "not_empty" while it has namespaces, and
  // "enterprise_account" for the founding one.
  Status DeleteAccount(const control::Caller& caller, const AccountId& id);

  // Forgets what was deleted kDeletedLife ago.
  Status Sweep();
  static constexpr std::chrono::hours kDeletedLife{24 * 30};

 private:
  struct Seen {
    Tree tree;
    std::vector<MemberAccount> accounts;
  };
  using Apply = std::function<Result<control::Effect>(db::Transaction&, const Seen&)>;

  // The tree that the caller's account runs; kNotFound if it runs none.
  Result<Seen> Run(db::Transaction& tx, const AccountId& account) const;
  Status Change(const control::Caller& caller, std::string_view action, std::string_view kind,
                std::string_view name, const Apply& apply);

  const OrganizationDeps deps_;
};

// What of a view is meant.
std::vector<AccountGroup> Select(const View& view, const Selection& selection);
std::vector<MemberAccount> SelectAccounts(const View& view, const Selection& selection);

// What rights on the tree are decided on: "enterprise", "account" or "account-group".
control::Resource OrganizationResource(const AccountId& account, std::string_view kind,
                                       std::string_view name = {});

}  // namespace breakwater::organization
