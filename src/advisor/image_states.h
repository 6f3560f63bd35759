// What lists say of images: what the advisor last said, less what is exempt, for a page of images
// at a time. No image is looked at by itself, so that a page costs a few statements.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "advisor/assessment.h"
#include "advisor/exemptions.h"
#include "advisor/locations.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/database.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "registry/image_list.h"

namespace breakwater::advisor {

// The image that speaks for a list of images: that for linux/amd64, else the first. Nothing: it is
// empty.
std::optional<oci::Digest> SpeakerOf(const oci::Manifest& list);

// As ImageReport and the counters beside it would say with IssueScope::kActionable.
struct ImageState {
  ImageStatus status = ImageStatus::kUnscanned;
  IssueCounts issues;
  friend bool operator==(const ImageState&, const ImageState&) = default;
};

// Of one image of a page.
struct ListedState {
  // The image, or of a list of images the one that speaks for it (SpeakerOf).
  oci::Digest assessed;
  std::optional<Verdict> verdict = {};  // last said of it; nothing: nothing yet
  ImageState image = {};                // by its digest
  std::map<std::string, ImageState, std::less<>> by_tag = {};  // where exemptions are of a tag

  const ImageState& Of(std::string_view tag) const;
};

// Assesses an image anew, one of whose issues may be exempt and which was last assessed before
// those were kept, or that waits for its turn where it is and was read elsewhere.
using AssessAgain = std::function<Result<std::optional<Assessment>>(const oci::Digest& digest,
                                                                    const std::string& repository)>;

// One state for each of the images, which are in order of repository and digest.
Result<std::vector<ListedState>> StatesOf(db::Database& database, const RegistryName& registry,
                                          const std::vector<registry::ListedImage>& images,
                                          const ExemptionSet& exemptions,
                                          const AssessAgain& assess_again);

}  // namespace breakwater::advisor
