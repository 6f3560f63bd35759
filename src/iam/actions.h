// The actions there are, by name: what the patterns of the table in roles.h stand for, for those
// who list roles or make their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "iam/roles.h"

namespace breakwater::iam {

// Services that have actions, by name: "container-registry", "iam-groups", …
std::vector<std::string_view> ServicesWithActions();

// What a role of a service can hold: the actions of the service, and, as the reference's roles can
// hold platform actions, those on access policies about it ("iam-am.policy.create" and so on)
// unless it is a service of account management, which nobody administers from within.
std::vector<std::string_view> ActionsOf(std::string_view service);
// Of those, what the role gives.
std::vector<std::string_view> ActionsOf(Role role, std::string_view service);

// Actions on access policies: who holds one on a service may do it to policies about that service.
bool IsPolicyAction(std::string_view action);

// What must be held to do what the audit trail calls `action`: it tells apart what one right gives
// (ibm-registry 1.8, 1.10, 2.2). Most actions are rights themselves.
std::string_view NeededAction(std::string_view action);

// The name by which we know an action that the reference has another name for
// ("iam-groups.groups.read"), else the action itself.
std::string CanonicalAction(std::string_view action);

}  // namespace breakwater::iam
