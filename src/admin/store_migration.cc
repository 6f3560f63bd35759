#include "admin/store_migration.h"

#include <algorithm>
#include <utility>

#include "admin/blob_copy.h"
#include "admin/copy_state.h"
#include "admin/migration_checks.h"
#include "base/strings.h"
#include "base/sync.h"

namespace breakwater::admin {
namespace {

constexpr std::int64_t kBlobsAtOnce = 64;
constexpr std::size_t kMaxNames = 10;

// Blobs that are not what their rows say.
struct Damaged {
  std::int64_t count = 0;
  std::vector<std::string> first;  // digests

  void Add(const oci::Digest& digest) {
    ++count;
    if (first.size() < kMaxNames) first.push_back(digest.text());
  }
};

using Step = CopyProgress::Step;
using Kind = BlobOutcome::Kind;

class Migration {
 public:
  Migration(const Side& source, const Side& destination, const MigrationOptions& options, Plan plan)
      : source_(source), destination_(destination), options_(options), plan_(std::move(plan)) {}

  Result<MigrationReport> Run() {
    report_.resumed = plan_.resumed;
    if (!plan_.resumed) BW_TRY_STATUS(Save(plan_.state));
    if (plan_.state.phase == CopyPhase::kClear) BW_TRY_STATUS(Clear());
    BW_TRY(blob_totals_, CountNamedBlobs(source_.database));
    BW_TRY(rows_total_, TotalRows(source_.database));
    if (plan_.state.phase == CopyPhase::kRows) BW_TRY_STATUS(CopyTables());
    if (plan_.state.phase == CopyPhase::kBlobs) BW_TRY_STATUS(CopyBlobs());
    BW_TRY_STATUS(Compare());
    BW_TRY_STATUS(CompareBlobs());
    if (options_.reread) BW_TRY_STATUS(Reread());
    BW_TRY_STATUS(Describe());
    BW_TRY_STATUS(destination_.database.Write(RemoveCopyState));
    return std::move(report_);
  }

 private:
  db::Database& to() { return destination_.database; }

  Status Save(CopyState state) {
    BW_TRY_STATUS(to().Write([&](db::Transaction& tx) { return WriteCopyState(tx, state); }));
    plan_.state = std::move(state);
    return Ok();
  }
  CopyState At(CopyPhase phase, std::string table = "", Values key = {}) const {
    return {.source = plan_.state.source,
            .phase = phase,
            .table = std::move(table),
            .last_key = std::move(key),
            .started = plan_.state.started};
  }

  Result<std::int64_t> TotalRows(db::Database& database) {
    return database.ReadValue([&](db::Transaction& tx) { return CountRows(tx, plan_.tables); });
  }

  // What is there is part of an older state of the source.
  Status Clear() {
    std::string script;
    for (auto table = plan_.tables.rbegin(); table != plan_.tables.rend(); ++table) {
      script += "DELETE FROM " + db::Quoted(table->name) + ";";
    }
    const CopyState begin = At(CopyPhase::kRows);
    BW_TRY_STATUS(to().Write([&](db::Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.ExecuteScript(script));
      return WriteCopyState(tx, begin);
    }));
    plan_.state = begin;
    return Ok();
  }

  Status CopyTables() {
    BW_TRY(rows_done_, TotalRows(to()));
    auto table = plan_.tables.begin();
    if (!plan_.state.table.empty()) {
      table = std::ranges::find(plan_.tables, plan_.state.table, &db::Table::name);
      if (table == plan_.tables.end()) {
        return Internal("the copy was at an unknown table: " + plan_.state.table);
      }
    }
    for (; table != plan_.tables.end(); ++table) {
      BW_TRY_STATUS(CopyTable(*table));
      if (!table->numbered.empty()) BW_TRY_STATUS(CopyLastNumber(*table));
    }
    Tell({.step = Step::kRows, .table = {}, .rows = rows_done_, .rows_total = rows_total_});
    return Save(At(CopyPhase::kBlobs));
  }

