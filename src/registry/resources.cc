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

}  // namespace breakwater::registry
