// How signatures that clients keep beside an image lie in the registry: as manifests of this type
// whose subject is the image. They are no blobs: they are smaller than what names one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "db/database.h"
#include "oci/digest.h"

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

struct SimpleSignature {
  std::string name;     // "sha256:…@" and what tells it from the image's others
  std::string content;  // base64
  friend bool operator==(const SimpleSignature&, const SimpleSignature&) = default;
};

// Of one image; and manifests of this type that are looked at for them.
inline constexpr std::size_t kMaxSignatures = 100;
inline constexpr std::size_t kMaxSignatureManifests = 1000;

// kInvalid "signature_invalid" if it is not named after the image, or is no base64.
Status Validate(const SimpleSignature& signature, const oci::Digest& image);
// What is in the descriptor of a referrer of this type. Anybody who may push can make those:
// nothing where it is none of the image's.
std::optional<SimpleSignature> SignatureIn(std::string_view referrer, const oci::Digest& image);
// Inside the transaction that puts it, before or after it is there: kExists "signature_exists" if
// the image has another of its name, kInvalid "signature_invalid" if it has too many.
Status CheckNew(db::Transaction& tx, const std::string& repository_id, const oci::Digest& image,
                const SimpleSignature& signature);

}  // namespace breakwater::registry
