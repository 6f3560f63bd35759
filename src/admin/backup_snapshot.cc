#include "admin/backup_snapshot.h"

#include <functional>
#include <thread>
#include <utility>

#include "admin/backup_format.h"
#include "admin/blob_copy.h"
#include "admin/copy_state.h"
#include "admin/migration_checks.h"
#include "admin/pipe.h"
#include "crypto/hash.h"
#include "io/tar.h"
#include "observe/log.h"
#include "registry/backup_hold.h"
#include "registry/blob_removal.h"

namespace breakwater::admin {
namespace {

// What is under way in memory between the database and whoever reads.
constexpr std::size_t kBuffered = 1U << 20;
// A blob may be sent as slowly as this without losing its hold.
constexpr std::uint64_t kSlowestBytesPerSecond = 64U << 10;

// The row of an audit segment comes before its bytes: a backup in between would name bytes that
// nobody has.
Status RefuseUnwrittenSegment(db::Transaction& tx) {
  BW_TRY(const auto unwritten, tx.QueryOne("SELECT 1 FROM audit_segment WHERE stored = 0 LIMIT 1",
                                           {}, [](const db::Row&) { return true; }));
  if (!unwritten) return Ok();
  return Unavailable("a segment of the audit trail is being written: take the backup again")
      .Reason("segment_unwritten");
}

// Everything runs in the one transaction that it is given.
class SnapshotWriter {
 public:
  SnapshotWriter(db::Transaction& tx, db::Dialect dialect, const BackupSourceOptions& options,
                 Timestamp now, io::Sink& out)
      : tx_(tx), dialect_(dialect), options_(options), now_(now), tar_(out) {}

  Status Run() {
    BW_TRY_STATUS(RefuseUnwrittenSegment(tx_));
    BW_TRY(auto tables, db::ReadTables(tx_, dialect_));
    std::erase_if(tables, IsLeftOut);
    BW_TRY_STATUS(WriteHeader(tables));
    for (const db::Table& table : tables) {
      BW_TRY_STATUS(WriteTable(table).Context("table " + table.name));
    }
    BW_TRY_STATUS(CountBlobs());
    BW_TRY_STATUS(Add(kManifestFile, json::Pretty(ToJson(manifest_))));
    return tar_.Finish();
  }

 private:
  Status Add(std::string_view path, std::string_view body) {
    return tar_.Add({.path = std::string(path),
                     .type = io::TarType::kFile,
                     .mode = 0600,
                     .mtime = ToUnixSeconds(now_)},
                    body);
  }

  Status WriteHeader(const std::vector<db::Table>& tables) {
    BackupHeader header;
    header.program = options_.program;
    header.created = now_;
    header.tables = tables;
    BW_TRY(const auto installation, ReadInstallation(tx_));
    if (!installation) return Conflict("no installation is here").Reason("nothing_to_copy");
    header.installation = *installation;
    BW_TRY(header.schema, ReadSchemaVersions(tx_));
    BW_TRY(const auto fingerprint,
           tx_.QueryOne("SELECT value FROM installation WHERE name = 'master_key_fingerprint'", {},
                        [](const db::Row& row) { return row.String(0); }));
    header.master_key_fingerprint = fingerprint.value_or("");
    const std::string text = json::Pretty(ToJson(header));
    manifest_.header_sha256 = crypto::Sha256Hex(text);
    return Add(kHeaderFile, text);
  }

  Status WriteTable(const db::Table& table) {
    const TableReader reader(table, dialect_, options_.piece);
    BackupManifest::TableRows entry;
    entry.table = table.name;
    crypto::Hasher all(crypto::HashAlgorithm::kSha256);
    Values after;
    for (;;) {
      BW_TRY(const auto rows, reader.Read(tx_, after));
      if (rows.empty()) break;
      std::string piece;
      for (const Values& row : rows) piece += Encode(row);
      all.Update(piece);
      BW_TRY_STATUS(Add(PiecePath(table.name, entry.pieces.size()), piece));
      entry.pieces.push_back(crypto::Sha256Hex(piece));
      entry.rows += static_cast<std::int64_t>(rows.size());
      after = reader.KeyOf(rows.back());
    }
    entry.sha256 = HexEncode(all.Finish());
    if (!table.numbered.empty()) {
      BW_TRY(entry.last_number, db::LastNumber(tx_, dialect_, table));
    }
    manifest_.tables.push_back(std::move(entry));
    return Ok();
  }

