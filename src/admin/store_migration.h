// Copies a whole installation from one pair of stores into another: from embedded stores to
// PostgreSQL and S3, and back. Neither side may be served meanwhile.
//
// Every table's rows go over in pieces, each in one transaction together with the place that was
// reached; then the blobs that rows name; then both sides are compared, by the number of rows and
// by a digest over all rows of every table, and the blobs by number and size. The copy may be
// killed at any moment: the next one goes on. Until it has been verified no server starts over the
// destination.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "admin/table_rows.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "db/database.h"

namespace breakwater::admin {

// One installation's stores. What it refers to must outlive the copy.
struct Side {
  db::Database& database;  // migrated (db/migrations.h)
  blob::BlobStore& blobs;
  const Secret& master_key;
  // Several processes can have it open, so that being open here does not mean it is at rest.
  bool shared = false;
};

struct CopyProgress {
  enum class Step { kRows, kBlobs, kCompare, kReread };
  Step step = Step::kRows;
  std::string table;                      // in work; empty for blobs
  std::int64_t rows = 0, rows_total = 0;  // kRows: of all tables; kCompare: of both sides
  std::int64_t blobs = 0, blobs_total = 0;
  std::uint64_t bytes = 0, bytes_total = 0;  // of blobs
};

struct MigrationOptions {
  bool reread = false;  // read and hash every blob of the destination again
  int threads = 4;      // blobs at the same time
  PieceLimits piece;
  std::function<void(const CopyProgress&)> progress;  // on any thread, one call at a time
  // How long a shared side is watched for signs of a server, and how that time is spent.
  std::chrono::milliseconds watch{3000};
  std::function<void(std::chrono::milliseconds)> sleep;  // default: std::this_thread::sleep_for
};

struct MigrationReport {
  struct TableRows {
    std::string table;
    std::int64_t rows = 0;
    std::string sha256;  // empty: not copied
  };
  bool resumed = false;
  std::vector<TableRows> tables;      // copied, and equal on both sides
  std::vector<TableRows> not_copied;  // with the rows that the source has
  std::int64_t blobs = 0;
  std::uint64_t blob_bytes = 0;
  // In the source's store without a row: what deleted images and broken uploads left. Not copied.
  std::int64_t unnamed_blobs = 0;
  std::uint64_t unnamed_bytes = 0;
};

// The tables that are not copied, and why, in words for the operator.
struct LeftOut {
  std::string_view table;
  std::string_view why;
};
const std::vector<LeftOut>& TablesLeftOut();

// Succeeds only when both sides were found equal. Messages are for the operator. Reasons:
// - kConflict "schema_differs", "nothing_to_copy", "source_unfinished", "source_in_use",
//   "destination_not_empty", "already_copied", "copy_of_another", "master_keys_differ",
//   "master_key_wrong": nothing was changed;
// - kDataCorrupt "blobs_damaged": the source lacks blobs that rows name; all others were copied;
// - kDataCorrupt "not_equal": the source was changed during the copy; the next one begins anew;
// - whatever the stores fail with. The next call goes on.
Result<MigrationReport> MigrateStore(const Side& source, const Side& destination,
                                     const MigrationOptions& options, const Clock& clock);

}  // namespace breakwater::admin
