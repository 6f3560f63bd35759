#include "advisor/indexer.h"

#include <algorithm>

#include "oci/manifest.h"

namespace breakwater::advisor {
namespace {

constexpr std::string_view kEncrypted = "+encrypted";

using registry::ContentReader;

// Whether trying again cannot help: the image is what it is.
bool IsLasting(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalid:
    case ErrorCode::kTooLarge:
    case ErrorCode::kUnsupported:
    case ErrorCode::kDataCorrupt: return true;
    default: return false;
  }
}

// rootfs.diff_ids of the configuration, one for each layer (image-spec, "Image Configuration").
Result<std::vector<oci::Digest>> DiffIdsOf(std::string_view config, std::size_t layers) {
  const auto wrong = [] {
    return Invalid("the image configuration does not say what its layers contain")
        .Reason("config_invalid");
  };
  auto document = json::Parse(config, {.max_bytes = config.size(), .max_depth = 64});
  if (!document.ok()) return wrong();
  const json::Value* rootfs = json::Find(*document, "rootfs");
  const json::Value* ids = rootfs == nullptr ? nullptr : json::Find(*rootfs, "diff_ids");
  if (ids == nullptr || !ids->is_array() || ids->as_array().size() != layers) return wrong();
  std::vector<oci::Digest> digests;
  for (const json::Value& id : ids->as_array()) {
    if (!id.is_string()) return wrong();
    BW_TRY(oci::Digest digest, oci::Digest::Parse(json::View(id.as_string())));
    digests.push_back(std::move(digest));
  }
  return digests;
}

Status CheckLayer(const oci::Descriptor& layer) {
  if (layer.media_type.ends_with(kEncrypted)) {
    return Unsupported("the layer is encrypted").Reason("layer_encrypted");
  }
  if (layer.foreign) {
    return Unsupported("the layer is not kept in this registry").Reason("layer_foreign");
  }
  return Ok();
}

Result<ImageFiles> ReadLayers(const ContentReader& content, const oci::Manifest& manifest,
                              const IndexerLimits& limits) {
  if (manifest.layers.size() > limits.max_layers) {
    return TooLarge("the image has more layers than the advisor examines")
        .Reason("image_too_large");
  }
  BW_TRY(const std::string config, content.ReadBlob(manifest.config->digest, limits.max_config));
  BW_TRY(const auto diff_ids, DiffIdsOf(config, manifest.layers.size()));
  ImageFiles files;
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    const std::string name = "layer " + std::to_string(i + 1);
    BW_TRY_STATUS(CheckLayer(manifest.layers[i]).Context(name));
    BW_TRY(const auto blob, content.OpenBlob(manifest.layers[i].digest));
    BW_TRY(LayerContents layer, ReadLayer(*blob, diff_ids[i], limits.layer).Context(name));
    files.Apply(std::move(layer));
  }
  return files;
}

}  // namespace

bool IsContainerImage(const registry::ManifestBytes& manifest) {
  const auto parsed = oci::ParseManifest(manifest.content, manifest.media_type);
  return parsed.ok() && parsed->IsContainerImage();
}

Result<ImageIndex> ReadImage(const ContentReader& content, const registry::ManifestBytes& manifest,
                             const IndexerLimits& limits) {
  ImageIndex index;
  auto parsed = oci::ParseManifest(manifest.content, manifest.media_type);
  if (!parsed.ok() || !parsed->IsContainerImage()) {
    index.kind = ImageKind::kNotAnImage;
    return index;
  }
  auto files = ReadLayers(content, *parsed, limits);
  if (files.ok()) {
    index.inventory = TakeInventory(*files);
    return index;
  }
  // A layer that is lost does not come by waiting either.
  if (!IsLasting(files.error()) && files.error().code() != ErrorCode::kNotFound) {
    return std::move(files).error();
  }
  index.inventory.problems.push_back(files.error().message());
  return index;
}

}  // namespace breakwater::advisor