  Status CopyTable(const db::Table& table) {
    const TableReader reader(table, source_.database.dialect(), options_.piece);
    Values after = plan_.state.table == table.name ? plan_.state.last_key : Values();
    for (;;) {
      Tell({.step = Step::kRows,
            .table = table.name,
            .rows = rows_done_,
            .rows_total = rows_total_});
      BW_TRY(const auto rows, source_.database.ReadValue(
                                  [&](db::Transaction& tx) { return reader.Read(tx, after); }));
      if (rows.empty()) return Ok();
      // Opening a database may have put rows of its own there.
      const bool first = after.empty();
      after = reader.KeyOf(rows.back());
      const CopyState reached = At(CopyPhase::kRows, table.name, after);
      std::int64_t replaced = 0;
      BW_TRY_STATUS(to().Write([&](db::Transaction& tx) -> Status {
                          if (first) {
                            BW_TRY(replaced, tx.Execute("DELETE FROM " + db::Quoted(table.name)));
                          }
                          BW_TRY_STATUS(InsertRows(tx, table, rows));
                          return WriteCopyState(tx, reached);
                        })
                        .Context("table " + table.name));
      rows_done_ += static_cast<std::int64_t>(rows.size()) - replaced;
    }
  }

  // Again after every resumption within the table, which does no harm.
  Status CopyLastNumber(const db::Table& table) {
    BW_TRY(const std::int64_t last, source_.database.ReadValue([&](db::Transaction& tx) {
      return db::LastNumber(tx, source_.database.dialect(), table);
    }));
    return to().Write(
        [&](db::Transaction& tx) { return db::SetLastNumber(tx, to().dialect(), table, last); });
  }

  Status CopyBlobs() {
    BW_TRY_STATUS(DiscardStaged(destination_.blobs));
    const std::string after =
        plan_.state.last_key.empty() ? "" : std::get<std::string>(plan_.state.last_key.front());
    // Those before `after` are there; they count for nothing but the percentage.
    blobs_done_ = {};
    Damaged damaged;
    BW_TRY_STATUS(ForEachBlob(
        source_.database, after, Step::kBlobs,
        [&](const NamedBlob& blob, const BytesCallback& bytes) {
          return CopyBlob(source_.blobs, destination_.blobs, blob, bytes);
        },
        [&](const std::string& last) {
          // One that is missing must be looked for again.
          return damaged.count == 0 ? Save(At(CopyPhase::kBlobs, "", {Value(last)})) : Ok();
        },
        damaged));
    if (damaged.count == 0) return Save(At(CopyPhase::kVerify));
    BW_TRY_STATUS(Save(At(CopyPhase::kBlobs)));
    return BlobsDamaged("the source", damaged,
                        "delete the images that need them, or push them again, and copy on");
  }

  // Calls `work` for the blobs that rows name, several at once; `save` after each group.
  Status ForEachBlob(db::Database& named_by, std::string after, Step step,
                     const std::function<BlobOutcome(const NamedBlob&, const BytesCallback&)>& work,
                     const std::function<Status(const std::string&)>& save, Damaged& damaged) {
    for (;;) {
      BW_TRY(const auto blobs, ReadNamedBlobs(named_by, after, kBlobsAtOnce));
      if (blobs.empty()) return Ok();
      std::vector<BlobOutcome> outcomes(blobs.size());
      ForEachOf(blobs.size(), options_.threads, [&](std::size_t i) {
        outcomes[i] = work(blobs[i], [&](std::uint64_t bytes) { TellBlobs(step, 0, bytes); });
        TellBlobs(step, 1, 0);
      });
      for (std::size_t i = 0; i < blobs.size(); ++i) {
        if (outcomes[i].kind == Kind::kFailed) return outcomes[i].status;
        if (outcomes[i].kind == Kind::kMissing || outcomes[i].kind == Kind::kDamaged) {
          damaged.Add(blobs[i].digest);
        }
      }
      after = blobs.back().digest.text();
      BW_TRY_STATUS(save(after));
    }
  }

  static Error BlobsDamaged(std::string_view where, const Damaged& damaged,
                            std::string_view advice) {
    const bool more = damaged.count > static_cast<std::int64_t>(damaged.first.size());
    return DataCorrupt(std::string(where) + " lacks " + std::to_string(damaged.count) +
                       " blobs that rows name, or has other bytes for them (" +
                       Join(damaged.first, ", ") + (more ? ", …" : "") +
                       "): " + std::string(advice))
        .Reason("blobs_damaged");
  }

