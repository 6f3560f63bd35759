#include "admin/blob_copy.h"

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

#include "db/schema.h"
#include "registry/content.h"

namespace breakwater::admin {
namespace {

using registry::BlobPlace;

constexpr std::size_t kPiece = 1U << 20;
constexpr std::size_t kListPiece = 500;

// Rows that name bytes in a store. A segment of the audit trail has its row before its bytes, which
// a server writes, after a crash too.
constexpr std::string_view kNamed =
    "place = $1 AND NOT EXISTS (SELECT 1 FROM audit_segment s WHERE s.digest = blob.digest AND "
    "s.stored = 0)";

std::int64_t InStore() {
  return static_cast<std::int64_t>(BlobPlace::kStore);
}

BlobOutcome Outcome(BlobOutcome::Kind kind) {
  return {.kind = kind, .status = {}};
}
BlobOutcome Failed(Error error) {
  return {.kind = BlobOutcome::Kind::kFailed, .status = std::move(error)};
}

BlobOutcome CannotOpen(Error error) {
  if (error.code() == ErrorCode::kNotFound) return Outcome(BlobOutcome::Kind::kMissing);
  return Failed(std::move(error));
}

// Reads everything, hands it on, and says whether it was what the digest is of.
Result<bool> ReadChecked(blob::Blob& opened, const NamedBlob& blob,
                         const std::function<Status(ByteView)>& take) {
  BW_TRY(const auto source, opened.Read(0, blob.size));
  crypto::Hasher hasher(blob.digest.algorithm());
  Bytes buffer(std::min<std::uint64_t>(kPiece, std::max<std::uint64_t>(blob.size, 1)));
  for (;;) {
    BW_TRY(const std::size_t count, io::ReadFull(*source, buffer));
    const ByteView piece = ByteView(buffer).first(count);
    hasher.Update(piece);
    if (count > 0) BW_TRY_STATUS(take(piece));
    if (count < buffer.size()) break;
  }
  return oci::Digest::FromHash(blob.digest.algorithm(), hasher.Finish()) == blob.digest;
}

// Bytes that end too early, or that the store itself finds damaged.
bool SaysDamaged(const Error& error) {
  return error.code() == ErrorCode::kDataCorrupt;
}

BlobOutcome Transfer(blob::Blob& opened, blob::BlobStore& destination, blob::Staged& staged,
                     const NamedBlob& blob, const BytesCallback& bytes) {
  const auto right = ReadChecked(opened, blob, [&](ByteView piece) -> Status {
    BW_TRY_STATUS(staged.Append(piece));
    bytes(piece.size());
    return Ok();
  });
  if (!right.ok()) {
    if (SaysDamaged(right.error())) return Outcome(BlobOutcome::Kind::kDamaged);
    return Failed(right.error());
  }
  if (!*right) return Outcome(BlobOutcome::Kind::kDamaged);
  const blob::CommitItem item{.staged = &staged, .digest = blob.digest};
  const auto committed = destination.Commit(std::span(&item, 1));
  if (!committed.front().ok()) return Failed(committed.front().error());
  return Outcome(BlobOutcome::Kind::kCopied);
}

using Listed = std::vector<std::pair<oci::Digest, std::uint64_t>>;

Result<std::optional<std::uint64_t>> NamedSize(db::Transaction& tx, const oci::Digest& digest) {
  return tx.QueryOne("SELECT size FROM blob WHERE digest = $1 AND place = $2",
                     {digest.text(), InStore()},
                     [](const db::Row& row) { return static_cast<std::uint64_t>(row.Int(0)); });
}

void Add(BlobTotals& totals, std::uint64_t bytes) {
  ++totals.count;
  totals.bytes += bytes;
}

Status Sort(db::Database& database, const Listed& listed, StoreContents& contents) {
  // Work may run again: it adds to what was before it.
  const StoreContents before = contents;
  return database.Read([&](db::Transaction& tx) -> Status {
    contents = before;
    for (const auto& [digest, size] : listed) {
      BW_TRY(const auto named, NamedSize(tx, digest));
      Add(!named ? contents.unnamed : *named == size ? contents.named : contents.wrong_size, size);
    }
    return Ok();
  });
}

}  // namespace

Result<BlobTotals> CountNamedBlobs(db::Database& database) {
  return database.ReadValue([](db::Transaction& tx) { return CountNamedBlobs(tx); });
}

Result<BlobTotals> CountNamedBlobs(db::Transaction& tx) {
  BW_TRY(const auto totals,
         tx.QueryOne("SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM blob WHERE " +
                         std::string(kNamed),
                     {InStore()}, [](const db::Row& row) {
                       return BlobTotals{.count = row.Int(0),
                                         .bytes = static_cast<std::uint64_t>(row.Int(1))};
                     }));
  return *totals;
}

Result<std::vector<NamedBlob>> ReadNamedBlobs(db::Database& database, const std::string& after,
                                              std::int64_t limit) {
  const std::string digest =
      db::Bytewise(database.dialect(), {.name = "digest", .type = db::ColumnType::kText});
  const std::string sql = "SELECT digest, size FROM blob WHERE " + std::string(kNamed) + " AND " +
                          digest + " > $2 ORDER BY " + digest + " LIMIT $3";
  return database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(sql, {InStore(), after, limit}, [](const db::Row& row) -> Result<NamedBlob> {
      BW_TRY(auto parsed, oci::Digest::Parse(row.Text(0)));
      return NamedBlob{.digest = std::move(parsed), .size = static_cast<std::uint64_t>(row.Int(1))};
    });
  });
}

