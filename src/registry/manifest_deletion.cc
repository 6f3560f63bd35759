#include "registry/content.h"
#include "registry/deletion.h"
#include "registry/manifests.h"

namespace breakwater::registry {
namespace {

DeletedImage Deleted(const Deletion& deletion) {
  return {
      .digest = deletion.image.digest, .tags = deletion.tags, .attachments = deletion.attachments};
}

// What a manifest is attached to.
Result<std::optional<oci::Digest>> SubjectOf(db::Transaction& tx, const ManifestKey& manifest) {
  BW_TRY(const auto subjects,
         tx.QueryAll("SELECT subject FROM manifest WHERE repository = $1 AND digest = $2 AND "
                     "subject IS NOT NULL",
                     {manifest.repository, manifest.digest.text()},
                     [](const db::Row& row) { return oci::Digest::Parse(row.Text(0)); }));
  return subjects.empty() ? std::nullopt : std::optional(subjects.front());
}

Result<control::Effect> RemoveTag(db::Transaction& tx, const RepositoryPath& path,
                                  const std::string& tag, const FoundManifest& found) {
  BW_TRY_STATUS(
      tx.Execute("DELETE FROM tag WHERE repository = $1 AND name = $2", {found.repository, tag}));
  return control::Effect{
      .before = {{"tags", TagsTo(found.digest, {tag})}},
      .after = nullptr,
      .governed = {},
      .events = {ContentEvent(event::kTagDeleted, path, found.digest, {tag}, "")},
      .target_digest = found.digest.text()};
}

Result<FoundManifest> FindTag(db::Transaction& tx, const RepositoryPath& path,
                              const oci::Reference& reference) {
  BW_TRY(FoundManifest found, FindManifest(tx, path, reference));
  BW_TRY_STATUS(CheckTagMayMove(tx, path, reference.tag(), found.digest));
  return found;
}

}  // namespace

Status Manifests::Delete(const control::Caller& caller, const RepositoryPath& path,
                         const oci::Reference& reference) {
  if (reference.is_digest()) {
    BW_TRY_STATUS(DeleteImage(caller, path, reference, {}));
    return Ok();
  }
  BW_TRY_STATUS(DeleteTag(caller, path, reference, {}));
  return Ok();
}

Result<DeletedImage> Manifests::DeleteImage(const control::Caller& caller,
                                            const RepositoryPath& path,
                                            const oci::Reference& reference,
                                            const DeleteOptions& options) {
  if (options.dry_run) {
    return database_.ReadValue([&](db::Transaction& tx) -> Result<DeletedImage> {
      BW_TRY(const FoundManifest found, FindManifest(tx, path, reference));
      BW_TRY(const Deletion deletion, PlanDeletion(tx, path, found));
      return Deleted(deletion);
    });
  }
  std::optional<DeletedImage> deleted;
  control::Change change = ImageChange(options.action, path, reference.text());
  change.severity = audit::Severity::kCritical;
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const FoundManifest found, FindManifest(tx, path, reference));
    BW_TRY(const Deletion deletion, PlanDeletion(tx, path, found));
    deleted = Deleted(deletion);
    const Timestamp now = clock_.Now();
    std::vector<oci::Digest> images{found.digest};
    for (const Attachment& one : deletion.attachments) images.push_back(one.digest);
    BW_TRY(auto gone, Governed(tx, path, images));
    BW_TRY(const auto subject, SubjectOf(tx, {found.repository, found.digest}));
    BW_TRY(auto effect, MoveToTrash(tx, {caller, log_}, path, deletion,
                                    {.deleted = now, .expires = now + options_.trash_life}));
    effect.gone = std::move(gone);
    // What was attached to an image may have been asked of it.
    if (subject) {
      BW_TRY(effect.governed, Governed(tx, path, {*subject}));
    }
    return effect;
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  return *std::move(deleted);
}

Result<oci::Digest> Manifests::DeleteTag(const control::Caller& caller, const RepositoryPath& path,
                                         const oci::Reference& reference,
                                         const DeleteOptions& options) {
  if (options.dry_run) {
    BW_TRY(FoundManifest found,
           database_.ReadValue([&](db::Transaction& tx) { return FindTag(tx, path, reference); }));
    return std::move(found.digest);
  }
  std::optional<oci::Digest> named;
  control::Change change = ImageChange(options.action, path, reference.text());
  change.severity = audit::Severity::kCritical;
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const FoundManifest found, FindTag(tx, path, reference));
    named = found.digest;
    return RemoveTag(tx, path, reference.tag(), found);
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  return *std::move(named);
}

}  // namespace breakwater::registry
