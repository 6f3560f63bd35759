// Rows of the trash. Every function works inside the caller's transaction, with a repository's row
// id. Internal to registry/.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "registry/tag_immutability.h"

namespace breakwater::registry {

struct TrashTimes {
  Timestamp deleted;
  Timestamp expires;
};

// Copies a manifest with its tags and references into the trash, in place of what lay there of it.
// `root`: the image with which it goes; itself, unless it is attached to another.
Status CopyToTrash(db::Transaction& tx, const ManifestKey& manifest, const oci::Digest& root,
                   const TrashTimes& times);
Status RemoveFromTrash(db::Transaction& tx, const ManifestKey& manifest);

// Copies a manifest back, without tags, and links its blobs; whether it was not there before. Notes
// which other sparse images have all their layers by it.
Result<bool> CopyFromTrash(db::Transaction& tx, const ManifestKey& manifest, Timestamp now,
                           std::vector<oci::Digest>& completed);

// In bytewise order.
Result<std::vector<std::string>> TrashedTags(db::Transaction& tx, const ManifestKey& manifest);

}  // namespace breakwater::registry
