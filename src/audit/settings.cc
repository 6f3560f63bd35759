#include "audit/settings.h"

#include "base/check.h"

namespace breakwater::audit {

std::string_view ToText(PullLevel level) {
  switch (level) {
    case PullLevel::kAll: return "all";
    case PullLevel::kByTag: return "by_tag";
    case PullLevel::kFirstOfDay: return "first_of_day";
  }
  BW_UNREACHABLE();
}

std::optional<PullLevel> PullLevelFrom(std::string_view text) {
  for (const PullLevel level : {PullLevel::kAll, PullLevel::kByTag, PullLevel::kFirstOfDay}) {
    if (ToText(level) == text) return level;
  }
  return std::nullopt;
}

json::Value ToJson(const Settings& settings) {
  return {{"pulls", json::Text(ToText(settings.pulls))}, {"keep_days", settings.keep_days}};
}

Result<Settings> ReadSettings(db::Transaction& tx) {
  BW_TRY(const auto found,
         tx.QueryOne("SELECT pulls, keep_days FROM audit_settings WHERE id = 1", {},
                     [](const db::Row& row) -> Result<Settings> {
                       const auto level = PullLevelFrom(row.Text(0));
                       if (!level) return DataCorrupt("the pull level is none that there is");
                       return Settings{.pulls = *level, .keep_days = row.Int(1)};
                     }));
  return found.value_or(Settings{});
}

Status WriteSettings(db::Transaction& tx, const Settings& settings, Timestamp now) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO audit_settings (id, pulls, keep_days, changed_at) VALUES (1, $1, $2, $3) "
      "ON CONFLICT (id) DO UPDATE SET pulls = excluded.pulls, keep_days = excluded.keep_days, "
      "changed_at = excluded.changed_at",
      {ToText(settings.pulls), settings.keep_days, now}));
  return Ok();
}

}  // namespace breakwater::audit
