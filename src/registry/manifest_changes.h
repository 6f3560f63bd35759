// What changes to a repository's manifests and tags have in common. Internal to registry/.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "db/database.h"
#include "json/json.h"
#include "oci/names.h"
#include "registry/tag_immutability.h"
#include "registry/types.h"

namespace breakwater::registry {

// A manifest as rows know it.
struct FoundManifest {
  std::string repository;  // row id
  oci::Digest digest;
  std::string media_type;
};
// kNotFound "manifest_unknown".
Result<FoundManifest> FindManifest(db::Transaction& tx, const RepositoryPath& path,
                                   const oci::Reference& reference);
// What a reference names in a repository, by the repository's row id.
Result<std::optional<oci::Digest>> DigestAt(db::Transaction& tx, const std::string& repository,
                                            const oci::Reference& reference);

// The images that tags are named after and that lead to another manifest than `now`: what is
// attached to them so is about to change.
Result<std::set<oci::Digest>> OwnersOfMoved(db::Transaction& tx, const RepositoryPath& path,
                                            const std::vector<std::string>& tags,
                                            const oci::Digest& now);

// Points the tags at the manifest; the digests that they pointed at before, by tag. kDenied
// "tag_immutable".
Result<json::Object> MoveTags(db::Transaction& tx, const RepositoryPath& path,
                              const ManifestKey& manifest, const std::vector<std::string>& tags,
                              Timestamp now);

// {"tag": "sha256:…"}: for the audit trail. Of more than kMaxNamedTags the first, and "(more)"
// tells the others' number, and a digest of all of them.
inline constexpr std::size_t kMaxNamedTags = 1000;
json::Object TagsTo(const oci::Digest& digest, const std::vector<std::string>& tags);
// {"digest", "media_type", "tags"}, the same.
json::Value TagsNow(const oci::Digest& digest, std::string_view media_type,
                    const std::vector<std::string>& tags);

control::Change ImageChange(std::string_view action, const RepositoryPath& path,
                            std::string_view reference);

}  // namespace breakwater::registry
