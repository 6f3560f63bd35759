#include <optional>

#include "admin/fsck_checks.h"
#include "crypto/hash.h"
#include "registry/blob_removal.h"
#include "registry/content.h"
#include "registry/image_config.h"

namespace breakwater::admin {
namespace {

using registry::BlobPlace;

constexpr std::size_t kPage = 500;

struct BlobOfRow {
  std::string digest;
  std::uint64_t size = 0;
  BlobPlace place = BlobPlace::kRow;
};

// What is wrong with it.
enum class Wrong { kNothing, kMissing, kSize, kContent };

Result<Wrong> LookAtContent(FsckRun& run, const oci::Digest& digest, std::uint64_t size) {
  BW_TRY(const auto content, run.database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne("SELECT content FROM blob_content WHERE digest = $1", {digest.text()},
                       [](const db::Row& row) { return std::string(AsText(row.Blob(0))); });
  }));
  if (!content) return Wrong::kMissing;
  if (content->size() != size) return Wrong::kSize;
  const bool right = oci::Digest::Of(AsBytes(*content), digest.algorithm()) == digest;
  return right ? Wrong::kNothing : Wrong::kContent;
}

Result<Wrong> LookAtStored(FsckRun& run, const oci::Digest& digest, std::uint64_t size) {
  const auto blob = run.store.Open(digest);
  if (!blob.ok() && blob.error().code() == ErrorCode::kNotFound) return Wrong::kMissing;
  if (!blob.ok()) return blob.error();
  if ((*blob)->size() != size) return Wrong::kSize;
  if (!run.options.read_blobs) return Wrong::kNothing;
  BW_TRY(const auto source, (*blob)->Read(0, size));
  crypto::Hasher hasher(digest.algorithm());
  Bytes piece(io::kPieceSize);
  while (true) {
    const auto count = source->Read(piece);
    if (!count.ok() && count.error().code() == ErrorCode::kDataCorrupt) return Wrong::kContent;
    if (!count.ok()) return count.error();
    if (*count == 0) break;
    hasher.Update(ByteView(piece).first(*count));
  }
  const bool right = oci::Digest::FromHash(digest.algorithm(), hasher.Finish()) == digest;
  return right ? Wrong::kNothing : Wrong::kContent;
}

// Links stay: when the blob is pushed again, to whatever repository, all that had it have it again.
// Bytes go first, so that none are left that a push would take for its own.
Status TakeOutOfTheWay(FsckRun& run, const oci::Digest& digest) {
  BW_TRY_STATUS(run.store.Remove(digest));
  return run.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("DELETE FROM blob WHERE digest = $1", {digest.text()}));
    BW_TRY_STATUS(tx.Execute("DELETE FROM blob_content WHERE digest = $1", {digest.text()}));
    return registry::RemoveImageConfig(tx, digest);
  });
}

// A segment of the audit trail, which a blob is.
struct Segment {
  std::int64_t first = 0;  // sequences
  std::int64_t last = 0;
  bool stored = false;
};

Result<std::optional<Segment>> SegmentOf(FsckRun& run, const std::string& digest) {
  return run.database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne(
        "SELECT first_sequence, last_sequence, stored FROM audit_segment WHERE digest = $1",
        {digest}, [](const db::Row& row) { return Segment{row.Int(0), row.Int(1), row.Bool(2)}; });
  });
}

// Whether its entries are all rows still, from which a server writes it again.
Result<bool> IsAllRows(FsckRun& run, const Segment& segment) {
  BW_TRY(const auto count, run.database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne("SELECT count(*) FROM audit_record WHERE sequence >= $1 AND sequence <= $2",
                       {segment.first, segment.last},
                       [](const db::Row& row) { return row.Int(0); });
  }));
  return count.value_or(0) == segment.last - segment.first + 1;
}

