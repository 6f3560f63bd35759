#include "iam/settings_service.h"

#include "iam/identity_facts.h"

namespace breakwater::iam {
namespace {

// A list that shuts out who wrote it could be changed by nobody who works where they do.
Status CheckKeepsCaller(const control::Caller& caller, const AccountSettings& settings) {
  BW_TRY(const auto allowed, AllowedAddresses::Parse(settings.allowed_addresses));
  if (caller.origin.address.empty() || allowed.Allows(caller.origin.address)) return Ok();
  return Conflict("allowed_ip_addresses would shut you out: add your own address, " +
                  caller.origin.address)
      .Reason("would_lock_you_out");
}

}  // namespace

std::string SettingsTag(const AccountId& account, const AccountSettings& settings) {
  return EntityTag(account.value(), settings.version);
}

Result<AccountSettings> SettingsService::Get(const AccountId& account) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return store::ReadAccountSettings(tx, account); });
}

Result<std::vector<HistoryEntry>> SettingsService::History(const AccountId& account) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return store::ReadHistory(tx, account.value()); });
}

Result<AccountSettings> SettingsService::Update(const control::Caller& caller,
                                                const AccountId& account, std::string_view if_match,
                                                const Edit& edit) {
  AccountSettings after;
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "iam-identity.accountsettings.update",
               .resource = IamResource(account, "iam-identity", "settings"),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const auto before, store::ReadAccountSettings(tx, account));
                 BW_TRY_STATUS(CheckEntityTag(if_match, account.value(), before.version));
                 after = before;
                 edit(after);
                 BW_TRY_STATUS(CheckSettings(after));
                 BW_TRY_STATUS(CheckKeepsCaller(caller, after));
                 ++after.version;
                 BW_TRY_STATUS(store::WriteAccountSettings(tx, account, after));
                 BW_TRY_STATUS(store::AddHistory(tx, account.value(), caller, deps_.clock.Now(),
                                                 "UPDATE", "The settings were changed"));
                 return ChangedGoverned(tx, account, ToJson(before), ToJson(after),
                                        GovernedSettings(account));
               },
               .severity = audit::Severity::kCritical}));
  return after;
}

}  // namespace breakwater::iam
