#include <utility>

#include "registry/content.h"
#include "registry/deletion.h"
#include "registry/governed_content.h"
#include "registry/manifests.h"

namespace breakwater::registry {
namespace {

DeletedImage Deleted(Deletion deletion) {
  return {.digest = std::move(deletion.image.digest),
          .tags = std::move(deletion.tags),
          .attachments = std::move(deletion.attachments)};
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
  BW_TRY_STATUS(DeleteTag(caller, path, reference, {.action = action::kImageUntag}));
  return Ok();
}

Result<DeletedImage> Manifests::DeleteImage(const control::Caller& caller,
                                            const RepositoryPath& path,
                                            const oci::Reference& reference,
                                            const DeleteOptions& options) {
  if (options.dry_run) {
    return database_.ReadValue([&](db::Transaction& tx) -> Result<DeletedImage> {
      BW_TRY(const FoundManifest found, FindManifest(tx, path, reference));
      BW_TRY(Deletion deletion, PlanDeletion(tx, path, found));
      return Deleted(std::move(deletion));
    });
  }
  std::optional<DeletedImage> deleted;
  std::optional<Deletion> plan;
  std::set<oci::Digest> owners;
  GovernedContent content;
  control::Change change = ImageChange(options.action, path, reference.text());
  change.severity = audit::Severity::kCritical;
  change.weighed =
      control::WeighTaking([&](db::Transaction& tx) -> Result<std::vector<control::Resource>> {
        BW_TRY(content, GovernedContent::In(tx, options_.rules, path));
        BW_TRY(const FoundManifest found, FindManifest(tx, path, reference));
        BW_TRY(plan, PlanDeletion(tx, path, found));
        BW_TRY(owners, OwnersLeft(tx, *plan));
        return content.Now(tx, owners);
      });
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    const Timestamp now = clock_.Now();
    std::set<oci::Digest> images{plan->image.digest};
    for (const Attachment& one : plan->attachments) images.insert(one.digest);
    BW_TRY(auto gone, content.Images(tx, images));
    BW_TRY(auto effect, MoveToTrash(tx, {caller, log_}, path, *plan,
                                    {.deleted = now, .expires = now + options_.trash_life}));
    effect.gone = std::move(gone);
    BW_TRY_STATUS(content.TakenFrom(tx, owners, effect));
    deleted = Deleted(*std::move(plan));  // made anew if the transaction runs again
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
  const std::set<oci::Digest> owners = NamedAfter(std::vector{reference.tag()});
  GovernedContent content;
  change.weighed =
      control::WeighTaking([&](db::Transaction& tx) -> Result<std::vector<control::Resource>> {
        BW_TRY(content, GovernedContent::In(tx, options_.rules, path));
        return content.Now(tx, owners);
      });
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const FoundManifest found, FindTag(tx, path, reference));
    named = found.digest;
    BW_TRY(auto effect, RemoveTag(tx, path, reference.tag(), found));
    BW_TRY(effect.governed, content.Now(tx, owners));
    return effect;
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  return *std::move(named);
}

}  // namespace breakwater::registry
