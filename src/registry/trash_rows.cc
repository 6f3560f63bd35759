#include "registry/trash_rows.h"

#include <algorithm>
#include <iterator>

#include "registry/absent_layers.h"
#include "registry/stored_bytes.h"

namespace breakwater::registry {
namespace {

#define BW_MANIFEST_COLUMNS                                                               \
  "repository, digest, media_type, artifact_type, config_digest, content_size, subject, " \
  "referrer, "                                                                            \
  "created, pushed, tagged, content"

}  // namespace

Status CopyToTrash(db::Transaction& tx, const ManifestKey& manifest, const oci::Digest& root,
                   const TrashTimes& times) {
  const std::string& digest = manifest.digest.text();
  // Before anything else of it, as pushes and what brings images back have it: else each would wait
  // for what the other has, until the database takes a second to see it.
  BW_TRY_STATUS(
      tx.Execute("UPDATE manifest SET tagged = tagged WHERE repository = $1 AND digest = $2",
                 {manifest.repository, digest}));
  // It may lie there from before: its tags of then can still be restored.
  BW_TRY(const auto earlier,
         tx.QueryAll("SELECT t.name FROM trash_tag t JOIN trash_image i ON i.repository = "
                     "t.repository AND i.digest = t.digest WHERE t.repository = $1 AND "
                     "t.digest = $2 AND i.expires > $3",
                     {manifest.repository, digest, times.deleted},
                     [](const db::Row& row) { return row.String(0); }));
  BW_TRY_STATUS(RemoveFromTrash(tx, manifest));
  // What conflicts all the same was put there by a deletion that runs at once: of that PostgreSQL
  // makes a contradiction, which is cured by running again, and not a duplicate.
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO trash_image (" BW_MANIFEST_COLUMNS
                 ", root, deleted, expires, pulled) SELECT " BW_MANIFEST_COLUMNS
                 ", CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), (SELECT p.pulled "
                 "FROM manifest_pull p WHERE p.repository = $1 AND p.digest = $2) FROM manifest "
                 "WHERE repository = $1 AND digest = $2 ON CONFLICT (repository, digest) "
                 "DO NOTHING",
                 {manifest.repository, digest, root.text(), times.deleted, times.expires}));
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO trash_tag (repository, digest, name) SELECT repository, "
                 "digest, name FROM tag WHERE repository = $1 AND digest = $2",
                 {manifest.repository, digest}));
  for (const std::string& tag : earlier) {
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO trash_tag (repository, digest, name) VALUES ($1, $2, $3) "
                   "ON CONFLICT (repository, digest, name) DO NOTHING",
                   {manifest.repository, digest, tag}));
  }
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO trash_reference (repository, manifest, kind, target, size) SELECT "
                 "repository, manifest, kind, target, size FROM manifest_reference WHERE "
                 "repository = $1 AND manifest = $2",
                 {manifest.repository, digest}));
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO trash_absent_layer (repository, manifest, digest, size) SELECT "
                 "repository, manifest, digest, size FROM absent_layer WHERE repository = $1 AND "
                 "manifest = $2",
                 {manifest.repository, digest}));
  return Ok();
}

Status RemoveFromTrash(db::Transaction& tx, const ManifestKey& manifest) {
  for (const char* sql : {"DELETE FROM trash_tag WHERE repository = $1 AND digest = $2",
                          "DELETE FROM trash_reference WHERE repository = $1 AND manifest = $2",
                          "DELETE FROM trash_absent_layer WHERE repository = $1 AND manifest = $2",
                          "DELETE FROM trash_image WHERE repository = $1 AND digest = $2"}) {
    BW_TRY_STATUS(tx.Execute(sql, {manifest.repository, manifest.digest.text()}));
  }
  return Ok();
}

Result<bool> CopyFromTrash(db::Transaction& tx, const ManifestKey& manifest, Timestamp now,
                           std::vector<oci::Digest>& completed) {
  const std::string& digest = manifest.digest.text();
  BW_TRY(const auto copied,
         tx.Execute("INSERT INTO manifest (" BW_MANIFEST_COLUMNS ") SELECT " BW_MANIFEST_COLUMNS
                    " FROM trash_image WHERE repository = $1 AND digest = $2 "
                    "ON CONFLICT (repository, digest) DO NOTHING",
                    {manifest.repository, digest}));
  if (copied == 0) return false;
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO manifest_pull (repository, digest, pulled) SELECT repository, digest, "
      "pulled FROM trash_image WHERE repository = $1 AND digest = $2 AND pulled IS NOT "
      "NULL ON CONFLICT (repository, digest) DO NOTHING",
      {manifest.repository, digest}));
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO manifest_reference (repository, manifest, kind, target, size) SELECT "
                 "repository, manifest, kind, target, size FROM trash_reference WHERE "
                 "repository = $1 AND manifest = $2 "
                 "ON CONFLICT (repository, manifest, kind, target) DO NOTHING",
                 {manifest.repository, digest}));
  // The trash has kept the blobs, and perhaps not their links. No push relies on these.
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO repository_blob (repository, digest, linked, leased_until) SELECT "
                 "DISTINCT e.repository, b.digest, CAST($3 AS BIGINT), CAST($3 AS BIGINT) FROM "
                 "trash_reference e JOIN blob b ON b.digest = e.target WHERE e.repository = $1 AND "
                 "e.manifest = $2 AND e.kind <> 2 ON CONFLICT (repository, digest) DO NOTHING",
                 {manifest.repository, digest, now}));
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO absent_layer (repository, manifest, digest, size) SELECT "
                 "repository, manifest, digest, size FROM trash_absent_layer WHERE "
                 "repository = $1 AND manifest = $2 "
                 "ON CONFLICT (repository, manifest, digest) DO NOTHING",
                 {manifest.repository, digest}));
  BW_TRY_STATUS(AddStoredBlobs(tx, manifest.repository, digest));
  BW_TRY(const auto settled, SettleAbsentLayers(tx, manifest.repository, manifest.digest));
  BW_TRY_STATUS(CheckWaiting(tx, manifest.repository, manifest.digest));
  // Of itself its return tells.
  std::ranges::copy_if(settled, std::back_inserter(completed),
                       [&](const oci::Digest& one) { return one != manifest.digest; });
  return true;
}

#undef BW_MANIFEST_COLUMNS

Result<std::vector<std::string>> TrashedTags(db::Transaction& tx, const ManifestKey& manifest) {
  return tx.QueryAll(
      "SELECT name FROM trash_tag WHERE repository = $1 AND digest = $2 ORDER BY name",
      {manifest.repository, manifest.digest.text()},
      [](const db::Row& row) { return row.String(0); });
}

}  // namespace breakwater::registry
