// Reads a layer once, as a stream, keeping only what the advisor looks at.
#pragma once

#include <cstdint>

#include "advisor/image_files.h"
#include "base/result.h"
#include "io/stream.h"
#include "oci/digest.h"

namespace breakwater::advisor {

// A layer of millions of entries, or of many gigabytes, costs time but no memory; these bound the
// time, and what hostile layers can make us keep.
struct LayerLimits {
  std::uint64_t max_uncompressed = 64ULL << 30;
  std::uint64_t max_entries = 10'000'000;
  std::size_t max_file = 64U << 20;       // one captured file
  std::size_t max_captured = 128U << 20;  // all captured files of the layer
  std::size_t max_tracked = 500'000;      // tracked entries and whiteouts
};

// `layer` is the blob: tar, tar+gzip or tar+zstd, told apart by its bytes. `diff_id` is the digest
// of the uncompressed tar in the image's configuration (image-spec, "Layer DiffID").
//
// kInvalid "diff_id_mismatch" when the content is not what the configuration promised;
// "malformed_tar", "malformed_compression" and the like from io; kTooLarge "layer_too_large".
Result<LayerContents> ReadLayer(io::Source& layer, const oci::Digest& diff_id,
                                const LayerLimits& limits = {});

}  // namespace breakwater::advisor
