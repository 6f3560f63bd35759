#include "admin/copy_state.h"

#include <algorithm>
#include <array>
#include <utility>

namespace breakwater::admin {
namespace {

constexpr std::array<std::pair<CopyPhase, std::string_view>, 4> kPhases = {{
    {CopyPhase::kClear, "clear"},
    {CopyPhase::kRows, "rows"},
    {CopyPhase::kBlobs, "blobs"},
    {CopyPhase::kVerify, "verify"},
}};

std::string_view ToText(CopyPhase phase) {
  return std::ranges::find(kPhases, phase, [](const auto& entry) { return entry.first; })->second;
}

Result<CopyState> ReadRow(const db::Row& row) {
  const std::string_view phase = row.Text(1);
  const auto* const found =
      std::ranges::find(kPhases, phase, [](const auto& entry) { return entry.second; });
  if (found == kPhases.end()) return Internal("unknown phase of a copy: " + std::string(phase));
  BW_TRY(Values key, Decode(AsText(row.Blob(3))));
  return CopyState{.source = row.String(0),
                   .phase = found->first,
                   .table = row.String(2),
                   .last_key = std::move(key),
                   .started = row.Time(4)};
}

}  // namespace

Result<std::optional<CopyState>> ReadCopyState(db::Transaction& tx) {
  return tx.QueryOne("SELECT source, phase, table_name, last_key, started FROM admin_copy", {},
                     ReadRow);
}

Status WriteCopyState(db::Transaction& tx, const CopyState& state) {
  const std::string key = Encode(state.last_key);
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO admin_copy (id, source, phase, table_name, last_key, started)"
      " VALUES (1, $1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET source = excluded.source,"
      " phase = excluded.phase, table_name = excluded.table_name, last_key = excluded.last_key,"
      " started = excluded.started",
      {state.source, ToText(state.phase), state.table, AsBytes(key), state.started}));
  return Ok();
}

Status RemoveCopyState(db::Transaction& tx) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM admin_copy"));
  return Ok();
}

Status RefuseUnfinishedCopy(db::Database& database) {
  BW_TRY(const auto state, database.ReadValue(ReadCopyState));
  if (!state) return Ok();
  return Conflict(
             "an installation is being copied into this database: let `breakwater migrate-store` "
             "or "
             "`breakwater restore` finish first")
      .Reason("copy_unfinished");
}

}  // namespace breakwater::admin
