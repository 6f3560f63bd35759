#include <set>

#include "observe/log.h"
#include "registry/content.h"
#include "registry/uploads.h"

namespace breakwater::registry {
namespace {

// Staging without a row may belong to a push that has just begun, or to one without a session that
// is still writing.
constexpr std::chrono::hours kStagedGrace{1};
constexpr std::size_t kBatch = 1000;
// Within it no request to a blob store is given up.
constexpr std::chrono::seconds kPromptRemoval{10};

Result<bool> StoreHolds(db::Transaction& tx, const oci::Digest& digest) {
  BW_TRY(const auto found, tx.QueryOne("SELECT 1 FROM blob WHERE digest = $1 AND place = 1",
                                       {digest.text()}, [](const db::Row&) { return true; }));
  return found.has_value();
}

Result<std::vector<oci::Digest>> WithoutRow(db::Transaction& tx,
                                            const std::vector<oci::Digest>& digests) {
  std::vector<oci::Digest> unknown;
  for (const oci::Digest& digest : digests) {
    BW_TRY(const bool known, StoreHolds(tx, digest));
    if (!known) unknown.push_back(digest);
  }
  return unknown;
}

}  // namespace

Result<Uploads::Swept> Uploads::Sweep(bool at_start) {
  Swept swept;
  BW_TRY(swept.sessions, SweepSessions());
  BW_TRY(swept.staged, SweepStaged(at_start));
  BW_TRY(const std::int64_t unlinked, SweepRows());
  swept.blobs = unlinked;
  if (at_start) {
    BW_TRY(const std::int64_t lost, sessions_->RemoveLost());
    swept.sessions += lost;
  }
  BW_TRY(const std::int64_t orphans, SweepStore());
  swept.blobs += orphans;
  if (swept.sessions + swept.staged + swept.blobs > 0) {
    observe::Log(observe::Level::kInfo, "storage reclaimed",
                 {{"sessions", std::to_string(swept.sessions)},
                  {"staged", std::to_string(swept.staged)},
                  {"blobs", std::to_string(swept.blobs)}});
  }
  return swept;
}

Result<std::int64_t> Uploads::SweepSessions() {
  BW_TRY(const auto expired, sessions_->TakeExpired(kBatch));
  for (const auto& session : expired) {
    End(*session);
  }
  return static_cast<std::int64_t>(expired.size());
}

Result<std::int64_t> Uploads::SweepStaged(bool at_start) {
  const Timestamp young = clock_.Now() - kStagedGrace;
  std::vector<std::string> candidates;
  BW_TRY_STATUS(store_.ListStaged([&](const blob::BlobStore::StagedInfo& info) -> Status {
    if (at_start || info.modified < young) candidates.push_back(info.id);
    return Ok();
  }));
  std::int64_t count = 0;
  for (const std::string& id : candidates) {
    BW_TRY(const auto owner, database_.ReadValue([&](db::Transaction& tx) {
      return tx.QueryOne("SELECT 1 FROM upload WHERE staged = $1", {id},
                         [](const db::Row&) { return true; });
    }));
    if (owner) continue;
    BW_TRY_STATUS(store_.Discard(id));
    ++count;
  }
  return count;
}

// A request that was given up may still be carried out, also when a later one was answered.
Status Uploads::RemoveBytes(const oci::Digest& digest, DigestLocks::Hold& hold) {
  const auto begun = std::chrono::steady_clock::now();
  Status removed = store_.Remove(digest);
  if (!removed.ok() || std::chrono::steady_clock::now() - begun > kPromptRemoval) hold.Leave();
  return removed;
}

Result<bool> Uploads::RemoveUnlinked(const oci::Digest& digest) {
  // Held until the bytes are gone, so that no push can commit the same bytes in between.
  BW_TRY(const auto hold, locks_->Acquire(digest, DigestUse::kRemove, 0));
  bool in_store = false;
  BW_TRY(const bool removed, database_.WriteValue([&](db::Transaction& tx) -> Result<bool> {
    BW_TRY(in_store, StoreHolds(tx, digest));
    BW_TRY(const auto count, tx.Execute("DELETE FROM blob WHERE digest = $1 AND NOT EXISTS "
                                        "(SELECT 1 FROM repository_blob WHERE digest = $1)",
                                        {digest.text()}));
    if (count == 0) return false;
    BW_TRY_STATUS(tx.Execute("DELETE FROM blob_content WHERE digest = $1", {digest.text()}));
    BW_TRY_STATUS(hold->Confirm(tx, DigestUse::kRemove));
    return true;
  }));
  if (removed && in_store) BW_TRY_STATUS(RemoveBytes(digest, *hold));
  return removed;
}

Result<std::int64_t> Uploads::SweepRows() {
  std::int64_t count = 0;
  std::string after;
  while (true) {
    BW_TRY(const auto batch, database_.ReadValue([&](db::Transaction& tx) {
      return tx.QueryAll(
          "SELECT b.digest FROM blob b WHERE b.digest > $1 AND NOT EXISTS "
          "(SELECT 1 FROM repository_blob l WHERE l.digest = b.digest) "
          "ORDER BY b.digest LIMIT $2",
          {after, kBatch}, [](const db::Row& row) { return row.String(0); });
    }));
    if (batch.empty()) return count;
    for (const std::string& text : batch) {
      BW_TRY(const oci::Digest digest, oci::Digest::Parse(text));
      BW_TRY(const bool removed, RemoveUnlinked(digest));
      count += removed ? 1 : 0;
    }
    after = batch.back();
  }
}

Result<bool> Uploads::RemoveUnrecorded(const oci::Digest& digest, DigestLocks::Hold& hold) {
  BW_TRY(const bool known, database_.WriteValue([&](db::Transaction& tx) -> Result<bool> {
    BW_TRY_STATUS(hold.Confirm(tx, DigestUse::kRemove));
    return StoreHolds(tx, digest);
  }));
  if (known) return false;
  BW_TRY_STATUS(RemoveBytes(digest, hold));
  return true;
}

// Bytes without a row are left by a crash or a failed transaction after the commit, and where a
// small blob was staged for want of memory though it is a row already. Their age does not matter:
// whoever has committed bytes holds their digest until the row is there.
Result<std::int64_t> Uploads::SweepStore() {
  std::vector<oci::Digest> orphans;
  std::vector<oci::Digest> batch;
  const auto look_up = [&]() -> Status {
    BW_TRY(const auto unknown,
           database_.ReadValue([&](db::Transaction& tx) { return WithoutRow(tx, batch); }));
    orphans.insert(orphans.end(), unknown.begin(), unknown.end());
    batch.clear();
    return Ok();
  };
  BW_TRY_STATUS(store_.List([&](const oci::Digest& digest, std::uint64_t) -> Status {
    batch.push_back(digest);
    return batch.size() < kBatch ? Ok() : look_up();
  }));
  BW_TRY_STATUS(look_up());
  std::int64_t count = 0;
  for (const oci::Digest& digest : orphans) {
    BW_TRY(const auto hold, locks_->Acquire(digest, DigestUse::kRemove, 0));
    BW_TRY(const bool removed, RemoveUnrecorded(digest, *hold));
    count += removed ? 1 : 0;
  }
  return count;
}

}  // namespace breakwater::registry
