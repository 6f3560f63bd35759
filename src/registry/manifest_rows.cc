#include "registry/manifest_rows.h"

#include <algorithm>

#include "json/json.h"
#include "oci/referrers.h"
#include "registry/blobs.h"
#include "registry/stored_bytes.h"

namespace breakwater::registry {
namespace {

std::int64_t Clamped(std::uint64_t size) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(size, INT64_MAX));
}

std::vector<ManifestReference> ReferencesOf(const oci::Manifest& manifest) {
  std::vector<ManifestReference> all;
  const auto add = [&](ReferenceKind kind, const oci::Descriptor& target) {
    if (target.foreign && kind != ReferenceKind::kChild) return;
    all.push_back({kind, target.digest.text(), Clamped(target.size)});
  };
  if (manifest.config) add(ReferenceKind::kConfig, *manifest.config);
  for (const oci::Descriptor& layer : manifest.layers) add(ReferenceKind::kLayer, layer);
  for (const oci::Descriptor& child : manifest.manifests) add(ReferenceKind::kChild, child);
  // The first size counts where one target is named with two.
  std::ranges::stable_sort(all, {}, [](const ManifestReference& reference) {
    return std::pair(reference.kind, std::string_view(reference.target));
  });
  const auto same = std::ranges::unique(
      all, [](const auto& a, const auto& b) { return a.kind == b.kind && a.target == b.target; });
  all.erase(same.begin(), same.end());
  return all;
}

}  // namespace

ManifestRows RowsOf(const oci::Manifest& manifest, const oci::Digest& digest, std::size_t bytes) {
  ManifestRows rows{.media_type = manifest.media_type,
                    .artifact_type = std::string(manifest.ArtifactType()),
                    .config_digest = std::nullopt,
                    .content_size = Clamped(manifest.ContentSize()),
                    .subject = std::nullopt,
                    .referrer = std::nullopt,
                    .references = ReferencesOf(manifest)};
  if (manifest.config) rows.config_digest = manifest.config->digest.text();
  if (manifest.subject) {
    rows.subject = manifest.subject->digest.text();
    rows.referrer = json::Serialize(oci::ReferrerEntry(manifest, digest, bytes));
  }
  return rows;
}

Status InsertReferences(db::Transaction& tx, const std::string& repository_id,
                        const std::string& manifest, const std::vector<ManifestReference>& rows,
                        const std::set<oci::Digest>& absent) {
  std::set<std::string_view> without;
  for (const oci::Digest& digest : absent) without.insert(digest.text());
  for (const ManifestReference& row : rows) {
    if (row.kind == ReferenceKind::kLayer && without.contains(row.target)) {
      BW_TRY_STATUS(tx.Execute(
          "INSERT INTO absent_layer (repository, manifest, digest, size) VALUES ($1, $2, $3, $4) "
          "ON CONFLICT (repository, manifest, digest) DO NOTHING",
          {repository_id, manifest, row.target, row.size}));
      continue;
    }
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO manifest_reference (repository, manifest, kind, target, size) "
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (repository, manifest, kind, target) DO NOTHING",
        {repository_id, manifest, static_cast<std::int64_t>(row.kind), row.target, row.size}));
  }
  return AddStoredBlobs(tx, repository_id, manifest);
}

Status DeleteReferences(db::Transaction& tx, const std::string& repository_id,
                        const std::string& manifest) {
  BW_TRY(const auto blobs,
         tx.QueryAll("SELECT DISTINCT target FROM manifest_reference WHERE repository = $1 AND "
                     "manifest = $2 AND kind <> 2",
                     {repository_id, manifest}, [](const db::Row& row) { return row.String(0); }));
  for (const char* table : {"manifest_reference", "absent_layer"}) {
    BW_TRY_STATUS(
        tx.Execute("DELETE FROM " + std::string(table) + " WHERE repository = $1 AND manifest = $2",
                   {repository_id, manifest}));
  }
  return DropStoredBlobs(tx, repository_id, blobs);
}

Status DeleteManifestRows(db::Transaction& tx, const std::string& repository_id,
                          const std::string& manifest, Timestamp now) {
  // First, as a push has it first: else each would wait for what the other has.
  BW_TRY_STATUS(tx.Execute("DELETE FROM manifest WHERE repository = $1 AND digest = $2",
                           {repository_id, manifest}));
  BW_TRY_STATUS(
      tx.Execute("UPDATE repository_blob SET leased_until = $3 WHERE repository = $1 AND "
                 "leased_until < $3 AND digest IN (SELECT target FROM manifest_reference "
                 "WHERE repository = $1 AND manifest = $2 AND kind <> 2)",
                 {repository_id, manifest, now + kBlobLease}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM tag WHERE repository = $1 AND digest = $2",
                           {repository_id, manifest}));
  BW_TRY_STATUS(DeleteReferences(tx, repository_id, manifest));
  BW_TRY_STATUS(tx.Execute("DELETE FROM manifest_pull WHERE repository = $1 AND digest = $2",
                           {repository_id, manifest}));
  return Ok();
}

}  // namespace breakwater::registry
