#include <algorithm>

#include "admin/backup.h"
#include "admin/copy_state.h"
#include "admin/migration_checks.h"

namespace breakwater::admin {
namespace {

constexpr std::size_t kPiece = 1U << 20;

Error Refuse(std::string reason, std::string message) {
  return Conflict(std::move(message)).Reason(std::move(reason));
}

std::string Latest(const std::vector<std::int64_t>& versions) {
  return versions.empty() ? "0" : std::to_string(versions.back());
}

class Restoring {
 public:
  Restoring(BackupReader& backup, const Side& destination, const RestoreOptions& options,
            const Clock& clock)
      : backup_(backup), to_(destination), options_(options), clock_(clock) {}

  Result<Restored> Run() {
    BackupVisitor visitor;
    visitor.header = [&](const BackupHeader& header) { return Begin(header); };
    visitor.rows = [&](const db::Table& table, const std::vector<Values>& rows) {
      return Insert(table, rows);
    };
    visitor.blob = [&](const NamedBlob& blob, io::Source& body) { return Store(blob, body); };
    visitor.end = [&](const BackupManifest& manifest) { return End(manifest); };
    visitor.damaged = [](const Error& error) -> Status { return error; };
    BW_TRY(restored_.contents, PassThrough(backup_, visitor));
    return std::move(restored_);
  }

 private:
  Status Begin(const BackupHeader& header) {
    BW_TRY_STATUS(to_.database.Read([&](db::Transaction& tx) { return Check(tx, header); }));
    if (to_.shared) {
      BW_TRY_STATUS(RefuseInUse(to_.database, "destination", options_.watch, clock_));
    }
    const std::string source =
        "backup " + header.installation + " of " + FormatRfc3339(header.created);
    BW_TRY(const auto begun, to_.database.ReadValue(ReadCopyState));
    if (begun && begun->source != source) {
      return Refuse("copy_of_another",
                    "the destination holds what another copy or restore has begun: finish that, "
                    "or empty the destination");
    }
    restored_.begun_before = begun.has_value();
    if (!begun) BW_TRY_STATUS(CheckEmpty(to_, tables_));
    return Clear({.source = source,
                  .phase = CopyPhase::kRows,
                  .table = {},
                  .last_key = {},
                  .started = clock_.Now()});
  }

  Status Check(db::Transaction& tx, const BackupHeader& header) {
    BW_TRY(const auto versions, ReadSchemaVersions(tx));
    if (versions != header.schema) {
      return Refuse("schema_differs",
                    "the backup is of step " + Latest(header.schema) +
                        " of the schema, and this program's is step " + Latest(versions) +
                        ": restore with version " + header.program +
                        ", then serve with the newer program, which brings it up to date");
    }
    BW_TRY(tables_, db::ReadTables(tx, to_.database.dialect()));
    std::erase_if(tables_, IsLeftOut);
    if (!std::ranges::equal(tables_, header.tables, SameShape)) {
      return Refuse("schema_differs", "the backup's tables are not those of this program");
    }
    BW_TRY(const auto fingerprint,
           tx.QueryOne("SELECT value FROM installation WHERE name = 'master_key_fingerprint'", {},
                       [](const db::Row& row) { return row.String(0); }));
    if (fingerprint.value_or("") == header.master_key_fingerprint) return Ok();
    return Refuse("master_keys_differ",
                  "the backup's secrets are sealed with another master key than the destination's: "
                  "give it the one of the installation that was backed up");
  }

  // With what opening the database has put there.
  Status Clear(const CopyState& state) {
    std::string script;
    for (auto table = tables_.rbegin(); table != tables_.rend(); ++table) {
      script += "DELETE FROM " + db::Quoted(table->name) + ";";
    }
    return to_.database.Write([&](db::Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.ExecuteScript(script));
      return WriteCopyState(tx, state);
    });
  }

  Status Insert(const db::Table& table, const std::vector<Values>& rows) {
    BW_TRY_STATUS(
        to_.database.Write([&](db::Transaction& tx) { return InsertRows(tx, table, rows); })
            .Context("table " + table.name));
    progress_.rows += static_cast<std::int64_t>(rows.size());
    Tell();
    return Ok();
  }

  Status Store(const NamedBlob& blob, io::Source& body) {
    BW_TRY(const bool there, IsThere(to_.blobs, blob));
    if (!there) {
      BW_TRY(auto staged, to_.blobs.Stage());
      const std::string id = staged->id();
      const Status stored = Fill(*staged, blob, body);
      staged.reset();
      if (!stored.ok()) {
        static_cast<void>(to_.blobs.Discard(id));
        return stored;
      }
    }
    ++progress_.blobs;
    progress_.bytes += blob.size;
    Tell();
    return Ok();
  }

  Status Fill(blob::Staged& staged, const NamedBlob& blob, io::Source& body) {
    Bytes buffer(kPiece);
    for (;;) {
      BW_TRY(const std::size_t count, io::ReadFull(body, buffer));
      if (count > 0) BW_TRY_STATUS(staged.Append(ByteView(buffer).first(count)));
      if (count < buffer.size()) break;
    }
    const blob::CommitItem item{.staged = &staged, .digest = blob.digest};
    return to_.blobs.Commit(std::span(&item, 1)).front();
  }

  // Everything is read back.
  Status End(const BackupManifest& manifest) {
    for (const auto& entry : manifest.tables) {
      const auto table = std::ranges::find(tables_, entry.table, &db::Table::name);
      if (table == tables_.end()) return BackupDamaged(kManifestFile, "it knows other tables");
      if (!table->numbered.empty()) {
        BW_TRY_STATUS(to_.database.Write([&](db::Transaction& tx) {
          return db::SetLastNumber(tx, to_.database.dialect(), *table, entry.last_number);
        }));
      }
      BW_TRY(const TableDigest digest, DigestTable(to_.database, *table));
      const TableDigest wanted{
          .rows = entry.rows, .sha256 = entry.sha256, .last_number = entry.last_number};
      if (digest != wanted) return NotEqual("the table " + entry.table);
    }
    BW_TRY(const StoreContents contents, CompareStore(to_.blobs, to_.database));
    if (contents.named.count != manifest.blobs || contents.named.bytes != manifest.blob_bytes) {
      return NotEqual("the blob store");
    }
    return Ok();
  }

  static Error NotEqual(std::string_view what) {
    return DataCorrupt(std::string(what) +
                       " is not what was restored into it: somebody else has written there")
        .Reason("not_equal");
  }

  void Tell() {
    if (options_.progress) options_.progress(progress_);
  }

  BackupReader& backup_;
  const Side& to_;
  const RestoreOptions& options_;
  const Clock& clock_;
  std::vector<db::Table> tables_;
  BackupProgress progress_;
  Restored restored_;
};

}  // namespace

Result<Restored> RestoreBackup(BackupReader& backup, const Side& destination,
                               const RestoreOptions& options, const Clock& clock) {
  return Restoring(backup, destination, options, clock).Run();
}

Status FinishRestore(db::Transaction& tx) {
  return RemoveCopyState(tx);
}

}  // namespace breakwater::admin
