// What the audit trail keeps of reads, as a setting of the installation: changed like everything
// else, so that narrowing it is itself recorded.
#pragma once

#include "audit/settings.h"
#include "control/change.h"

namespace breakwater::admin {

// Thread-safe.
class AuditSettings {
 public:
  static constexpr std::string_view kAction = "breakwater.audit.set";
  static constexpr std::int64_t kMaxKeepDays = 36'500;

  AuditSettings(db::Database& database, const Clock& clock, control::ChangePath& changes)
      : database_(database), clock_(clock), changes_(changes) {}

  Result<audit::Settings> Get() const;
  // In force everywhere within a second. Critical where less is recorded or kept than before.
  Status Set(const control::Caller& caller, const AccountId& account,
             const audit::Settings& wanted);

 private:
  db::Database& database_;
  const Clock& clock_;
  control::ChangePath& changes_;
};

}  // namespace breakwater::admin
