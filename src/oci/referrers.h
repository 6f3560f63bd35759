// The list of a subject's referrers (distribution-spec, "Listing Referrers").
#pragma once

#include <string>
#include <vector>

#include "json/json.h"
#include "oci/manifest.h"

namespace breakwater::oci {

// The entry of `manifest`, whose bytes have this digest and size: with artifactType by the rule of
// Manifest::ArtifactType, and its annotations.
json::Value ReferrerEntry(const Manifest& manifest, const Digest& digest, std::uint64_t size);

// An image index of entries that ReferrerEntry made and Serialize printed.
std::string ReferrersIndex(const std::vector<std::string>& entries);

}  // namespace breakwater::oci
