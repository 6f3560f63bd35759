// The running side of a backup: all rows as they are at one moment, and then the blobs that these
// rows name, which are kept from being removed until they are fetched.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "admin/table_rows.h"
#include "base/result.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "io/stream.h"
#include "oci/digest.h"

namespace breakwater::admin {

struct BackupSourceOptions {
  PieceLimits piece{.rows = 8192, .bytes = 8 << 20};
  // From the last sign of life of whoever takes the backup.
  std::chrono::seconds hold{std::chrono::minutes{10}};
  std::string program;  // its version
};

// Thread-safe. Streams must not outlive it.
class BackupSource {
 public:
  BackupSource(BackupSourceOptions options, db::Database& database, blob::BlobStore& store,
               const Clock& clock)
      : options_(std::move(options)), database_(database), store_(store), clock_(clock) {}

  // A tar stream of backup.json, rows and manifest.json (backup_format.h), all of one moment, read
  // in one transaction that begins with the first byte that is asked for and ends with the last.
  // Holds blobs from now on. kConflict "backup_running" while another stream of this process is
  // read; kUnavailable "segment_unwritten", which passes; kConflict "copy_unfinished".
  Result<std::unique_ptr<io::Source>> Snapshot();
  // One of the blobs that a snapshot names; keeps all of them held. kNotFound "blob_unknown" if no
  // row names it, kDataCorrupt "blob_lost" if the store has it no more.
  Result<std::unique_ptr<blob::Blob>> Open(const oci::Digest& digest);
  // Keeps all of them held for as long as reading this one elsewhere may take. Its size; kNotFound
  // "blob_unknown".
  Result<std::uint64_t> Keep(const oci::Digest& digest);

 private:
  class Stream;

  Result<std::uint64_t> SizeOf(const oci::Digest& digest);
  Status Hold(std::chrono::seconds for_longer);

  const BackupSourceOptions options_;
  db::Database& database_;
  blob::BlobStore& store_;
  const Clock& clock_;
  std::atomic<bool> running_{false};
};

}  // namespace breakwater::admin
