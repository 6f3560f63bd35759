#include "registry/types.h"

namespace breakwater::registry {

control::Resource RepositoryPath::Namespace() const {
  control::Resource resource = control::NamespaceResource(account, registry, region, name_space);
  resource.resource_group = resource_group;
  return resource;
}

control::Resource RepositoryPath::Image(std::string_view reference) const {
  control::Resource resource = Namespace();
  resource.kind = "image";
  resource.name = name;
  resource.name += reference.find(':') == std::string_view::npos ? ":" : "@";
  resource.name += reference;
  return resource;
}

}  // namespace breakwater::registry
