// Taking a blob out of the installation for good: its row and then its bytes, while its digest is
// held, so that no push stores the same bytes in between.
#pragma once

#include "base/result.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "oci/digest.h"
#include "registry/digest_locks.h"

namespace breakwater::registry {

// What removal works on.
struct BlobHome {
  db::Database& database;
  blob::BlobStore& store;
  DigestLocks& locks;
};

// Whether a row says that the bytes are in the blob store.
Result<bool> StoreHolds(db::Transaction& tx, const oci::Digest& digest);

// Removes a blob that no repository links, which is asked again in the transaction that removes its
// row; false if one does, or a backup holds all blobs (backup_hold.h). Bytes that are gone already
// are no error. kUnavailable "digest_busy" while a push of it goes on.
Result<bool> RemoveUnlinked(const BlobHome& home, const oci::Digest& digest, Timestamp now);

// Removes committed bytes that have no row; false if they have one. `hold`: of the digest.
Result<bool> RemoveUnrecorded(const BlobHome& home, const oci::Digest& digest,
                              DigestLocks::Hold& hold);

}  // namespace breakwater::registry
