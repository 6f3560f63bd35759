// The parts of fsck. Internal to admin/.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "admin/fsck.h"
#include "oci/digest.h"

namespace breakwater::admin {

// What all parts work on.
struct FsckRun {
  db::Database& database;
  blob::BlobStore& store;
  const FsckOptions& options;
  const Clock& clock;
  FsckSummary summary = {};
  std::set<std::string> bad_blobs = {};  // reported already

  // Counts and reports; runs `repair` first where that is asked for. What is `lost` remains so.
  Status Report(FsckFinding finding, bool lost, const std::function<Status()>& repair);
};

// Of images, deleted ones in the trash too, whose manifests name the blob, or which are `manifest`: "registry/ns/app:tag", or with
// "@sha256:…" where no tag leads to it.
Result<std::vector<std::string>> ImagesWithBlob(db::Database& database, const std::string& blob);
Result<std::vector<std::string>> ImagesOf(db::Database& database, const std::string& repository_id,
                                          const std::string& manifest);

// Rows in pages of `size`, each page in a transaction of its own, so that what is looked at may be
// repaired meanwhile. `page` gives the rows after one (the first time: after an empty one).
template <class Row, class Page, class Visit>
Status ForEachRow(db::Database& database, std::size_t size, Page page, Visit visit) {
  Row after{};
  while (true) {
    BW_TRY(std::vector<Row> rows,
           database.ReadValue([&](db::Transaction& tx) { return page(tx, after); }));
    for (Row& row : rows) BW_TRY_STATUS(visit(row));
    if (rows.size() < size) return Ok();
    after = std::move(rows.back());
  }
}

// Every blob's bytes, and bytes that no row names.
Status CheckBlobs(FsckRun& run);
// Uploads and staging.
Status CheckUploads(FsckRun& run);
// Manifests' bytes, and the rows that are derived from them.
Status CheckManifests(FsckRun& run);
// The same of deleted images in the trash.
Status CheckTrash(FsckRun& run);
// Rows that name what is not there.
Status CheckNames(FsckRun& run);
// What accounts store, counted anew; nothing where something else is wrong.
Status CheckUsage(FsckRun& run);

}  // namespace breakwater::admin
