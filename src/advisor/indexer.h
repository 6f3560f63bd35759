// Reads an image out of the registry and takes its inventory.
#pragma once

#include "advisor/image_index.h"
#include "advisor/layer_reader.h"
#include "base/result.h"
#include "registry/content_reader.h"

namespace breakwater::advisor {

struct IndexerLimits {
  LayerLimits layer;
  std::size_t max_layers = 512;
  std::size_t max_config = 8U << 20;
};

// Whether it is of a container image; what is not has nothing to read.
bool IsContainerImage(const registry::ManifestBytes& manifest);

// Reads every layer of files once, as a stream; others, e.g. an attestation's, are skipped. What is
// wrong with the image itself (damaged or hostile layers, encryption, contents that are not here)
// becomes a problem of its inventory; errors are only for what may pass, or for an image that is
// gone (kNotFound). `indexed` is left to the caller. The layers are read wherever they are: the
// caller has seen that the image's repository has them all.
Result<ImageIndex> ReadImage(const registry::ContentReader& content,
                             const registry::ManifestBytes& manifest,
                             const IndexerLimits& limits = {});

}  // namespace breakwater::advisor
