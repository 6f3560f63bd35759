// Access policies: which roles a user, service ID or access group has on what.
#pragma once

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
  std::vector<Role> roles;
  std::vector<PolicyAttribute> attributes;
};

// kInvalid with the reason "invalid_body" unless it names a subject, one to seven roles and, by
// attributes this system knows, each once, the account and what in it. For the registry,
// resourceType must be exactly "namespace" (in the reference system another spelling is accepted
// and never matches) and serviceInstance empty. Everybody (kPublicAccessGroup) can be made Reader
// of the registry, and nothing else.
Status CheckPolicy(const PolicyContent& content, const AccountId& account);

// What the right to change a policy is decided on: the service it is about, so that who
// administers that may assign access to it.
control::Resource PolicyResource(const AccountId& account,
                                 const std::vector<PolicyAttribute>& attributes, std::string id);

// Thread-safe.
class Policies {
 public:
  Policies(ChangeDeps deps, control::Authorizer& authorizer)
      : deps_(deps), authorizer_(authorizer) {}

  // kConflict "policy_conflict_error" with the detail "conflicts_with" if another policy says the
  // same.
  Result<Policy> Create(const control::Caller& caller, const AccountId& account,
                        const PolicyContent& content);
  Result<Policy> Get(const AccountId& account, std::string_view id);
  Result<store::Listed<Policy>> List(const AccountId& account,
                                     const std::optional<Subject>& subject,
                                     const store::Page& page);
  // Takes the right on what the policy was about, too.
  Result<Policy> Replace(const control::Caller& caller, const AccountId& account,
                         std::string_view id, std::string_view if_match,
                         const PolicyContent& content);
  Status Delete(const control::Caller& caller, const AccountId& account, std::string_view id);

 private:
  ChangeDeps deps_;
  control::Authorizer& authorizer_;
};

}  // namespace breakwater::iam
