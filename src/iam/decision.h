// The authorization decision: one pure function. Everything that asks "may they?" ends here.
//
// Policies are additive: the right is the union over the policies of the identity and of its
// groups; none denies. Roles do not inherit. The account's owner has every right.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "control/caller.h"
#include "control/resource.h"
#include "iam/model.h"

namespace breakwater::iam {

struct Identity {
  control::IdentityKind kind = control::IdentityKind::kUser;
  AccountId account;
  IamId iam_id;
  std::string name;
  bool owner = false;
};

struct Decision {
  enum class Reason {
    kOwner,         // allowed: the account's owner
    kSelf,          // allowed: one's own API keys, password and sessions
    kPolicy,        // allowed: by `policy` and `role`
    kOtherAccount,  // refused: the resource belongs to another account
    kNoPolicy,      // refused: no policy gives it
  };
  bool allowed = false;
  Reason reason = Reason::kNoPolicy;
  std::string policy;              // id
  std::optional<Role> role;        // of that policy
  std::vector<Role> giving_roles;  // kNoPolicy: the roles that would give it; may be empty
};

// `groups` are the ids of the access groups the identity is in; policies of other subjects are
// passed over. `action` is a name of the table of roles.h.
Decision Decide(const Identity& identity, std::span<const std::string> groups,
                std::span<const Policy> policies, std::string_view action,
                const control::Resource& resource);

// How much of a service a policy covers.
enum class Coverage {
  kNone,
  kPart,   // narrowed to a region, a registry, namespaces or a resource group
  kWhole,  // all of it, in the whole account
};
Coverage CoverageOf(const Policy& policy, std::string_view service, ServiceType type);

// "you need the role Reader or Manager on container-registry to do …": for members of the account.
std::string ExplainRefusal(const Decision& decision, std::string_view action,
                           const control::Resource& resource);

}  // namespace breakwater::iam
