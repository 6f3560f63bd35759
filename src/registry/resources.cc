#include "registry/resources.h"

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
