#include "oci/media_types.h"

#include <algorithm>

#include "base/strings.h"

namespace breakwater::oci {
namespace {

bool IsRestrictedName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string_view EssenceOf(std::string_view content_type) {
  return Trim(content_type.substr(0, content_type.find(';')));
}

bool IsMediaType(std::string_view text) {
  const auto slash = text.find('/');
  return text.size() <= 255 && slash != std::string_view::npos &&
         IsRestrictedName(text.substr(0, slash)) && IsRestrictedName(text.substr(slash + 1));
}

ManifestKind KindOf(std::string_view media_type) {
  if (media_type == kOciManifest || media_type == kDockerManifest) return ManifestKind::kImage;
  if (media_type == kOciIndex || media_type == kDockerList) return ManifestKind::kIndex;
  return ManifestKind::kOther;
}

bool IsSchema1(std::string_view media_type) {
  return media_type == kDockerSchema1 || media_type == kDockerSchema1Signed;
}

bool IsImageConfig(std::string_view media_type) {
  const std::string type = LowerAscii(media_type);
  return type == "application/vnd.oci.image.config.v1+json" ||
         type == "application/vnd.docker.container.image.v1+json";
}

bool IsFilesystemLayer(std::string_view media_type) {
  const std::string type = LowerAscii(media_type);
  return type.starts_with("application/vnd.oci.image.layer.") ||
         type.starts_with("application/vnd.docker.image.rootfs.");
}

bool IsNondistributableLayer(std::string_view media_type) {
  constexpr std::string_view kOciPrefix = "application/vnd.oci.image.layer.nondistributable.v1.tar";
  constexpr std::string_view kDockerPrefix = "application/vnd.docker.image.rootfs.foreign.diff.tar";
  return media_type.starts_with(kOciPrefix) || media_type.starts_with(kDockerPrefix);
}

std::string_view DisplayName(std::string_view media_type) {
  if (media_type == kDockerManifest) return "Docker Image Manifest V2, Schema 2";
  if (media_type == kDockerList) return "Docker Manifest List";
  if (media_type == kOciManifest) return "OCI Image Manifest v1";
  if (media_type == kOciIndex) return "OCI Image Index v1";
  return media_type;
}

}  // namespace breakwater::oci
