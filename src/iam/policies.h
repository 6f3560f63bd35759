// Access policies: which roles a user, service ID or access group has on what.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iam/changes.h"

namespace breakwater::iam {

// What a policy says; the rest of it is made here.
struct PolicyContent {
  Subject subject;
  std::string description;
  std::vector<RoleRef> roles;
  std::vector<PolicyAttribute> attributes;
  std::vector<PolicyTag> tags{};
  std::string pattern{};
  std::optional<PolicyRule> rule{};
};

// kInvalid with the reason "invalid_body" unless it names a subject, roles and, by attributes this
// system knows, each once, the account and what in it. For the registry, resourceType must be
// exactly "namespace" (in the reference system another spelling is accepted and never matches) and
// serviceInstance empty. A rule must be of its pattern, and not be over at `now`. Everybody
// (kPublicAccessGroup) can be made Reader of the registry, and nothing else.
Status CheckPolicy(const PolicyContent& content, const AccountId& account, Timestamp now);

// What the right to change a policy is decided on: the service it is about, so that who
// administers that may assign access to it.
control::Resource PolicyResource(const AccountId& account,
                                 const std::vector<PolicyAttribute>& attributes, std::string id);

// Deleted policies can be restored for this long, and at most as many of them as there may be
// policies are kept.
inline constexpr std::chrono::hours kDeletedPolicyLife{24 * 30};

// Thread-safe. Of another account's policy, all say that there is none: kNotFound
// "policy_not_found".
class Policies {
 public:
  Policies(ChangeDeps deps, control::Authorizer& authorizer)
      : deps_(deps), authorizer_(authorizer) {}

  const Limits& limits() const { return deps_.limits; }

  // A user or service ID that is not in the account may be the subject: it may come yet. A locked
  // service ID may not: kConflict "locked".
  // kInvalid "role_not_found" if the account has no such custom role, "invalid_body" if that is of
  // another service than the policy. kConflict "policy_conflict_error" with the detail "policy" if
  // another says the same; "limit_exceeded".
  Result<Policy> Create(const control::Caller& caller, const AccountId& account,
                        const PolicyContent& content);
  // The same as part of another change: first the right to it, recorded if it is refused, then what
  // it says, in that change's transaction. `content` has no subject for the former.
  Status MayCreate(const control::Caller& caller, const AccountId& account,
                   const PolicyContent& content);
  Result<Policy> CreateIn(db::Transaction& tx, const control::Caller& caller,
                          const AccountId& account, const PolicyContent& content);
  // Deleted ones, too.
  Result<Policy> Get(const AccountId& account, std::string_view id);
  struct Listed {
    std::vector<Policy> items;
    std::optional<store::PolicyPlace> next;  // after which the next page begins
  };
  Result<Listed> List(const AccountId& account, const store::PolicyFilter& filter,
                      const store::PolicyPage& page);
  // Takes the right on what the policy was about, too.
  Result<Policy> Replace(const control::Caller& caller, const AccountId& account,
                         std::string_view id, std::string_view if_match,
                         const PolicyContent& content);
  // It counts no more. A deleted one can be restored for kDeletedPolicyLife.
  Status Delete(const control::Caller& caller, const AccountId& account, std::string_view id);
  // Makes a deleted one count again (and leaves another as it is), if it could be made today.
  Result<Policy> Restore(const control::Caller& caller, const AccountId& account,
                         std::string_view id, std::string_view if_match);

 private:
  Policy Plan(const control::Caller& caller, const AccountId& account,
              const PolicyContent& content) const;
  Status Store(db::Transaction& tx, const Policy& made) const;
  Status MayChange(const control::Caller& caller, std::string_view action, const Policy& policy);

  ChangeDeps deps_;
  control::Authorizer& authorizer_;
};

}  // namespace breakwater::iam
