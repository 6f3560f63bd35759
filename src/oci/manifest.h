// What a registry reads of a manifest or index: its references. The bytes themselves are kept as
// they came (image-spec, "Image Manifest", "Image Index"; Docker image manifest v2, schema 2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/json.h"
#include "oci/digest.h"
#include "oci/media_types.h"

namespace breakwater::oci {

inline constexpr std::size_t kMaxManifestBytes = 4U << 20;
// References of one manifest, all kinds together.
inline constexpr std::size_t kMaxReferences = 10'000;

struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;
};

struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
  std::optional<Platform> platform;
  // Its bytes are fetched elsewhere (a nondistributable type, or `urls`): need not be here.
  bool foreign = false;
};

struct Manifest {
  ManifestKind kind = ManifestKind::kOther;
  std::string media_type;
  std::optional<Descriptor> config;
  std::vector<Descriptor> layers;
  std::vector<Descriptor> manifests;
  std::optional<Descriptor> subject;
  // As written; ArtifactType() applies the fallback.
  std::string artifact_type;
  json::Object annotations;

  // The type a referrers list shows: artifactType, else an image's config media type, else "".
  // distribution-spec, "Listing Referrers".
  std::string_view ArtifactType() const;
  // Config and layers, without foreign ones, each digest once.
  std::vector<Descriptor> RequiredBlobs() const;
  // Bytes of config and layers.
  std::uint64_t ContentSize() const;
  // Whether it can be run: an image's configuration, and no layers or some of files, whatever else
  // it carries. Told by these types alone, because signatures and attestations also use image
  // manifests with an image's configuration, and runtimes skip the layers that they do not know.
  bool IsContainerImage() const;
};

// `content_type` is the header's value, parameters allowed. kInvalid "manifest_invalid" if the
// document is malformed, is of schema 1, or its mediaType differs from the header's; kTooLarge
// above kMaxManifestBytes. Unknown members and unknown media types are fine.
Result<Manifest> ParseManifest(std::string_view bytes, std::string_view content_type);

}  // namespace breakwater::oci