// What is left of one that cannot be written again is evidence, and stays where it is.
Status ReportSegment(FsckRun& run, const Segment& segment, const std::string& digest,
                     std::string text) {
  FsckFinding finding{.problem = "audit_segment_wrong",
                      .what = "entries " + std::to_string(segment.first) + " to " +
                              std::to_string(segment.last) + " of the audit trail, " + digest,
                      .text = std::move(text)};
  BW_TRY(const bool all_rows, IsAllRows(run, segment));
  if (!all_rows) {
    finding.text += ": they are rows no longer; an export, or a destination, may have them";
    return run.Report(std::move(finding), /*lost=*/true, nullptr);
  }
  const auto write_again = [&]() -> Status {
    if (const auto parsed = oci::Digest::Parse(digest); parsed.ok()) {
      BW_TRY_STATUS(run.store.Remove(*parsed));
    }
    return run.database.Write([&](db::Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute("DELETE FROM blob WHERE digest = $1", {digest}));
      BW_TRY_STATUS(tx.Execute("UPDATE audit_segment SET stored = 0 WHERE digest = $1", {digest}));
      return Ok();
    });
  };
  return run.Report(std::move(finding), /*lost=*/false, write_again);
}

std::string TextOf(Wrong wrong) {
  switch (wrong) {
    case Wrong::kNothing: return {};
    case Wrong::kMissing: return "its bytes are gone";
    case Wrong::kSize: return "its bytes are more or fewer than were pushed";
    case Wrong::kContent: return "its bytes are not those that were pushed";
  }
  BW_UNREACHABLE();
}

Status CheckBlob(FsckRun& run, const BlobOfRow& row) {
  const auto digest = oci::Digest::Parse(row.digest);
  if (!digest.ok()) {
    return run.Report(
        {.problem = "row_unreadable", .what = row.digest, .text = "a blob has no valid digest"},
        /*lost=*/true, nullptr);
  }
  ++run.summary.blobs;
  run.summary.blob_bytes += row.size;
  BW_TRY(const Wrong wrong, row.place == BlobPlace::kRow ? LookAtContent(run, *digest, row.size)
                                                         : LookAtStored(run, *digest, row.size));
  if (wrong == Wrong::kNothing) return Ok();
  BW_TRY(const auto segment, SegmentOf(run, row.digest));
  // One that was not written to its end, a server writes when it serves again.
  if (segment && !segment->stored) return Ok();
  if (segment) return ReportSegment(run, *segment, row.digest, TextOf(wrong));
  FsckFinding finding{.problem = wrong == Wrong::kMissing ? "blob_missing" : "blob_damaged",
                      .what = row.digest,
                      .text = TextOf(wrong)};
  BW_TRY(finding.images, ImagesWithBlob(run.database, row.digest));
  run.bad_blobs.insert(row.digest);
  const bool lost = !finding.images.empty();
  return run.Report(std::move(finding), lost, [&] { return TakeOutOfTheWay(run, *digest); });
}

Status CheckBlobRows(FsckRun& run) {
  const auto page = [](db::Transaction& tx, const BlobOfRow& after) {
    return tx.QueryAll(
        "SELECT digest, size, place FROM blob WHERE digest > $1 ORDER BY digest LIMIT $2",
        {after.digest, kPage}, [](const db::Row& row) {
          return BlobOfRow{row.String(0), static_cast<std::uint64_t>(row.Int(1)),
                           static_cast<BlobPlace>(row.Int(2))};
        });
  };
  return ForEachRow<BlobOfRow>(run.database, kPage, page,
                               [&](const BlobOfRow& row) { return CheckBlob(run, row); });
}

// A segment whose blob has no row any more.
struct UnknownSegment {
  std::string digest;
  std::uint64_t size = 0;
  Segment segment;
};

Status CheckUnknownSegment(FsckRun& run, const UnknownSegment& row) {
  const std::string text = "no row knows its bytes";
  const auto digest = oci::Digest::Parse(row.digest);
  if (digest.ok()) {
    BW_TRY(const Wrong wrong, LookAtStored(run, *digest, row.size));
    if (wrong == Wrong::kNothing) {
      const auto insert = [&](db::Transaction& tx) -> Status {
        BW_TRY_STATUS(
            tx.Execute("INSERT INTO blob (digest, size, place, created) VALUES ($1, $2, 1, $3)",
                       {row.digest, row.size, run.clock.Now()}));
        return Ok();
      };
      return run.Report({.problem = "audit_segment_wrong", .what = row.digest, .text = text},
                        /*lost=*/false, [&] { return run.database.Write(insert); });
    }
  }
  return ReportSegment(run, row.segment, row.digest, text);
}

