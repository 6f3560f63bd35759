// How signatures that clients keep beside an image lie in the registry: as manifests of this type
// whose subject is the image. They are no blobs: they are smaller than what names one.
#pragma once

#include <string_view>

namespace breakwater::registry {

// As the audit trail has them.
namespace action {
inline constexpr std::string_view kSignatureRead = "container-registry.signature.read";
inline constexpr std::string_view kSignatureWrite = "container-registry.signature.write";
inline constexpr std::string_view kSignatureDelete = "container-registry.signature.delete";
}  // namespace action

inline constexpr std::string_view kSignatureType = "application/vnd.breakwater.simple-signature.v1";
// Annotations of such a manifest: "sha256:…@…", and base64.
inline constexpr std::string_view kSignatureName = "com.breakwater.signature.name";
inline constexpr std::string_view kSignatureContent = "com.breakwater.signature.content";

}  // namespace breakwater::registry
