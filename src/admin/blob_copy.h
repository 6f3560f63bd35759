// The blobs of an installation, copied from one store into another. Internal to admin/.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "oci/digest.h"

namespace breakwater::admin {

struct NamedBlob {
  oci::Digest digest;
  std::uint64_t size = 0;
};

struct BlobTotals {
  std::int64_t count = 0;
  std::uint64_t bytes = 0;
};

// What rows say is in the blob store.
Result<BlobTotals> CountNamedBlobs(db::Database& database);
Result<BlobTotals> CountNamedBlobs(db::Transaction& tx);
// In the order of their digests, those behind `after` (empty: from the first), at most `limit`.
Result<std::vector<NamedBlob>> ReadNamedBlobs(db::Database& database, const std::string& after,
                                              std::int64_t limit);

// What became of one blob.
struct BlobOutcome {
  enum class Kind {
    kCopied,
    kWasThere,
    kMissing,  // the store that should have it has not
    kDamaged,  // its bytes are not those of its digest and size
    kFailed,   // `status`; another attempt may succeed
  };
  Kind kind = Kind::kFailed;
  Status status;
};

using BytesCallback = std::function<void(std::uint64_t)>;

// Whether the destination has it; one of another size is taken away.
Result<bool> IsThere(blob::BlobStore& destination, const NamedBlob& blob);
// Makes one blob durable in `destination`, unless it is there in its right size. The bytes are
// checked against the digest on their way. Needs memory for one piece. `bytes` is told how many
// more there are.
BlobOutcome CopyBlob(blob::BlobStore& source, blob::BlobStore& destination, const NamedBlob& blob,
                     const BytesCallback& bytes);
// Reads a blob to its end: kWasThere if every byte is right.
BlobOutcome RereadBlob(blob::BlobStore& store, const NamedBlob& blob, const BytesCallback& bytes);

// Calls `work` for each index below `count`, on `threads` threads, and returns when all are done.
void ForEachOf(std::size_t count, int threads, const std::function<void(std::size_t)>& work);

// What a store has, against what rows name.
struct StoreContents {
  BlobTotals named;  // in their right size
  BlobTotals wrong_size;
  BlobTotals unnamed;
};
Result<StoreContents> CompareStore(blob::BlobStore& store, db::Database& database);

// kConflict "destination_not_empty" if there is a blob.
Status RefuseBlobs(blob::BlobStore& store);
// What uploads that were cut off have left.
Status DiscardStaged(blob::BlobStore& store);

}  // namespace breakwater::admin
