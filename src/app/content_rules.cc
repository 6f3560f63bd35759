#include "app/content_rules.h"

#include <array>

#include "registry/repository_facts.h"

namespace breakwater::app {

Result<registry::ContentRules::Asked> ContentRules::AskedOf(
    db::Transaction& tx, const registry::RepositoryPath& path) const {
  const std::array kinds{path.Image(""), registry::RepositoryResource(path)};
  BW_TRY(const auto asks, gate_.Asks(tx, kinds));
  return Asked{.images = asks[0], .repositories = asks[1]};
}

Result<std::vector<control::Resource>> ContentRules::ImagesOf(
    db::Transaction& tx, const registry::RepositoryPath& path,
    const std::set<oci::Digest>& digests) const {
  std::vector<control::Resource> images;
  for (const oci::Digest& digest : digests) {
    auto image =
        advisor::ImageResource({path.account, path.registry, path.region, path.name, digest});
    image.resource_group = path.resource_group;
    BW_TRY(const bool is_image, images_.IsImage(tx, image));
    if (is_image) images.push_back(std::move(image));
  }
  return images;
}

}  // namespace breakwater::app
