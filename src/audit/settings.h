// How much of what is only read stands in the audit trail, and for how long it stays in the
// database. There is no "nothing".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "json/json.h"

namespace breakwater::audit {

// Which pulls are recorded, from the widest to the narrowest.
enum class PullLevel {
  kAll,         // each manifest that is asked for by GET
  kByTag,       // those asked for by a tag: not what a client fetches next by digest
  kFirstOfDay,  // the first of a UTC day of one identity, address and image, refusals apart
};

std::string_view ToText(PullLevel level);  // "all", "by_tag", "first_of_day"
std::optional<PullLevel> PullLevelFrom(std::string_view text);

struct Settings {
  PullLevel pulls = PullLevel::kFirstOfDay;
  // Entries that are in segments are removed from the database so many days after they were made;
  // 0: never. The segments stay.
  std::int64_t keep_days = 0;
  friend bool operator==(const Settings&, const Settings&) = default;
};

json::Value ToJson(const Settings& settings);

// The defaults where nobody has set any.
Result<Settings> ReadSettings(db::Transaction& tx);
Status WriteSettings(db::Transaction& tx, const Settings& settings, Timestamp now);

}  // namespace breakwater::audit
