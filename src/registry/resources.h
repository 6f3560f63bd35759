// What rights on namespaces and repositories are decided on before it is known whether they exist.
#pragma once

#include <string_view>

#include "base/ids.h"
#include "control/change.h"
#include "control/registries.h"
#include "control/resource.h"
#include "registry/namespaces.h"

namespace breakwater::registry {

// A namespace as `account` sees it. It has its resource group only where it is of that account, so
// that others look as if they did not exist. Where it cannot be read, what is limited to a group
// does not apply: that only refuses more.
control::Resource NamespaceResource(const Namespaces& namespaces, const AccountId& account,
                                    const control::RegistryInfo& registry,
                                    std::string_view name_space);

// A namespace as what the right to make, alter or delete it is needed on: that is one on the
// account's service as a whole, so it names the namespace without lying in one, for a policy to be
// limited to.
control::Resource ManagedNamespace(const AccountId& account, const control::RegistryInfo& registry,
                                   std::string_view name, std::string resource_group);
// With its group, where it is the account's.
control::Resource ManagedNamespace(const Namespaces& namespaces, const AccountId& account,
                                   const control::RegistryInfo& registry, std::string_view name);
control::Resource ManagedNamespace(db::Database& database, const AccountId& account,
                                   const control::RegistryInfo& registry, std::string_view name);

// A repository, "ns/app", in its namespace.
control::Resource RepositoryResource(const Namespaces& namespaces, const AccountId& account,
                                     const control::RegistryInfo& registry,
                                     std::string_view repository);

// The same for who wants to pull from it: of another account's namespace where everybody may pull
// from that, signed in or not. For who is nobody, `account` alone is asked.
control::Resource PullResource(const Namespaces& namespaces, control::Authorizer& authorizer,
                               const control::Caller& caller, const AccountId& account,
                               const control::RegistryInfo& registry, std::string_view repository);

}  // namespace breakwater::registry
