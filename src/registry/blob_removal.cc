#include "registry/blob_removal.h"

#include <chrono>

#include "registry/backup_hold.h"
#include "registry/image_config.h"

namespace breakwater::registry {
namespace {

// Within it no request to a blob store is given up.
constexpr std::chrono::seconds kPromptRemoval{10};

// A request that was given up may still be carried out, also when a later one was answered.
Status RemoveBytes(blob::BlobStore& store, const oci::Digest& digest, DigestLocks::Hold& hold) {
  const auto begun = std::chrono::steady_clock::now();
  Status removed = store.Remove(digest);
  if (!removed.ok() || std::chrono::steady_clock::now() - begun > kPromptRemoval) hold.Leave();
  return removed;
}

}  // namespace

Result<bool> StoreHolds(db::Transaction& tx, const oci::Digest& digest) {
  BW_TRY(const auto found, tx.QueryOne("SELECT 1 FROM blob WHERE digest = $1 AND place = 1",
                                       {digest.text()}, [](const db::Row&) { return true; }));
  return found.has_value();
}

Result<bool> RemoveUnlinked(const BlobHome& home, const oci::Digest& digest, Timestamp now) {
  // Held until the bytes are gone, so that no push can commit the same bytes in between.
  BW_TRY(const auto hold, home.locks.Acquire(digest, DigestUse::kRemove, 0));
  bool in_store = false;
  BW_TRY(const bool removed, home.database.WriteValue([&](db::Transaction& tx) -> Result<bool> {
    BW_TRY(const bool held, AreBlobsHeld(tx, home.database.dialect(), now));
    if (held) return false;
    BW_TRY(in_store, StoreHolds(tx, digest));
    BW_TRY(const auto count,
           tx.Execute("DELETE FROM blob WHERE digest = $1 AND NOT EXISTS "
                      "(SELECT 1 FROM repository_blob WHERE digest = $1) AND "
                      "NOT EXISTS (SELECT 1 FROM audit_segment WHERE digest = $1) AND NOT EXISTS "
                      "(SELECT 1 FROM trash_reference WHERE target = $1 AND kind <> 2)",
                      {digest.text()}));
    if (count == 0) return false;
    BW_TRY_STATUS(tx.Execute("DELETE FROM blob_content WHERE digest = $1", {digest.text()}));
    BW_TRY_STATUS(RemoveImageConfig(tx, digest));
    BW_TRY_STATUS(hold->Confirm(tx, DigestUse::kRemove));
    return true;
  }));
  if (removed && in_store) BW_TRY_STATUS(RemoveBytes(home.store, digest, *hold));
  return removed;
}

Result<bool> RemoveUnrecorded(const BlobHome& home, const oci::Digest& digest,
                              DigestLocks::Hold& hold) {
  BW_TRY(const bool known, home.database.WriteValue([&](db::Transaction& tx) -> Result<bool> {
    BW_TRY_STATUS(hold.Confirm(tx, DigestUse::kRemove));
    return StoreHolds(tx, digest);
  }));
  if (known) return false;
  BW_TRY_STATUS(RemoveBytes(home.store, digest, hold));
  return true;
}

}  // namespace breakwater::registry
