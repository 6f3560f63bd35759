#include "registry/deletion.h"

#include <algorithm>
#include <iterator>

#include "registry/content.h"
#include "registry/manifest_rows.h"
#include "registry/signatures.h"

namespace breakwater::registry {
namespace {

json::Value Document(const Deletion& deletion) {
  json::Value document = TagsNow(deletion.image.digest, deletion.image.media_type, deletion.tags);
  if (deletion.attachments.empty()) return document;
  json::Object attachments;
  for (const Attachment& one : deletion.attachments) {
    attachments[one.digest.text()] = TagsTo(one.digest, one.tags);
  }
  document.as_object()["attachments"] = std::move(attachments);
  return document;
}

audit::Record SignatureRecord(const control::Caller& caller, const RepositoryPath& path,
                              const oci::Digest& image, const oci::Digest& signature) {
  audit::Record record =
      control::RecordOf(caller, action::kSignatureDelete, path.Image(image.text()));
  record.severity = audit::Severity::kCritical;
  record.target.digest = image.text();
  record.changes = audit::Differences({{"signature", json::Text(signature.text())}}, nullptr);
  return record;
}

// The image that a manifest is the signature of, or nothing.
Result<std::optional<oci::Digest>> SignatureOf(db::Transaction& tx, const ManifestKey& manifest) {
  return tx.QueryOne(
      "SELECT subject FROM manifest WHERE repository = $1 AND digest = $2 AND "
      "artifact_type = $3 AND subject IS NOT NULL",
      {manifest.repository, manifest.digest.text(), kSignatureType},
      [](const db::Row& row) { return oci::Digest::Parse(row.Text(0)); });
}

}  // namespace

Result<std::vector<Attachment>> GoingAlong(db::Transaction& tx, const RepositoryPath& path,
                                           const FoundManifest& image) {
  BW_TRY(auto attachments, AttachmentsOf(tx, {image.repository, image.digest}, OwnTag::kStays));
  std::vector<Attachment> going;
  for (Attachment& one : attachments) {
    const Status may = CheckManifestMayChange(tx, path, {image.repository, one.digest});
    if (!may.ok() && may.error().reason() == "tag_immutable") continue;
    BW_TRY_STATUS(may);
    going.push_back(std::move(one));
  }
  return going;
}

Result<Deletion> PlanDeletion(db::Transaction& tx, const RepositoryPath& path,
                              const FoundManifest& image) {
  const ManifestKey key{image.repository, image.digest};
  BW_TRY_STATUS(CheckManifestMayChange(tx, path, key));
  Deletion deletion{.image = image, .tags = {}, .attachments = {}, .signature_of = {}};
  BW_TRY(deletion.tags, TagsOf(tx, key.repository, key.digest));
  BW_TRY(deletion.attachments, GoingAlong(tx, path, image));
  BW_TRY(deletion.signature_of, SignatureOf(tx, key));
  return deletion;
}

Result<std::set<oci::Digest>> OwnersLeft(db::Transaction& tx, const Deletion& deletion) {
  std::set<oci::Digest> going{deletion.image.digest};
  for (const Attachment& one : deletion.attachments) going.insert(one.digest);
  std::set<oci::Digest> left;
  for (const oci::Digest& one : going) {
    BW_TRY(const auto owners, OwnersOf(tx, {deletion.image.repository, one}));
    std::ranges::set_difference(owners, going, std::inserter(left, left.end()));
  }
  return left;
}

Result<control::Effect> MoveToTrash(db::Transaction& tx, const Deleter& deleter,
                                    const RepositoryPath& path, const Deletion& deletion,
                                    const TrashTimes& times) {
  const std::string& repository = deletion.image.repository;
  control::Effect effect{.before = Document(deletion),
                         .after = nullptr,
                         .governed = {},
                         .events = {ContentEvent(event::kImageDeleted, path, deletion.image.digest,
                                                 deletion.tags, deletion.image.media_type)},
                         .target_digest = deletion.image.digest.text()};
  const auto move = [&](const oci::Digest& digest) -> Status {
    BW_TRY_STATUS(CopyToTrash(tx, {repository, digest}, deletion.image.digest, times));
    return DeleteManifestRows(tx, repository, digest.text(), times.deleted);
  };
  const auto record = [&](const std::optional<oci::Digest>& signed_image,
                          const oci::Digest& signature) -> Status {
    if (!signed_image) return Ok();
    BW_TRY_STATUS(
        deleter.log.Append(tx, SignatureRecord(deleter.caller, path, *signed_image, signature)));
    return Ok();
  };
  BW_TRY_STATUS(move(deletion.image.digest));
  BW_TRY_STATUS(record(deletion.signature_of, deletion.image.digest));
  for (const Attachment& one : deletion.attachments) {
    BW_TRY_STATUS(move(one.digest));
    BW_TRY_STATUS(record(one.signature_of, one.digest));
    effect.events.push_back(
        ContentEvent(event::kImageDeleted, path, one.digest, one.tags, one.media_type));
  }
  return effect;
}

}  // namespace breakwater::registry
