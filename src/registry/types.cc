#include "registry/types.h"

namespace breakwater::registry {

control::Resource RepositoryPath::Namespace() const {
  control::Resource resource = control::NamespaceResource(account, registry, region, name_space);
  resource.resource_group = resource_group;
  return resource;
}

control::Resource RepositoryPath::Image(std::string_view reference) const {
  return ImageResource(Namespace(), name, reference);
}

control::Resource ImageResource(control::Resource name_space, std::string_view repository,
                                std::string_view reference) {
  name_space.kind = "image";
  name_space.name = repository;
  name_space.name += reference.find(':') == std::string_view::npos ? ":" : "@";
  name_space.name += reference;
  return name_space;
}

}  // namespace breakwater::registry
