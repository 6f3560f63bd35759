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

Error ConfigInvalid() {
  return Invalid("the image configuration does not say what its layers contain")
      .Reason("config_invalid");
}

// rootfs.diff_ids of the configuration (image-spec, "Image Configuration").
Result<std::vector<oci::Digest>> DiffIdsOf(std::string_view config) {
  auto document = json::Parse(config, {.max_bytes = config.size(), .max_depth = 64});
  if (!document.ok()) return ConfigInvalid();
  const json::Value* rootfs = json::Find(*document, "rootfs");
  const json::Value* ids = rootfs == nullptr ? nullptr : json::Find(*rootfs, "diff_ids");
  if (ids == nullptr || !ids->is_array()) return ConfigInvalid();
  std::vector<oci::Digest> digests;
  for (const json::Value& id : ids->as_array()) {
    if (!id.is_string()) return ConfigInvalid();
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

struct FilesystemLayer {
  std::size_t number;  // among all layers, from 1
  const oci::Descriptor& blob;
  const oci::Digest& diff_id;
};

// What runtimes unpack; what else lies beside it is none of the image's files. Builders count it
// among the diff_ids, or do not.
Result<std::vector<FilesystemLayer>> FilesystemLayersOf(const oci::Manifest& manifest,
                                                        const std::vector<oci::Digest>& diff_ids) {
  const auto& all = manifest.layers;
  const auto count = static_cast<std::size_t>(std::ranges::count_if(
      all, [](const oci::Descriptor& layer) { return oci::IsFilesystemLayer(layer.media_type); }));
  const bool counts_all = diff_ids.size() == all.size();
  if (!counts_all && diff_ids.size() != count) return ConfigInvalid();
  std::vector<FilesystemLayer> layers;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!oci::IsFilesystemLayer(all[i].media_type)) continue;
    layers.push_back({i + 1, all[i], diff_ids[counts_all ? i : layers.size()]});
  }
  return layers;
}

Result<ImageFiles> ReadLayers(const ContentReader& content, const oci::Manifest& manifest,
                              const IndexerLimits& limits) {
  BW_TRY(const std::string config, content.ReadBlob(manifest.config->digest, limits.max_config));
  BW_TRY(const auto diff_ids, DiffIdsOf(config));
  BW_TRY(const auto layers, FilesystemLayersOf(manifest, diff_ids));
  if (layers.size() > limits.max_layers) {
    return TooLarge("the image has more layers than the advisor examines")
        .Reason("image_too_large");
  }
  ImageFiles files;
  for (const FilesystemLayer& one : layers) {
    const std::string name = "layer " + std::to_string(one.number);
    BW_TRY_STATUS(CheckLayer(one.blob).Context(name));
    BW_TRY(const auto blob, content.OpenBlob(one.blob.digest));
    BW_TRY(LayerContents layer, ReadLayer(*blob, one.diff_id, limits.layer).Context(name));
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
