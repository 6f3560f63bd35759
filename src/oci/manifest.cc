#include "oci/manifest.h"

#include <algorithm>
#include <set>

#include "base/strings.h"

namespace breakwater::oci {
namespace {

Error Malformed(std::string message) {
  return Invalid(std::move(message)).Reason("manifest_invalid");
}

Error Schema1() {
  return Malformed(
      "Docker image manifests of schema version 1 are not accepted: push with a "
      "client that makes schema 2 or OCI manifests");
}

Result<std::string> TextMember(const json::Value& object, std::string_view name,
                               std::string_view where) {
  const json::Value* member = json::Find(object, name);
  if (member == nullptr || member->is_null()) return std::string();
  if (!member->is_string()) {
    return Malformed(std::string(where) + std::string(name) + ": must be a string");
  }
  return std::string(json::View(member->get_string()));
}

Result<std::uint64_t> SizeMember(const json::Value& object, const std::string& where) {
  const json::Value* member = json::Find(object, "size");
  if (member != nullptr && member->is_uint64()) return member->get_uint64();
  if (member == nullptr || !member->is_int64() || member->get_int64() < 0) {
    return Malformed(where + "size: must be a whole number of bytes");
  }
  return static_cast<std::uint64_t>(member->get_int64());
}

Result<std::optional<Platform>> PlatformMember(const json::Value& object,
                                               const std::string& where) {
  const json::Value* member = json::Find(object, "platform");
  if (member == nullptr || member->is_null()) return std::optional<Platform>();
  if (!member->is_object()) return Malformed(where + "platform: must be an object");
  const std::string inner = where + "platform.";
  Platform platform;
  BW_TRY(platform.os, TextMember(*member, "os", inner));
  BW_TRY(platform.architecture, TextMember(*member, "architecture", inner));
  BW_TRY(platform.variant, TextMember(*member, "variant", inner));
  return std::optional(std::move(platform));
}

bool HasUrls(const json::Value& object) {
  const json::Value* urls = json::Find(object, "urls");
  return urls != nullptr && urls->is_array() && !urls->get_array().empty();
}

Result<Descriptor> ParseDescriptor(const json::Value& value, const std::string& path) {
  if (!value.is_object()) return Malformed(path + ": must be a descriptor");
  const std::string where = path + ".";
  auto digest = Digest::Parse(json::FindText(value, "digest"));
  if (!digest.ok()) return Malformed(where + "digest: " + digest.error().message());
  BW_TRY(std::string media_type, TextMember(value, "mediaType", where));
  BW_TRY(const std::uint64_t size, SizeMember(value, where));
  BW_TRY(std::optional<Platform> platform, PlatformMember(value, where));
  const bool foreign = HasUrls(value) || IsNondistributableLayer(media_type);
  return Descriptor{.media_type = std::move(media_type),
                    .digest = *std::move(digest),
                    .size = size,
                    .platform = std::move(platform),
                    .foreign = foreign};
}

Result<std::optional<Descriptor>> OptionalDescriptor(const json::Value& document,
                                                     std::string_view name) {
  const json::Value* member = json::Find(document, name);
  if (member == nullptr || member->is_null()) return std::optional<Descriptor>();
  BW_TRY(Descriptor descriptor, ParseDescriptor(*member, std::string(name)));
  return std::optional(std::move(descriptor));
}

Result<std::vector<Descriptor>> DescriptorList(const json::Value& document, std::string_view name) {
  std::vector<Descriptor> list;
  const json::Value* member = json::Find(document, name);
  if (member == nullptr || member->is_null()) return list;
  if (!member->is_array()) return Malformed(std::string(name) + ": must be an array");
  const json::Array& items = member->get_array();
  if (items.size() > kMaxReferences) {
    return Malformed(std::string(name) + ": more than " + std::to_string(kMaxReferences) +
                     " entries");
  }
  list.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    BW_TRY(Descriptor descriptor,
           ParseDescriptor(items[i], std::string(name) + "[" + std::to_string(i) + "]"));
    list.push_back(std::move(descriptor));
  }
  return list;
}

Status CheckSchemaVersion(const json::Value& document, ManifestKind kind) {
  const json::Value* version = json::Find(document, "schemaVersion");
  const bool is_number = version != nullptr && version->is_int64();
  if (is_number && version->get_int64() == 1 && json::Find(document, "fsLayers") != nullptr) {
    return Schema1();
  }
  if (kind != ManifestKind::kOther && (!is_number || version->get_int64() != 2)) {
    return Malformed("schemaVersion: must be 2");
  }
  return Ok();
}

Result<std::string> MediaTypeOf(const json::Value& document, std::string_view content_type) {
  BW_TRY(const std::string inside, TextMember(document, "mediaType", ""));
  const std::string_view outside = EssenceOf(content_type);
  if (outside.empty() && inside.empty()) {
    return Malformed("a manifest needs a Content-Type or a mediaType");
  }
  if (!outside.empty() && !inside.empty() && outside != inside) {
    return Malformed("mediaType does not match the Content-Type of the request");
  }
  std::string media_type = outside.empty() ? inside : std::string(outside);
  // It is sent back as a header, and shown in documents.
  if (!IsMediaType(media_type)) return Malformed("the media type is malformed");
  return media_type;
}

Status CheckForm(const json::Value& document, ManifestKind kind) {
  const bool has_manifests = json::Find(document, "manifests") != nullptr;
  const bool has_layers = json::Find(document, "layers") != nullptr;
  if (kind == ManifestKind::kImage) {
    if (json::Find(document, "config") == nullptr) return Malformed("config: missing");
    // A document that is an image to one client and an index to another (CVE-2021-41190).
    if (has_manifests) return Malformed("an image manifest must not have manifests");
  }
  if (kind == ManifestKind::kIndex) {
    if (!has_manifests) return Malformed("manifests: missing");
    if (has_layers || json::Find(document, "config") != nullptr) {
      return Malformed("an index must not have a config or layers");
    }
  }
  return Ok();
}

Status ParseAnnotations(const json::Value& document, json::Object* annotations) {
  const json::Value* member = json::Find(document, "annotations");
  if (member == nullptr || member->is_null()) return Ok();
  if (!member->is_object()) return Malformed("annotations: must be an object");
  for (const auto& [key, value] : member->get_object()) {
    if (!value.is_string()) {
      return Malformed("annotations." + std::string(std::string_view(key.data(), key.size())) +
                       ": must be a string");
    }
  }
  *annotations = member->get_object();
  return Ok();
}

}  // namespace

