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

// Of images whose manifests name the blob, or which are `manifest`: "registry/ns/app:tag", or with
// "@sha256:…" where no tag leads to it.
Result<std::vector<std::string>> ImagesWithBlob(db::Database& database, const std::string& blob);
Result<std::vector<std::string>> ImagesOf(db::Database& database, const std::string& repository_id,
                                          const std::string& manifest);

// Every blob's bytes, and bytes that no row names.
Status CheckBlobs(FsckRun& run);
// Uploads and staging.
Status CheckUploads(FsckRun& run);
// Manifests' bytes, and the rows that are derived from them.
Status CheckManifests(FsckRun& run);
// Rows that name what is not there.
Status CheckNames(FsckRun& run);

}  // namespace breakwater::admin
