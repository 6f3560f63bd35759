#include "api/registry/verdicts.h"

#include <algorithm>

namespace breakwater::api::management {

Result<VerdictsByImage> VerdictsFor(const advisor::Advisor& advisor, const RegistryName& registry,
                                    const std::vector<registry::ListedImage>& images) {
  VerdictsByImage all;
  for (auto first = images.begin(); first != images.end();) {
    const auto last = std::find_if(first, images.end(), [&](const registry::ListedImage& image) {
      return image.repository != first->repository;
    });
    BW_TRY(auto placed,
           advisor.VerdictsIn(registry, first->repository, first->digest, (last - 1)->digest));
    for (advisor::PlacedVerdict& one : placed) {
      all[{first->repository, one.location.digest.text()}] = std::move(one.verdict);
    }
    first = last;
  }
  return all;
}

}  // namespace breakwater::api::management
