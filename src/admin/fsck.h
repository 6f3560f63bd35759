// Looks at everything that content consists of: whether bytes are what their digests say, whether
// rows are what the bytes say, and whether whatever names something names what exists. For an
// installation that nobody serves meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "db/database.h"

namespace breakwater::admin {

enum class FsckOutcome {
  kFound,     // could be repaired, which was not asked for
  kRepaired,  // is as it should be again, and nothing was lost by it
  kLost,      // bytes are gone: only another push brings them back
};
std::string_view ToString(FsckOutcome outcome);  // "found"

// Images that one finding names.
inline constexpr std::size_t kMaxFsckImages = 20;

struct FsckFinding {
  std::string problem;  // a stable word: "blob_damaged"; docs/operating.md has all of them
  std::string what;     // "sha256:…", "us.icr.io/ns/app:v1", the id of an upload
  std::string text;     // for people: what is wrong
  FsckOutcome outcome = FsckOutcome::kFound;
  std::vector<std::string> images = {};  // that it breaks, "us.icr.io/ns/app:v1"; the first of them
};

struct FsckSummary {
  std::int64_t blobs = 0;
  std::uint64_t blob_bytes = 0;  // by the rows
  std::int64_t manifests = 0;
  // Of sparse images, which lack layers and may: no problem.
  std::int64_t sparse_images = 0;
  std::int64_t absent_layers = 0;
  std::int64_t found = 0;
  std::int64_t repaired = 0;
  std::int64_t lost = 0;
};

struct FsckOptions {
  // Makes derived rows again, removes what nothing names and what names nothing, and takes damaged
  // blobs and manifests out of the way of the push that brings them back.
  bool repair = false;
  // Reads and hashes every blob; else only its size is looked at.
  bool read_blobs = true;
  // Other processes may serve the installation: watched for that first.
  bool shared = false;
  // Called for each finding, in the order of the work.
  std::function<void(const FsckFinding&)> report;
};

// An error says why it could not be looked at to the end: kConflict "source_in_use" if a server is
// at work. Findings are no errors. What was repaired before stays so.
Result<FsckSummary> Fsck(db::Database& database, blob::BlobStore& store, const FsckOptions& options,
                         const Clock& clock);

}  // namespace breakwater::admin
