#include "app/image_rules.h"

#include <optional>

namespace breakwater::app {

registry::GovernedImages ImagesThatRulesAskAbout(const governance::RuleGate& gate,
                                                 const advisor::ImageFacts& images) {
  return [&gate, &images](
             db::Transaction& tx, const registry::RepositoryPath& path,
             const std::set<oci::Digest>& digests) -> Result<std::vector<control::Resource>> {
    std::vector<control::Resource> governed;
    std::optional<bool> asked;  // rules know images by where they lie: one answer for all of them
    for (const oci::Digest& digest : digests) {
      auto image =
          advisor::ImageResource({path.account, path.registry, path.region, path.name, digest});
      image.resource_group = path.resource_group;
      if (!asked) {
        BW_TRY(asked, gate.Asks(tx, image));
      }
      if (!*asked) break;
      BW_TRY(const bool is_image, images.IsImage(tx, image));
      if (is_image) governed.push_back(std::move(image));
    }
    return governed;
  };
}

}  // namespace breakwater::app