Result<bool> IsThere(blob::BlobStore& destination, const NamedBlob& blob) {
  const auto opened = destination.Open(blob.digest);
  if (opened.ok()) {
    if ((*opened)->size() == blob.size) return true;
    BW_TRY_STATUS(destination.Remove(blob.digest));
    return false;
  }
  if (opened.error().code() == ErrorCode::kNotFound) return false;
  return opened.error();
}

BlobOutcome CopyBlob(blob::BlobStore& source, blob::BlobStore& destination, const NamedBlob& blob,
                     const BytesCallback& bytes) {
  const auto there = IsThere(destination, blob);
  if (!there.ok()) return Failed(there.error());
  if (*there) {
    bytes(blob.size);
    return Outcome(BlobOutcome::Kind::kWasThere);
  }
  auto opened = source.Open(blob.digest);
  if (!opened.ok()) return CannotOpen(std::move(opened).error());
  if ((*opened)->size() != blob.size) return Outcome(BlobOutcome::Kind::kDamaged);
  auto staged = destination.Stage();
  if (!staged.ok()) return Failed(std::move(staged).error());
  const std::string id = (*staged)->id();
  BlobOutcome outcome = Transfer(**opened, destination, **staged, blob, bytes);
  staged->reset();
  // What cannot be discarded now is found by the next run.
  if (outcome.kind != BlobOutcome::Kind::kCopied) static_cast<void>(destination.Discard(id));
  return outcome;
}

BlobOutcome RereadBlob(blob::BlobStore& store, const NamedBlob& blob, const BytesCallback& bytes) {
  auto opened = store.Open(blob.digest);
  if (!opened.ok()) return CannotOpen(std::move(opened).error());
  if ((*opened)->size() != blob.size) return Outcome(BlobOutcome::Kind::kDamaged);
  const auto right = ReadChecked(**opened, blob, [&](ByteView piece) {
    bytes(piece.size());
    return Ok();
  });
  if (!right.ok() && !SaysDamaged(right.error())) return Failed(right.error());
  return Outcome(right.ok() && *right ? BlobOutcome::Kind::kWasThere : BlobOutcome::Kind::kDamaged);
}

void ForEachOf(std::size_t count, int threads, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> helpers;
  const std::size_t useful = std::min(static_cast<std::size_t>(threads), count);
  for (std::size_t t = 1; t < useful; ++t) helpers.emplace_back(run);
  run();
  for (std::thread& helper : helpers) helper.join();
}

Result<StoreContents> CompareStore(blob::BlobStore& store, db::Database& database) {
  StoreContents contents;
  Listed listed;
  BW_TRY_STATUS(store.List([&](const oci::Digest& digest, std::uint64_t size) -> Status {
    listed.emplace_back(digest, size);
    if (listed.size() < kListPiece) return Ok();
    BW_TRY_STATUS(Sort(database, listed, contents));
    listed.clear();
    return Ok();
  }));
  BW_TRY_STATUS(Sort(database, listed, contents));
  return contents;
}

Status RefuseBlobs(blob::BlobStore& store) {
  return store.List([](const oci::Digest&, std::uint64_t) -> Status {
    return Conflict(
               "the destination's blob store holds blobs already: copy into an empty one (another "
               "installation's must not be shared: each removes what it does not know)")
        .Reason("destination_not_empty");
  });
}

Status DiscardStaged(blob::BlobStore& store) {
  std::vector<std::string> ids;
  BW_TRY_STATUS(store.ListStaged([&](const blob::BlobStore::StagedInfo& info) {
    if (ids.size() < kListPiece) ids.push_back(info.id);
    return Ok();
  }));
  for (const std::string& id : ids) BW_TRY_STATUS(store.Discard(id));
  return Ok();
}

}  // namespace breakwater::admin
