// How what is done to an installation now and then has ended: that a backup was taken, that one was
// read back, that content or the audit trail was checked. Kept as rows, so that posture can ask how
// long ago it was.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "json/json.h"

namespace breakwater::admin {

namespace outcome {
inline constexpr std::string_view kBackup = "backup";                   // one was taken as a whole
inline constexpr std::string_view kVerifiedBackup = "verified_backup";  // every byte was read back
inline constexpr std::string_view kContent = "content";                 // fsck read every blob
inline constexpr std::string_view kAudit = "audit";                     // the chain was verified
}  // namespace outcome

struct Outcome {
  Timestamp at;  // of the last time
  bool good = false;
  // As of when it was good last, which may be earlier than when that was found: a backup is as of
  // its snapshot.
  std::optional<Timestamp> last_good;
  json::Value detail;
};

Result<std::optional<Outcome>> ReadOutcome(db::Transaction& tx, std::string_view name);
// `as_of`: of a good one. An earlier one does not take the place of a later one.
Status WriteOutcome(db::Transaction& tx, std::string_view name, bool good, Timestamp as_of,
                    Timestamp now, const json::Value& detail);

}  // namespace breakwater::admin