std::string_view Manifest::ArtifactType() const {
  if (!artifact_type.empty()) return artifact_type;
  if (kind == ManifestKind::kImage && config) return config->media_type;
  return {};
}

std::vector<Descriptor> Manifest::RequiredBlobs() const {
  std::vector<Descriptor> required;
  std::set<Digest> seen;
  const auto add = [&](const Descriptor& descriptor) {
    if (!descriptor.foreign && seen.insert(descriptor.digest).second) {
      required.push_back(descriptor);
    }
  };
  if (config) add(*config);
  for (const Descriptor& layer : layers) add(layer);
  return required;
}

bool Manifest::IsContainerImage() const {
  if (kind != ManifestKind::kImage || !config || !IsImageConfig(config->media_type)) return false;
  return layers.empty() || std::ranges::any_of(layers, [](const Descriptor& layer) {
           return IsFilesystemLayer(layer.media_type);
         });
}

std::uint64_t Manifest::ContentSize() const {
  std::uint64_t sum = config ? config->size : 0;
  for (const Descriptor& layer : layers) {
    if (__builtin_add_overflow(sum, layer.size, &sum)) return UINT64_MAX;
  }
  return sum;
}

Result<Manifest> ParseManifest(std::string_view bytes, std::string_view content_type) {
  if (bytes.size() > kMaxManifestBytes) {
    return TooLarge("a manifest may have at most 4 MiB").Reason("manifest_invalid");
  }
  if (IsSchema1(EssenceOf(content_type))) return Schema1();
  auto parsed = json::Parse(bytes, {.max_bytes = kMaxManifestBytes});
  if (!parsed.ok()) return Malformed("the manifest is not JSON: " + parsed.error().message());
  const json::Value& document = *parsed;
  if (!document.is_object()) return Malformed("a manifest must be a JSON object");

  Manifest manifest;
  BW_TRY(manifest.media_type, MediaTypeOf(document, content_type));
  if (IsSchema1(manifest.media_type)) return Schema1();
  manifest.kind = KindOf(manifest.media_type);
  BW_TRY_STATUS(CheckSchemaVersion(document, manifest.kind));
  BW_TRY_STATUS(CheckForm(document, manifest.kind));
  BW_TRY(manifest.artifact_type, TextMember(document, "artifactType", ""));
  BW_TRY(manifest.config, OptionalDescriptor(document, "config"));
  // Only layers may lie elsewhere. A configuration is read here, so whoever names one must have it.
  if (manifest.config) manifest.config->foreign = false;
  BW_TRY(manifest.layers, DescriptorList(document, "layers"));
  BW_TRY(manifest.manifests, DescriptorList(document, "manifests"));
  BW_TRY(manifest.subject, OptionalDescriptor(document, "subject"));
  BW_TRY_STATUS(ParseAnnotations(document, &manifest.annotations));
  return manifest;
}

}  // namespace breakwater::oci
