// Media types of manifests, and what they mean to a registry (image-spec, "Media Types"; Docker
// image manifest v2, schemas 1 and 2).
#pragma once

#include <string_view>

namespace breakwater::oci {

inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerSchema1 =
    "application/vnd.docker.distribution.manifest.v1+json";
inline constexpr std::string_view kDockerSchema1Signed =
    "application/vnd.docker.distribution.manifest.v1+prettyjws";

// What a manifest can refer to by its form.
enum class ManifestKind {
  kImage,  // config and layers
  kIndex,  // manifests
  kOther,  // a type of somebody else's: kept as it is, references read where they are in known
           // places
};

// Without parameters and surrounding space: "a/b; c=d" is "a/b".
std::string_view EssenceOf(std::string_view content_type);
// type "/" subtype of the characters that RFC 6838 §4.2 allows, at most 255 in all.
bool IsMediaType(std::string_view text);
ManifestKind KindOf(std::string_view media_type);
bool IsSchema1(std::string_view media_type);
// The configuration of an image that can be run. Media types are told apart without regard to case
// (RFC 6838 §4.2), as some runtimes do.
bool IsImageConfig(std::string_view media_type);
// Layers of files that runtimes unpack, packed or encrypted in any way (image-spec, "Image Layer
// Filesystem Changeset"; Docker's own types). Unlike those of signatures and attestations.
bool IsFilesystemLayer(std::string_view media_type);
// Layers that clients fetch elsewhere and never push.
bool IsNondistributableLayer(std::string_view media_type);
// The reference system's display text, e.g. "OCI Image Manifest v1"; the media type if unknown.
std::string_view DisplayName(std::string_view media_type);

}  // namespace breakwater::oci
