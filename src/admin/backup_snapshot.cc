#include "admin/backup_snapshot.h"

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

// Notes that something was sent.
class NotingSink final : public io::Sink {
 public:
  explicit NotingSink(io::Sink& sink) : sink_(sink) {}
  Status Write(ByteView bytes) override {
    sent_ = true;
    return sink_.Write(bytes);
  }
  bool sent() const { return sent_; }

 private:
  io::Sink& sink_;
  bool sent_ = false;
};

Error NoSuchBlob() {
  return NotFound("there is no such blob").Reason("blob_unknown");
}

std::chrono::seconds TimeFor(std::uint64_t bytes) {
  return std::chrono::seconds(bytes / kSlowestBytesPerSecond);
}

}  // namespace

// A transaction lives in a call, and a stream is read piece by piece: so the call has a thread.
class BackupSource::Stream final : public io::Source {
 public:
  Stream(BackupSource& owner, Timestamp held_until)
      : owner_(owner), look_(owner.clock_.Now()), held_until_(held_until) {}
  ~Stream() override {
    pipe_.Close();
    if (thread_.joinable()) {
      thread_.join();
    } else {
      owner_.running_ = false;
    }
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Rows may take longer than a hold lasts, and no blob is fetched before they end.
  Result<std::size_t> Read(std::span<std::byte> out) override {
    BW_TRY_STATUS(StayHeld());
    // Not before: what was written until the stream is sent is in it, like the record of it.
    if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
    return pipe_.Read(out);
  }

 private:
  void Run() {
    const Status written = Write();
    if (!written.ok()) {
      observe::LogError(observe::Level::kWarning, "a backup's snapshot ended early",
                        written.error());
    }
    // Whoever has read the end may ask for the next one.
    owner_.running_ = false;
    pipe_.End(written);
  }

  Status Write() {
    NotingSink sink(pipe_);
    db::Database& database = owner_.database_;
    return database.Read([&](db::Transaction& tx) -> Status {
      // What was sent cannot be taken back.
      if (sink.sent()) {
        return Unavailable("the connection to the database was lost: take the backup again")
            .Reason("snapshot_lost");
      }
      return SnapshotWriter(tx, database.dialect(), owner_.options_, owner_.clock_.Now(), sink)
          .Run();
    });
  }

  // A hold that cannot be renewed now can be later, until it is over.
  Status StayHeld() {
    const Timestamp now = owner_.clock_.Now();
    const auto hold = owner_.options_.hold;
    // The database is not asked for every piece.
    if (now - look_ < hold / 4) return Ok();
    look_ = now;
    const Status held = owner_.Hold(hold);
    if (held.ok()) {
      held_until_ = now + hold;
    } else if (now >= held_until_) {
      return held;
    }
    return Ok();
  }

  BackupSource& owner_;
  Timestamp look_;
  Timestamp held_until_;  // at least
  Pipe pipe_{kBuffered};
  std::thread thread_;
};

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
  const Timestamp until = clock_.Now() + 2 * options_.hold;
  auto stream = std::make_unique<Stream>(*this, until);
  BW_TRY_STATUS(registry::HoldBlobs(database_, until));
  return std::unique_ptr<io::Source>(std::move(stream));
}

Result<std::uint64_t> BackupSource::SizeOf(const oci::Digest& digest) {
  BW_TRY(const auto size, database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne("SELECT size FROM blob WHERE digest = $1 AND place = 1", {digest.text()},
                       [](const db::Row& row) { return static_cast<std::uint64_t>(row.Int(0)); });
  }));
  if (!size) return NoSuchBlob();
  return *size;
}

Result<std::unique_ptr<blob::Blob>> BackupSource::Open(const oci::Digest& digest) {
  BW_TRY_STATUS(SizeOf(digest));
  auto blob = store_.Open(digest);
  if (!blob.ok() && blob.error().code() == ErrorCode::kNotFound) {
    return DataCorrupt("the blob store has lost " + digest.text() + ": breakwater fsck tells more")
        .Reason("blob_lost");
  }
  if (!blob.ok()) return std::move(blob).error();
  BW_TRY_STATUS(Hold(options_.hold + TimeFor((*blob)->size())));
  return blob;
}

Result<std::uint64_t> BackupSource::Keep(const oci::Digest& digest) {
  BW_TRY(const std::uint64_t size, SizeOf(digest));
  BW_TRY_STATUS(Hold(options_.hold + TimeFor(size)));
  return size;
}

}  // namespace breakwater::admin
