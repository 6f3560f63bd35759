// Closed segments of the trail: sealed entries as compressed lines (lines.h) in the blob store,
// each ending with a signed head. What is in a segment may leave the database.
//
// The row that names a segment is committed before its bytes: from then on the collection of
// garbage keeps them, and whoever finds a row whose bytes were not written writes them. So a crash
// in between loses nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/heads.h"
#include "audit/log.h"
#include "blob/blob_store.h"
#include "db/database.h"

namespace breakwater::audit {

struct SegmentOptions {
  std::int64_t entries = 50'000;     // closes a segment…
  std::chrono::hours age{1};         // …or its first entry's age
  std::int64_t rows_at_once = 1000;  // read or removed in one transaction
};

struct Segment {
  std::int64_t first = 0;  // sequences
  std::int64_t last = 0;
  std::string last_hash = {};
  Timestamp last_time = {};  // the latest of its records
  std::string digest = {};   // of the compressed bytes
  std::uint64_t size = 0;
  bool stored = false;
};

json::Value ToJson(const Segment& segment);

// Thread-safe. One process at a time closes segments (a lease of jobs); if two do, one fails.
class Segments {
 public:
  Segments(SegmentOptions options, db::Database& database, blob::BlobStore& store, const Log& log,
           const Heads& heads, const Clock& clock)
      : options_(options),
        database_(database),
        store_(store),
        log_(log),
        heads_(heads),
        clock_(clock) {}

  static constexpr std::int64_t kMostCounted = 1'000'000;

  // Writes what is due; the number of segments.
  Result<int> Close() const;
  // Removes from the database entries that a stored segment holds and that all are older than so
  // many days; 0: none. The number of entries.
  Result<std::int64_t> RemoveOld(std::int64_t keep_days) const;

  // The last entry that is in segments alone; 0: all are rows.
  Result<std::int64_t> RemovedUntil() const;

  // Sealed entries with greater sequences, wherever they are; of those in no segment yet at most
  // kMostCounted, since each is counted by itself.
  Result<std::int64_t> CountAfter(std::int64_t sequence) const;

  // From the one that holds `sequence` on, in order.
  Result<std::vector<Segment>> List(std::int64_t sequence, std::int64_t limit) const;
  // Lines of entries from `first` on, from the database or from a segment, with the heads among
  // them. At most `limit` entries, and little more than `max_bytes`. Where the next begin.
  // `first` may be a number that a continuation left out: its entry is the first then.
  Result<std::int64_t> Export(std::int64_t first, std::int64_t limit, std::size_t max_bytes,
                              std::string& lines) const;

 private:
  Result<std::optional<Segment>> Due() const;
  Status Write(Segment segment) const;
  Result<std::unique_ptr<blob::Staged>> Stage(Segment& segment) const;
  // kDataCorrupt unless the segment begins with a continuation that left out this number.
  Status CheckContinued(const Segment& segment, std::int64_t first) const;
  Result<std::int64_t> ExportStored(const Segment& segment, std::int64_t first, std::int64_t limit,
                                    std::size_t max_bytes, std::string& lines) const;

  const SegmentOptions options_;
  db::Database& database_;
  blob::BlobStore& store_;
  const Log& log_;
  const Heads& heads_;
  const Clock& clock_;
};

}  // namespace breakwater::audit
