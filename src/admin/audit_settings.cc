#include "admin/audit_settings.h"

#include "admin/installation_facts.h"
#include "control/fact_events.h"

namespace breakwater::admin {
namespace {

bool Narrows(const audit::Settings& before, const audit::Settings& after) {
  const auto kept = [](const audit::Settings& settings) {
    return settings.keep_days == 0 ? AuditSettings::kMaxKeepDays + 1 : settings.keep_days;
  };
  return after.pulls > before.pulls || kept(after) < kept(before);
}

}  // namespace

Result<audit::Settings> AuditSettings::Get() const {
  return database_.ReadValue(audit::ReadSettings);
}

Status AuditSettings::Set(const control::Caller& caller, const AccountId& account,
                          const audit::Settings& wanted) {
  if (wanted.keep_days < 0 || wanted.keep_days > kMaxKeepDays) {
    return Invalid("keep_days must be 0, which keeps all, or at most 36500");
  }
  BW_TRY(const audit::Settings before, Get());
  return changes_.Submit(
      caller, {.action = std::string(kAction),
               .resource = control::AccountResource(account, "audit", "settings"),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const audit::Settings now, audit::ReadSettings(tx));
                 // How severe it is was judged by what was there before.
                 if (now.pulls != before.pulls || now.keep_days != before.keep_days) {
                   return Conflict("the settings were changed just now: look at them and ask again")
                       .Reason("changed_meanwhile");
                 }
                 BW_TRY_STATUS(audit::WriteSettings(tx, wanted, clock_.Now()));
                 return control::Effect{.before = audit::ToJson(now),
                                        .after = audit::ToJson(wanted),
                                        .governed = {},
                                        .events = {control::FactsChanged(account, {AuditType()})}};
               },
               .severity = Narrows(before, wanted) ? audit::Severity::kCritical
                                                   : audit::Severity::kWarning});
}

}  // namespace breakwater::admin
