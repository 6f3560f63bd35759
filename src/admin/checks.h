// What is done to an installation now and then and leaves an outcome that posture asks for
// (outcomes.h): backups, by the word of who took them, and the verification of the audit trail.
#pragma once

#include <cstdint>
#include <string>

#include "audit/heads.h"
#include "audit/log.h"
#include "base/ids.h"
#include "base/time.h"
#include "control/change.h"
#include "db/database.h"
#include "jobs/jobs.h"

namespace breakwater::admin {

// Of a backup that is whole.
struct BackupReport {
  std::string manifest_sha256;
  Timestamp as_of;
  std::int64_t rows = 0;
  std::int64_t blobs = 0;
  std::int64_t blob_bytes = 0;
  bool read_back = false;  // every byte, after it was taken
};

struct CheckDeps {
  db::Database& database;
  jobs::Jobs& jobs;
  control::ChangePath& changes;
  const Clock& clock;
  const AccountId& owner;  // the account that runs the installation
};

// Thread-safe.
class Checks {
 public:
  static constexpr std::string_view kBackupAction = "breakwater.backup.create";

  explicit Checks(const CheckDeps& deps) : deps_(deps) {}

  // A change like others: who says so stands in the trail. kInvalid "invalid_field" of one that
  // would be of the future, or names no manifest.
  Status BackupDone(const control::Caller& caller, const BackupReport& report);

  // Walks the chain, and looks whether the latest signed head is one of it. The outcome is kept,
  // also where it is kDataCorrupt, which is returned.
  Result<audit::Verification> VerifyAudit(const audit::Log& log, const audit::Heads& heads);

 private:
  CheckDeps deps_;
};

}  // namespace breakwater::admin