  Status Compare() {
    rows_done_ = 0;
    std::vector<std::string> differing;
    for (const db::Table& table : plan_.tables) {
      BW_TRY(const TableDigest from, Digest(source_.database, table));
      BW_TRY(const TableDigest to_digest, Digest(to(), table));
      if (from == to_digest) {
        report_.tables.push_back({.table = table.name, .rows = from.rows, .sha256 = from.sha256});
      } else {
        differing.push_back(table.name + " (" + std::to_string(from.rows) + " rows, " +
                            std::to_string(to_digest.rows) + " in the copy)");
      }
    }
    if (differing.empty()) return Ok();
    BW_TRY_STATUS(Save(At(CopyPhase::kClear)));
    return DataCorrupt("the copy is not equal to the source in " + Join(differing, ", ") +
                       ": the source was changed meanwhile. Stop every server and run this again: "
                       "it will begin anew")
        .Reason("not_equal");
  }

  Result<TableDigest> Digest(db::Database& database, const db::Table& table) {
    const std::int64_t before = rows_done_;
    return DigestTable(
        database, table,
        [&](std::int64_t rows) {
          rows_done_ = before + rows;
          Tell({.step = Step::kCompare,
                .table = table.name,
                .rows = rows_done_,
                .rows_total = 2 * rows_total_});
        },
        options_.piece);
  }

  Status CompareBlobs() {
    BW_TRY(const BlobTotals named, CountNamedBlobs(to()));
    BW_TRY(const StoreContents contents, CompareStore(destination_.blobs, to()));
    report_.blobs = named.count;
    report_.blob_bytes = named.bytes;
    if (contents.named.count == named.count && contents.named.bytes == named.bytes) return Ok();
    BW_TRY_STATUS(Save(At(CopyPhase::kBlobs)));
    return DataCorrupt("the destination's blob store has " + std::to_string(contents.named.count) +
                       " of the " + std::to_string(named.count) +
                       " blobs that rows name: run this again, it copies those that are missing")
        .Reason("not_equal");
  }

  Status Reread() {
    blobs_done_ = {};
    Damaged damaged;
    const auto reread = [&](const NamedBlob& blob, const BytesCallback& bytes) {
      BlobOutcome outcome = RereadBlob(destination_.blobs, blob, bytes);
      if (outcome.kind != Kind::kDamaged) return outcome;
      const Status removed = destination_.blobs.Remove(blob.digest);
      return removed.ok() ? outcome : BlobOutcome{.kind = Kind::kFailed, .status = removed};
    };
    BW_TRY_STATUS(ForEachBlob(
        to(), "", Step::kReread, reread, [](const std::string&) { return Ok(); }, damaged));
    if (damaged.count == 0) return Ok();
    BW_TRY_STATUS(Save(At(CopyPhase::kBlobs)));
    return BlobsDamaged("the destination", damaged, "run this again, it copies them anew");
  }

  Status Describe() {
    BW_TRY(const StoreContents contents, CompareStore(source_.blobs, source_.database));
    report_.unnamed_blobs = contents.unnamed.count;
    report_.unnamed_bytes = contents.unnamed.bytes;
    return source_.database.Read([&](db::Transaction& tx) -> Status {
      report_.not_copied.clear();
      for (const db::Table& table : plan_.left_out) {
        BW_TRY(const std::int64_t rows, CountRows(tx, std::span(&table, 1)));
        report_.not_copied.push_back({.table = table.name, .rows = rows, .sha256 = {}});
      }
      return Ok();
    });
  }

  void Tell(const CopyProgress& progress) {
    if (options_.progress) options_.progress(progress);
  }
  void TellBlobs(Step step, std::int64_t blobs, std::uint64_t bytes) {
    const MutexLock lock(mutex_);
    blobs_done_.count += blobs;
    blobs_done_.bytes += bytes;
    Tell({.step = step,
          .table = {},
          .blobs = blobs_done_.count,
          .blobs_total = blob_totals_.count,
          .bytes = blobs_done_.bytes,
          .bytes_total = blob_totals_.bytes});
  }

  const Side& source_;
  const Side& destination_;
  const MigrationOptions& options_;
  Plan plan_;
  MigrationReport report_;
  std::int64_t rows_total_ = 0;
  std::int64_t rows_done_ = 0;
  BlobTotals blob_totals_;  // of the source
  Mutex mutex_;
  BlobTotals blobs_done_;
};

}  // namespace

Result<MigrationReport> MigrateStore(const Side& source, const Side& destination,
                                     const MigrationOptions& options, const Clock& clock) {
  BW_CHECK(options.threads > 0 && options.piece.rows > 0);
  BW_TRY(Plan plan, PlanMigration(source, destination, options, clock));
  return Migration(source, destination, options, std::move(plan)).Run();
}

}  // namespace breakwater::admin
