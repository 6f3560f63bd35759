#include "registry/resources.h"

#include <utility>

#include "oci/names.h"

namespace breakwater::registry {

control::Resource NamespaceResource(const Namespaces& namespaces, const AccountId& account,
                                    const control::RegistryInfo& registry,
                                    std::string_view name_space) {
  control::Resource resource =
      control::NamespaceResource(account, registry.name, registry.region, std::string(name_space));
  const auto ns = namespaces.Get(registry.name, name_space);
  if (ns.ok() && (*ns)->account == account) resource.resource_group = (*ns)->resource_group;
  return resource;
}

control::Resource ManagedNamespace(const AccountId& account, const control::RegistryInfo& registry,
                                   std::string_view name, std::string resource_group) {
  control::Resource resource = control::ServiceResource(account, registry.name, registry.region);
  resource.kind = "namespace";
  resource.name = name;
  resource.resource_group = std::move(resource_group);
  return resource;
}

control::Resource ManagedNamespace(const Namespaces& namespaces, const AccountId& account,
                                   const control::RegistryInfo& registry, std::string_view name) {
  return ManagedNamespace(account, registry, name,
                          NamespaceResource(namespaces, account, registry, name).resource_group);
}

control::Resource ManagedNamespace(db::Database& database, const AccountId& account,
                                   const control::RegistryInfo& registry, std::string_view name) {
  const auto known = database.ReadValue(
      [&](db::Transaction& tx) { return Namespaces::GetOwned(tx, account, registry.name, name); });
  return ManagedNamespace(account, registry, name,
                          known.ok() ? known->resource_group : std::string());
}

control::Resource RepositoryResource(const Namespaces& namespaces, const AccountId& account,
                                     const control::RegistryInfo& registry,
                                     std::string_view repository) {
  control::Resource resource =
      NamespaceResource(namespaces, account, registry, oci::NamespaceOf(repository));
  resource.kind = "image";
  resource.name = std::string(repository);
  return resource;
}

control::Resource PullResource(const Namespaces& namespaces, control::Authorizer& authorizer,
                               const control::Caller& caller, const AccountId& account,
                               const control::RegistryInfo& registry, std::string_view repository) {
  const auto ns = namespaces.Get(registry.name, oci::NamespaceOf(repository));
  const bool nobody = caller.actor.kind == control::IdentityKind::kAnonymous;
  if (!nobody && ns.ok() && (*ns)->account != account) {
    control::Resource theirs = RepositoryResource(namespaces, (*ns)->account, registry, repository);
    const control::Caller everybody{.actor = {}, .origin = caller.origin};
    if (authorizer.Authorize(everybody, action::kImagePull, theirs).ok()) return theirs;
  }
  return RepositoryResource(namespaces, account, registry, repository);
}

}  // namespace breakwater::registry
