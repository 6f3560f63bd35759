#include <algorithm>
#include <utility>

#include "registry/content.h"
#include "registry/deletion.h"
#include "registry/governed_content.h"
#include "registry/manifests.h"

namespace breakwater::registry {
namespace {

// Whoever pulls for the platform of what goes finds it named there, and does not get it.
Result<std::vector<IncompleteList>> ListsLeft(db::Transaction& tx, const Deletion& deletion) {
  const std::string& repository = deletion.image.repository;
  BW_TRY(auto digests,
         tx.QueryAll("SELECT c.manifest FROM manifest_reference c WHERE c.repository = $1 AND "
                     "c.target = $2 AND c.kind = 2 ORDER BY c.manifest LIMIT $3",
                     {repository, deletion.image.digest.text(), kMaxIncompleteLists},
                     [](const db::Row& row) { return oci::Digest::Parse(row.Text(0)); }));
  std::vector<IncompleteList> lists;
  for (oci::Digest& digest : digests) {
    if (std::ranges::find(deletion.attachments, digest, &Attachment::digest) !=
        deletion.attachments.end()) {
      continue;
    }
    BW_TRY(auto tags, tx.QueryAll("SELECT name FROM tag WHERE repository = $1 AND digest = $2 "
                                  "ORDER BY name LIMIT $3",
                                  {repository, digest.text(), kMaxTagsOfIncomplete},
                                  [](const db::Row& row) { return row.String(0); }));
    lists.push_back({std::move(digest), std::move(tags)});
  }
  return lists;
}

Result<DeletedImage> Deleted(db::Transaction& tx, Deletion deletion) {
  BW_TRY(auto lists, ListsLeft(tx, deletion));
  return DeletedImage{.digest = std::move(deletion.image.digest),
                      .tags = std::move(deletion.tags),
                      .attachments = std::move(deletion.attachments),
                      .incomplete_lists = std::move(lists)};
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
      return Deleted(tx, std::move(deletion));
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
    // Made anew if the transaction runs again.
    BW_TRY(deleted, Deleted(tx, *std::move(plan)));
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
