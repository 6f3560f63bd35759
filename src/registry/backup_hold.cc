#include "registry/backup_hold.h"

namespace breakwater::registry {
namespace {

Result<Timestamp> ReadEnd(db::Transaction& tx, std::string_view sql) {
  BW_TRY(const auto end, tx.QueryOne(sql, {}, [](const db::Row& row) { return row.Time(0); }));
  return end.value_or(Timestamp());
}

}  // namespace

Status HoldBlobs(db::Database& database, Timestamp until) {
  return database.Write(
      [&](db::Transaction& tx) -> Status {
        BW_TRY_STATUS(
            tx.Execute("UPDATE backup_hold SET held_until = $1 WHERE held_until < $1", {until}));
        return Ok();
      },
      db::Isolation::kStatement);
}

Result<Timestamp> BlobsHeldUntil(db::Database& database) {
  return database.ReadValue(
      [](db::Transaction& tx) { return ReadEnd(tx, "SELECT held_until FROM backup_hold"); });
}

Result<bool> AreBlobsHeld(db::Transaction& tx, db::Dialect dialect, Timestamp now) {
  // SQLite has one writer at a time.
  BW_TRY(const Timestamp end, ReadEnd(tx, dialect == db::Dialect::kSqlite
                                              ? "SELECT held_until FROM backup_hold"
                                              : "SELECT held_until FROM backup_hold FOR SHARE"));
  return end > now;
}

}  // namespace breakwater::registry
