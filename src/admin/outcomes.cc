#include "admin/outcomes.h"

namespace breakwater::admin {

Result<std::optional<Outcome>> ReadOutcome(db::Transaction& tx, std::string_view name) {
  return tx.QueryOne(
      "SELECT at, good, last_good, detail FROM admin_outcome WHERE name = $1", {name},
      [](const db::Row& row) -> Result<Outcome> {
        Outcome outcome{
            .at = row.Time(0), .good = row.Bool(1), .last_good = row.OptionalTime(2), .detail = {}};
        BW_TRY(outcome.detail, json::Parse(row.Text(3)));
        return outcome;
      });
}

Status WriteOutcome(db::Transaction& tx, std::string_view name, bool good, Timestamp as_of,
                    Timestamp now, const json::Value& detail) {
  BW_TRY(const auto before, ReadOutcome(tx, name));
  std::optional<Timestamp> last_good = before ? before->last_good : std::nullopt;
  if (good && (!last_good || *last_good < as_of)) last_good = as_of;
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO admin_outcome (name, at, good, last_good, detail) VALUES ($1, $2, $3, $4, $5) "
      "ON CONFLICT (name) DO UPDATE SET at = excluded.at, good = excluded.good, "
      "last_good = excluded.last_good, detail = excluded.detail",
      {name, now, good, last_good, json::Serialize(detail)}));
  return Ok();
}

}  // namespace breakwater::admin
