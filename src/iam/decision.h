// The authorization decision: one pure function. Everything that asks "may they?" ends here.
//
// Policies are additive: the right is the union over the policies of the identity and of its
// groups; none denies. Roles do not inherit. The account's owner has every right.
#pragma once

#include <cstdint>
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

// Policies with the custom roles they name, made ready for many decisions. Immutable. Roles that
// are named but not there give nothing.
class PolicySet {
 public:
  PolicySet() = default;
  explicit PolicySet(std::vector<Policy> policies, std::vector<CustomRole> custom_roles = {});

  std::span<const Policy> policies() const { return policies_; }
  std::span<const CustomRole> custom_roles() const { return custom_roles_; }

 private:
  friend class Question;
  struct Check {
    AttributeKind kind;
    std::uint32_t attribute;  // index
  };
  struct Ready {
    RoleSet roles;
    std::vector<std::uint32_t> custom;  // indexes of custom_roles_
    std::vector<Check> checks;          // what differs most often first
  };
  std::vector<Policy> policies_;
  std::vector<CustomRole> custom_roles_;  // with their actions in the names we know, sorted
  std::vector<Ready> ready_;              // of each policy
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
  std::optional<RoleRef> role;     // of that policy
  std::string group;               // whose that policy is; empty: of the identity itself
  std::vector<Role> giving_roles;  // kNoPolicy: the roles that would give it; may be empty
};

// `groups` are the ids of the access groups the identity is in; policies of other subjects are
// passed over. `action` is a name of the table of roles.h. `now` is what rules about time are held
// against.
Decision Decide(const Identity& identity, std::span<const std::string> groups,
                const PolicySet& policies, std::string_view action,
                const control::Resource& resource, Timestamp now);

// One action on one resource at one time, asked of each policy of a set: what Decide and Explain
// (explain.h) have in common. All it is given must outlive it.
class Question {
 public:
  Question(const PolicySet& policies, std::string_view action, const control::Resource& resource,
           Timestamp now);

  // The role by which a policy gives the action on the resource to whoever it applies to.
  std::optional<RoleRef> GivenBy(std::size_t policy) const;

  // The parts of that answer: the role alone, the attributes that do not fit (indexes), whether
  // the rule holds, whether tags are in the way.
  std::optional<RoleRef> RoleOf(std::size_t policy) const;
  std::vector<std::size_t> Misfits(std::size_t policy) const;
  bool RuleHolds(std::size_t policy) const;
  bool HasTags(std::size_t policy) const;
  // It administers the service that a policy is about: then attributes are judged as a whole.
  std::optional<RoleRef> AdministeredBy(std::size_t policy) const;

  // Whether the policy's subject is the identity, or one of its groups.
  static bool AppliesTo(const Policy& policy, const Identity& identity,
                        std::span<const std::string> groups);
  // What the resource has of an attribute; empty: nothing.
  std::string_view ValueOf(AttributeKind kind) const;
  const ActionRule* rule() const { return rule_; }  // null: no role gives it

 private:
  bool Fits(const PolicySet::Check& check, const Policy& policy) const;
  bool Covers(std::size_t policy) const;
  bool CustomRoleGives(std::size_t role) const;

  const PolicySet& set_;
  std::string_view action_;
  const control::Resource& resource_;
  Timestamp now_;
  const ActionRule* rule_;
  ActionService service_;
  bool administers_;  // part of administering a service that is no account management
};

// How much of a service a policy covers, whenever it counts.
enum class Coverage {
  kNone,
  kPart,   // narrowed to a region, a registry, namespaces, a resource group, tags or by a rule
  kWhole,  // all of it, in the whole account
};
Coverage CoverageOf(const Policy& policy, std::string_view service, ServiceType type);

// "you need the role Reader or Manager on container-registry to do …": for members of the account.
std::string ExplainRefusal(const Decision& decision, std::string_view action,
                           const control::Resource& resource);

}  // namespace breakwater::iam
