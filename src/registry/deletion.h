// Deleting images: what goes, decided and done in one transaction. Internal to registry/.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "db/database.h"
#include "registry/attachments.h"
#include "registry/manifest_changes.h"
#include "registry/trash_rows.h"
#include "registry/types.h"

namespace breakwater::registry {

struct Deletion {
  FoundManifest image;
  std::vector<std::string> tags;  // of the image, in bytewise order
  std::vector<Attachment> attachments;
  // What the image is itself the signature of (registry/signatures.h), if it is one.
  std::optional<oci::Digest> signature_of;
};

// What is attached to an image and goes with it. What must stay does, and what has a tag of its
// own.
Result<std::vector<Attachment>> GoingAlong(db::Transaction& tx, const RepositoryPath& path,
                                           const FoundManifest& image);
// What goes with an image. kDenied "tag_immutable" if it must stay; attachments that must stay do.
Result<Deletion> PlanDeletion(db::Transaction& tx, const RepositoryPath& path,
                              const FoundManifest& image);

// What loses something that is attached to it, and may be asked for by rules: images that stay, of
// what goes.
Result<std::set<oci::Digest>> OwnersLeft(db::Transaction& tx, const Deletion& deletion);

// Who deletes, and where that stands.
struct Deleter {
  const control::Caller& caller;
  const audit::Log& log;
};
// Moves all of it to the trash; for the audit trail and whoever listens. Signatures among it have
// their own records.
Result<control::Effect> MoveToTrash(db::Transaction& tx, const Deleter& deleter,
                                    const RepositoryPath& path, const Deletion& deletion,
                                    const TrashTimes& times);

}  // namespace breakwater::registry
