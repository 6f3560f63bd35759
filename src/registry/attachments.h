// What belongs to an image and comes and goes with it: signatures, attestations and whatever else
// refers to it as its subject (distribution-spec, "Pushing Manifests with Subject"), and what
// cosign and older clients keep under a tag named like its digest ("sha256-….sig", "sha256-…").
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/database.h"
#include "oci/digest.h"
#include "registry/tag_immutability.h"

namespace breakwater::registry {

struct Attachment {
  oci::Digest digest;
  std::string media_type;
  std::vector<std::string> tags;
  // The image it is the signature of (registry/signatures.h); nothing for whatever else there is.
  std::optional<oci::Digest> signature_of = {};
};

// More of one image are left where they are.
inline constexpr std::size_t kMaxAttachments = 1000;

// What a tag of its own makes of an attachment: one that has its subject's digest for a name is
// none.
enum class OwnTag : std::uint8_t {
  kComesAlong,  // where the image is copied, what refers to it as its subject is too
  kStays,  // where the image goes, what somebody has named does not, nor what is attached to it
};

// Those of a manifest and, in turn, theirs. Not what is listed by an index, or is only by its name
// attached and has others: that is needed elsewhere.
Result<std::vector<Attachment>> AttachmentsOf(db::Transaction& tx, const ManifestKey& manifest,
                                              OwnTag own_tag);

// The digest of the image that a tag is named after, or nothing.
std::optional<oci::Digest> NamedAfter(std::string_view tag);
// Those that tags are named after.
std::set<oci::Digest> NamedAfter(const std::vector<std::string>& tags);

// What a manifest says something of, there or not: its subject, what its tags are named after, and
// the images for which lists name it as an attestation, as BuildKit writes them; of a list, those
// that it names attestations for.
Result<std::set<oci::Digest>> OwnersOf(db::Transaction& tx, const ManifestKey& manifest);

}  // namespace breakwater::registry
