// Validation scans: somebody asked, everything was looked at, and the posture of that moment is
// kept under a number. Statements only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "db/database.h"
#include "posture/attachments.h"
#include "posture/results.h"

namespace breakwater::posture {

// Task states of the reference system that a scan here goes through.
inline constexpr std::string_view kPending = "pending";
inline constexpr std::string_view kInProgress = "validation_in_progress";
inline constexpr std::string_view kPosted = "validation_result_posted_no_error";
inline constexpr std::string_view kFailed = "error_in_validation";

// {account, attachment_id, scan_id, moment}: a scan has ended well.
inline constexpr std::string_view kScanFinished = "posture.scan_finished";

struct ScanCounts {
  Counters goals;
  Counters controls;
  Score score;
};

struct Scan {
  std::int64_t id = 0;
  std::int64_t attachment_id = 0;
  AccountId account;
  std::string scope_id;
  std::string profile_id;
  std::int64_t profile_version = 1;
  std::string group_profile_id;
  std::string requested_by;
  std::string status;
  Timestamp created;
  std::optional<Timestamp> started;
  std::optional<Timestamp> ended;
  std::optional<Timestamp> moment;  // its results are the posture as it was then
  std::optional<ScanCounts> counts;
};

namespace scans {

Result<std::int64_t> Insert(db::Transaction& tx, const Attachment& attachment,
                            std::string_view group_profile_id, std::string_view requested_by,
                            Timestamp now);
// kNotFound "scan X was not found".
Result<Scan> Find(db::Transaction& tx, const AccountId& account, std::int64_t id);
Result<Scan> Begin(db::Transaction& tx, std::int64_t id, Timestamp now);
Status Finish(db::Transaction& tx, std::int64_t id, std::int64_t profile_version, Timestamp moment,
              Timestamp now, const ScanCounts& counts);
// One of the attachment that has not begun, if there is one.
Result<std::optional<std::int64_t>> Pending(db::Transaction& tx, std::int64_t attachment,
                                            std::string_view group_profile_id);
Status GiveUp(db::Transaction& tx, std::int64_t id, Timestamp now);

// The latest of each attachment that was ever scanned, newest first.
Result<std::vector<Scan>> Latest(db::Transaction& tx, const AccountId& account);
// Those of an attachment, newest first.
Result<std::vector<Scan>> Of(db::Transaction& tx, std::int64_t attachment, std::int64_t offset,
                             std::int64_t limit);
Result<std::int64_t> CountOf(db::Transaction& tx, std::int64_t attachment);

}  // namespace scans
}  // namespace breakwater::posture
