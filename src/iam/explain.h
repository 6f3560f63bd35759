// Why somebody may, or may not: the decision with its reasons. Pure, like the decision, and made of
// the same parts: Explain allows what Decide allows.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iam/decision.h"

namespace breakwater::iam {

// What keeps a policy that applies to the identity from giving the action.
struct Miss {
  std::string what;  // "role", "rule", "tags", or the name of an attribute
  std::string text;  // in words
};

struct PolicyTrace {
  std::string policy;           // id
  std::string group;            // through which it applies; empty: to the identity itself
  std::optional<RoleRef> role;  // that gives the action; nothing: none of the policy's does
  bool gives = false;
  std::vector<Miss> misses;  // what would have to be otherwise; empty if it gives
};

struct Explanation {
  bool allowed = false;
  Decision::Reason reason = Decision::Reason::kNoPolicy;
  // Those that apply to the identity, at most kMaxTraces: what gives first, then by how little is
  // missing.
  std::vector<PolicyTrace> policies;
  std::vector<std::string> remedies;  // what would have to change, in words; empty if allowed
};
inline constexpr std::size_t kMaxTraces = 20;

Explanation Explain(const Identity& identity, std::span<const std::string> groups,
                    const PolicySet& policies, std::string_view action,
                    const control::Resource& resource, Timestamp now);

// "account", "owner", "self", "policy": the layer that a reason stands for.
std::string_view LayerOf(Decision::Reason reason);

// The indexes of the policies that give the action on the resource to whoever they apply to.
std::vector<std::size_t> PoliciesThatGive(const PolicySet& policies, std::string_view action,
                                          const control::Resource& resource, Timestamp now);

}  // namespace breakwater::iam
