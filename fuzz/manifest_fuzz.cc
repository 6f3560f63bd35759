// Manifests and indexes as clients push them: any bytes give an error for the client or a manifest
// whose references are bounded, and whose entry in a referrers list is a manifest again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "oci/manifest.h"
#include "oci/referrers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace breakwater;
  // The first line is the Content-Type.
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto newline = input.find('\n');
  if (newline == std::string_view::npos) return 0;
  const auto parsed = oci::ParseManifest(input.substr(newline + 1), input.substr(0, newline));
  if (!parsed.ok()) {
    BW_CHECK(parsed.error().reason() == "manifest_invalid");
    BW_CHECK(!parsed.error().message().empty());
    return 0;
  }
  BW_CHECK(!parsed->media_type.empty());
  BW_CHECK(parsed->layers.size() <= oci::kMaxReferences);
  BW_CHECK(parsed->manifests.size() <= oci::kMaxReferences);
  BW_CHECK(parsed->RequiredBlobs().size() <= parsed->layers.size() + 1);
  const auto entry =
      json::Serialize(oci::ReferrerEntry(*parsed, oci::Digest::Of(AsBytes(input)), input.size()));
  const auto list = oci::ReferrersIndex({entry});
  if (list.size() > oci::kMaxManifestBytes) return 0;
  const auto index = oci::ParseManifest(list, oci::kOciIndex);
  BW_CHECK(index.ok());
  BW_CHECK(index->manifests.size() == 1);
  return 0;
}
