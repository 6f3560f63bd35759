#include "iam/history.h"

#include "iam/store_sql.h"

namespace breakwater::iam::store {

Status AddHistory(db::Transaction& tx, std::string_view subject, const control::Caller& caller,
                  Timestamp now, std::string_view action, std::string_view message) {
  BW_TRY(const std::int64_t last,
         Number(tx, "SELECT max(number) FROM iam_history WHERE subject = $1", {subject}));
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_history (subject, number, at, iam_id, account_id, action, message) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {subject, last + 1, now, caller.actor.iam_id, caller.actor.account, action, message}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_history WHERE subject = $1 AND number <= $2",
                           {subject, last + 1 - kHistoryEntries}));
  return Ok();
}

Result<std::vector<HistoryEntry>> ReadHistory(db::Transaction& tx, std::string_view subject) {
  return tx.QueryAll(
      "SELECT at, iam_id, account_id, action, message FROM iam_history WHERE subject = $1 "
      "ORDER BY number",
      {subject}, [](const db::Row& row) {
        return HistoryEntry{.at = row.Time(0),
                            .iam_id = IamId(row.String(1)),
                            .account = AccountId(row.String(2)),
                            .action = row.String(3),
                            .message = row.String(4)};
      });
}

Status DeleteHistory(db::Transaction& tx, std::string_view subject) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_history WHERE subject = $1", {subject}));
  return Ok();
}

}  // namespace breakwater::iam::store
