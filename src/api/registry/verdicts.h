// What the advisor last said of the images of a list.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "advisor/advisor.h"
#include "base/result.h"
#include "registry/image_list.h"

namespace breakwater::api::management {

// By repository and digest. What it has not said anything of yet is missing.
using VerdictsByImage = std::map<std::pair<std::string, std::string>, advisor::Verdict>;

// Of images in the order of a page: by repository and digest.
Result<VerdictsByImage> VerdictsFor(const advisor::Advisor& advisor, const RegistryName& registry,
                                    const std::vector<registry::ListedImage>& images);

}  // namespace breakwater::api::management
