// Brings advisory feeds into the database.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "advisor/advisory_store.h"
#include "advisor/feed.h"
#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "db/database.h"
#include "io/stream.h"
#include "jobs/jobs.h"

namespace breakwater::advisor {

struct ImportReport {
  FeedCounts counts;
  FeedInfo feed;           // what is current now
  bool unchanged = false;  // the feed was there already: nothing was written
};

// A feed (directory or archive) replaces the one before as a whole; a single record is added to it,
// or replaces its former version, or takes it away if it is withdrawn. Every indexed image is then
// matched anew by a job. Only the ecosystems that are matched are kept; the rest is counted.
//
// Thread-safe; one import runs at a time.
class Importer {
 public:
  Importer(db::Database& database, jobs::Jobs& jobs, const Clock& clock)
      : database_(database), jobs_(jobs), clock_(clock) {}

  // A directory of OSV .json files, one .json file, or a .tar, .tar.gz or .tar.zst of them.
  // kNotFound when there is no such path; the errors of FeedBuilder and of the readers.
  Result<ImportReport> Import(const std::filesystem::path& path);
  // A tar of OSV records as a stream; `source` is the name to remember it by.
  Result<ImportReport> ImportArchive(io::Source& archive, const std::string& source);
  // One OSV record, at most as large as records are; `source` is used if there was no feed.
  Result<ImportReport> ImportRecord(std::string_view json, const std::string& source);
  // The few records that are part of the program, for the tour on a machine without feeds.
  Result<ImportReport> ImportSample();

  static constexpr std::string_view kSampleSource = "sample";

 private:
  Result<ImportReport> Replace(FeedBuilder builder, const std::string& source) BW_REQUIRES(mutex_);
  Result<ImportReport> Merge(FeedBuilder builder, const std::string& source) BW_REQUIRES(mutex_);
  Result<std::int64_t> Begin(const Feed& feed, const std::string& source);
  Status WriteRows(const Feed& feed, std::int64_t generation);
  Status MakeCurrent(std::int64_t generation);
  Status Clean();
  Status MergeRows(db::Transaction& tx, const Feed& feed, const FeedInfo& current);
  Result<std::optional<FeedInfo>> Current();

  db::Database& database_;
  jobs::Jobs& jobs_;
  const Clock& clock_;
  Mutex mutex_;
};

}  // namespace breakwater::advisor