Status CheckSegmentRows(FsckRun& run) {
  const auto page = [](db::Transaction& tx, const UnknownSegment& after) {
    return tx.QueryAll(
        "SELECT s.digest, s.size, s.first_sequence, s.last_sequence FROM audit_segment s WHERE "
        "s.stored = 1 AND s.first_sequence > $1 AND NOT EXISTS (SELECT 1 FROM blob b WHERE "
        "b.digest = s.digest) ORDER BY s.first_sequence LIMIT $2",
        {after.segment.first, kPage}, [](const db::Row& row) {
          return UnknownSegment{row.String(0), static_cast<std::uint64_t>(row.Int(1)),
                                Segment{row.Int(2), row.Int(3), true}};
        });
  };
  return ForEachRow<UnknownSegment>(run.database, kPage, page, [&](const UnknownSegment& row) {
    return CheckUnknownSegment(run, row);
  });
}

Status CheckContentRows(FsckRun& run) {
  const auto page = [](db::Transaction& tx, const std::string& after) {
    return tx.QueryAll(
        "SELECT c.digest FROM blob_content c WHERE c.digest > $1 AND NOT EXISTS "
        "(SELECT 1 FROM blob b WHERE b.digest = c.digest AND b.place = 0) "
        "ORDER BY c.digest LIMIT $2",
        {after, kPage}, [](const db::Row& row) { return row.String(0); });
  };
  return ForEachRow<std::string>(run.database, kPage, page, [&](const std::string& digest) {
    const auto remove = [&](db::Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute("DELETE FROM blob_content WHERE digest = $1", {digest}));
      return Ok();
    };
    return run.Report({.problem = "bytes_unnamed",
                       .what = digest,
                       .text = "content in the database is no blob's"},
                      /*lost=*/false, [&] { return run.database.Write(remove); });
  });
}

Status CheckStoredBytes(FsckRun& run) {
  std::vector<oci::Digest> unnamed;
  BW_TRY_STATUS(run.store.List([&](const oci::Digest& digest, std::uint64_t) -> Status {
    BW_TRY(const bool known, run.database.ReadValue([&](db::Transaction& tx) {
      return registry::StoreHolds(tx, digest);
    }));
    if (known) return Ok();
    BW_TRY(const auto segment, SegmentOf(run, digest.text()));
    if (!segment) unnamed.push_back(digest);
    return Ok();
  }));
  for (const oci::Digest& digest : unnamed) {
    BW_TRY_STATUS(run.Report({.problem = "bytes_unnamed",
                              .what = digest.text(),
                              .text = "bytes in the blob store are no blob's"},
                             /*lost=*/false, [&] { return run.store.Remove(digest); }));
  }
  return Ok();
}

}  // namespace

Status CheckBlobs(FsckRun& run) {
  // First, or what the other takes out of the way would be found again.
  BW_TRY_STATUS(CheckSegmentRows(run));
  BW_TRY_STATUS(CheckBlobRows(run));
  BW_TRY_STATUS(CheckContentRows(run));
  return CheckStoredBytes(run);
}

Status CheckUploads(FsckRun& run) {
  struct Upload {
    std::string id;
    std::string staged;
  };
  std::set<std::string> staging;
  BW_TRY_STATUS(run.store.ListStaged([&](const blob::BlobStore::StagedInfo& info) -> Status {
    staging.insert(info.id);
    return Ok();
  }));
  BW_TRY(const auto uploads, run.database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll("SELECT id, staged FROM upload WHERE staged IS NOT NULL ORDER BY id", {},
                       [](const db::Row& row) { return Upload{row.String(0), row.String(1)}; });
  }));
  for (const Upload& upload : uploads) {
    if (staging.erase(upload.staged) != 0) continue;
    const auto resumed = run.store.Resume(upload.staged);
    if (resumed.ok()) continue;
    if (resumed.error().code() != ErrorCode::kNotFound) return resumed.error();
    BW_TRY_STATUS(
        run.Report({.problem = "upload_without_bytes",
                    .what = upload.id,
                    .text = "what an upload has received is gone: its client begins again"},
                   /*lost=*/false, [&] {
                     return run.database.Write([&](db::Transaction& tx) -> Status {
                       BW_TRY_STATUS(tx.Execute("DELETE FROM upload WHERE id = $1", {upload.id}));
                       return Ok();
                     });
                   }));
  }
  for (const std::string& id : staging) {
    BW_TRY_STATUS(run.Report(
        {.problem = "staging_unowned", .what = id, .text = "received bytes are no upload's"},
        /*lost=*/false, [&] { return run.store.Discard(id); }));
  }
  return Ok();
}

}  // namespace breakwater::admin
