#include "admin/fsck.h"

#include "admin/fsck_checks.h"
#include "admin/migration_checks.h"

namespace breakwater::admin {
namespace {

// What a manifest is called, and what leads to it.
constexpr std::string_view kImageColumns = "SELECT r.registry, r.name, m.digest, t.name ";
constexpr std::string_view kTags =
    " LEFT JOIN tag t ON t.repository = m.repository AND t.digest = m.digest ";

std::string ImageFromRow(const db::Row& row) {
  std::string image = row.String(0) + "/" + row.String(1);
  return row.IsNull(3) ? image + "@" + row.String(2) : image + ":" + row.String(3);
}

}  // namespace

std::string_view ToString(FsckOutcome outcome) {
  switch (outcome) {
    case FsckOutcome::kFound: return "found";
    case FsckOutcome::kRepaired: return "repaired";
    case FsckOutcome::kLost: return "lost";
  }
  BW_UNREACHABLE();
}

Status FsckRun::Report(FsckFinding finding, bool lost, const std::function<Status()>& repair) {
  if (options.repair && repair) BW_TRY_STATUS(repair());
  const bool repaired = options.repair && repair && !lost;
  finding.outcome = lost       ? FsckOutcome::kLost
                    : repaired ? FsckOutcome::kRepaired
                               : FsckOutcome::kFound;
  ++(lost ? summary.lost : repaired ? summary.repaired : summary.found);
  if (options.report) options.report(finding);
  return Ok();
}

Result<std::vector<std::string>> ImagesWithBlob(db::Database& database, const std::string& blob) {
  return database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(std::string(kImageColumns) +
                           "FROM manifest_reference e JOIN repository r ON r.id = e.repository "
                           "JOIN manifest m ON m.repository = e.repository AND "
                           "m.digest = e.manifest" +
                           std::string(kTags) +
                           "WHERE e.target = $1 AND e.kind <> 2 UNION ALL "
                           "SELECT r.registry, r.name, t.manifest, CAST(NULL AS TEXT) FROM "
                           "trash_reference t JOIN repository r ON r.id = t.repository "
                           "WHERE t.target = $1 AND t.kind <> 2 ORDER BY 1, 2, 4, 3 LIMIT $2",
                       {blob, kMaxFsckImages}, ImageFromRow);
  });
}

Result<std::vector<std::string>> ImagesOf(db::Database& database, const std::string& repository_id,
                                          const std::string& manifest) {
  return database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(
        std::string(kImageColumns) + "FROM manifest m JOIN repository r ON r.id = m.repository" +
            std::string(kTags) + "WHERE m.repository = $1 AND m.digest = $2 ORDER BY 4 LIMIT $3",
        {repository_id, manifest, kMaxFsckImages}, ImageFromRow);
  });
}

Result<FsckSummary> Fsck(db::Database& database, blob::BlobStore& store, const FsckOptions& options,
                         const Clock& clock) {
  if (options.shared) BW_TRY_STATUS(RefuseInUse(database, "installation", {}, clock));
  FsckRun run{database, store, options, clock};
  // Manifests before blobs: which blobs are needed is read from their rows.
  BW_TRY_STATUS(CheckManifests(run));
  BW_TRY_STATUS(CheckTrash(run));
  BW_TRY_STATUS(CheckBlobs(run));
  BW_TRY_STATUS(CheckNames(run));
  BW_TRY_STATUS(CheckUploads(run));
  // Last: it counts what the others have left.
  BW_TRY_STATUS(CheckUsage(run));
  return run.summary;
}

}  // namespace breakwater::admin
