// What is attached to an image and says where it comes from: signatures, bills of materials,
// provenance. Known by their types and by what they say they are; nothing is verified here.
//
// Found where tools put them: as referrers (distribution-spec, "Listing Referrers"), as which the
// registry also keeps those of simple signing (registry/signatures.h), under cosign's
// tags ("sha256-….sig"), and as attestation manifests beside the image in its index, as BuildKit
// writes them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "db/database.h"
#include "json/json.h"
#include "oci/digest.h"

namespace breakwater::advisor {

struct Attached {
  bool signature = false;
  bool sbom = false;
  bool provenance = false;
  friend bool operator==(const Attached&, const Attached&) = default;
};

// Notes what an artifact of this type, with these annotations, is. Pure.
void Note(Attached& attached, std::string_view artifact_type, const json::Value& annotations);

// `repository`: the row id. kDataCorrupt if a manifest cannot be read.
Result<Attached> ReadAttached(db::Transaction& tx, const std::string& repository,
                              const oci::Digest& image);

}  // namespace breakwater::advisor
