// Taking a backup of a running installation, looking whether one is whole, and making an
// installation out of one. The form is that of backup_format.h.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "admin/backup_files.h"
#include "admin/backup_pass.h"
#include "admin/patience.h"
#include "admin/store_migration.h"
#include "base/result.h"
#include "base/time.h"
#include "io/stream.h"

namespace breakwater::admin {

// Progress for people; on the caller's thread.
struct BackupProgress {
  std::int64_t rows = 0;
  std::int64_t blobs = 0;
  std::int64_t blobs_total = 0;  // 0 while rows are under way
  std::uint64_t bytes = 0;       // of blobs
};

struct TakenBackup {
  std::string name;  // of a directory's: `snapshot` of OpenBackup
  std::string manifest_sha256;
  Timestamp created;  // as of when it is
  std::int64_t rows = 0;
  std::int64_t blobs = 0;
  std::uint64_t blob_bytes = 0;
  std::int64_t blobs_were_there = 0;  // from an earlier one
};

// What a server gives. Errors that pass (patience.h) are waited for.
struct BackupFeed {
  // BackupSource::Snapshot, from its begin.
  std::function<Result<std::unique_ptr<io::Source>>()> snapshot;
  // BackupSource::Open of a blob that the snapshot names, from this byte on. kNotFound
  // "blob_unknown" where it was removed all the same: blobs were not held any more.
  std::function<Result<std::unique_ptr<io::Source>>(const NamedBlob&, std::uint64_t from)> blob;
  // BackupSource::Keep: for as long as it takes to read one that need not be fetched. kNotFound as
  // above.
  std::function<Status(const NamedBlob&)> keep;
  std::function<void(const BackupProgress&)> progress = {};
};
// Every byte is held against its digest on its way. A blob that breaks off is fetched from there
// on; where the snapshot breaks off, or what it names is held no more, the backup begins anew, a
// few times at most. kUnavailable, kDeadline or kRateLimited where the server was lost.
Result<TakenBackup> TakeBackup(const BackupFeed& feed, const std::filesystem::path& path,
                               const Patience& patience);

struct RestoreOptions {
  std::function<void(const BackupProgress&)> progress = {};
  // How a shared destination is watched for servers (store_migration.h).
  MigrationOptions watch = {};
};

struct Restored {
  BackupContents contents;
  bool begun_before = false;
};

// Fills the stores of `destination`, which must be empty, or hold what an interrupted restore of
// the same backup has left. Ends when all rows and blobs are read back and equal to the backup's;
// but no server starts over them before FinishRestore. Reasons, beside those of stores:
// - kConflict "schema_differs", "master_keys_differ", "destination_not_empty", "copy_of_another",
//   "source_in_use": nothing was changed;
// - kDataCorrupt "backup_damaged", "not_equal": what was restored so far stays unfinished.
Result<Restored> RestoreBackup(BackupReader& backup, const Side& destination,
                               const RestoreOptions& options, const Clock& clock);
// In the transaction that says the restored installation may be served.
Status FinishRestore(db::Transaction& tx);

}  // namespace breakwater::admin
