#include "oci/referrers.h"

#include "base/strings.h"

namespace breakwater::oci {

json::Value ReferrerEntry(const Manifest& manifest, const Digest& digest, std::uint64_t size) {
  json::Object entry{{"mediaType", json::Text(manifest.media_type)},
                     {"digest", json::Text(digest.text())},
                     {"size", size}};
  if (const std::string_view type = manifest.ArtifactType(); !type.empty()) {
    entry["artifactType"] = json::Text(type);
  }
  if (!manifest.annotations.empty()) entry["annotations"] = manifest.annotations;
  return entry;
}

std::string ReferrersIndex(const std::vector<std::string>& entries) {
  // Entries are kept printed, so a list is put together without parsing any of them.
  return R"({"schemaVersion":2,"mediaType":")" + std::string(kOciIndex) + R"(","manifests":[)" +
         Join(entries, ",") + "]}";
}

}  // namespace breakwater::oci