  Status CountBlobs() {
    BW_TRY(const BlobTotals totals, CountNamedBlobs(tx_));
    manifest_.blobs = totals.count;
    manifest_.blob_bytes = totals.bytes;
    return Ok();
  }

  db::Transaction& tx_;
  const db::Dialect dialect_;
  const BackupSourceOptions& options_;
  const Timestamp now_;
  io::TarWriter tar_;
  BackupManifest manifest_;
};

// A transaction lives in a call, and a stream is read piece by piece: so the call has a thread.
class SnapshotStream final : public io::Source {
 public:
  SnapshotStream(db::Database& database, const BackupSourceOptions& options, Timestamp now,
                 std::function<Status()> hold, std::atomic<bool>& running)
      : hold_(std::move(hold)),
        running_(running),
        pipe_(kBuffered),
        thread_([this, &database, &options, now] {
          const Status written = Write(database, options, now);
          if (!written.ok()) {
            observe::LogError(observe::Level::kWarning, "a backup's snapshot ended early",
                              written.error());
          }
          pipe_.End(written);
        }) {}
  ~SnapshotStream() override {
    pipe_.Close();
    thread_.join();
    running_ = false;
  }

  // Rows may take longer than a hold lasts, and no blob is fetched before they end.
  Result<std::size_t> Read(std::span<std::byte> out) override {
    BW_TRY_STATUS(hold_());
    return pipe_.Read(out);
  }

 private:
  Status Write(db::Database& database, const BackupSourceOptions& options, Timestamp now) {
    bool begun = false;
    return database.Read([&](db::Transaction& tx) -> Status {
      // What was sent cannot be taken back.
      if (std::exchange(begun, true)) {
        return Unavailable("the connection to the database was lost: take the backup again")
            .Reason("snapshot_lost");
      }
      return SnapshotWriter(tx, database.dialect(), options, now, pipe_).Run();
    });
  }

  const std::function<Status()> hold_;
  std::atomic<bool>& running_;
  Pipe pipe_;
  std::thread thread_;
};

}  // namespace

Status BackupSource::Hold(std::chrono::seconds for_longer) {
  const Timestamp now = clock_.Now();
  BW_TRY(const Timestamp until, registry::BlobsHeldUntil(database_));
  // Not a row written for every blob.
  if (until >= now + for_longer) return Ok();
  return registry::HoldBlobs(database_, now + 2 * for_longer);
}

Result<std::unique_ptr<io::Source>> BackupSource::Snapshot() {
  BW_TRY_STATUS(RefuseUnfinishedCopy(database_));
  // Said at once; the transaction of the snapshot looks again.
  BW_TRY_STATUS(database_.Read(RefuseUnwrittenSegment));
  if (running_.exchange(true)) {
    return Conflict("another backup is being taken: wait for its end").Reason("backup_running");
  }
  const Status held = registry::HoldBlobs(database_, clock_.Now() + 2 * options_.hold);
  if (!held.ok()) {
    running_ = false;
    return held.error();
  }
  const auto hold = [this, looked = clock_.Now()]() mutable -> Status {
    const Timestamp now = clock_.Now();
    // The database is not asked for every piece.
    if (now - looked < options_.hold / 4) return Ok();
    looked = now;
    return Hold(options_.hold);
  };
  return std::unique_ptr<io::Source>(
      new SnapshotStream(database_, options_, clock_.Now(), hold, running_));
}

Result<std::unique_ptr<blob::Blob>> BackupSource::Open(const oci::Digest& digest) {
  BW_TRY(const bool named, database_.ReadValue([&](db::Transaction& tx) {
    return registry::StoreHolds(tx, digest);
  }));
  if (!named) return NotFound("there is no such blob").Reason("blob_unknown");
  BW_TRY(auto blob, store_.Open(digest));
  const std::chrono::seconds to_send(blob->size() / kSlowestBytesPerSecond);
  BW_TRY_STATUS(Hold(options_.hold + to_send));
  return blob;
}

}  // namespace breakwater::admin
