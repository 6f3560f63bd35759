// Changes of an account's identity settings.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "iam/account_settings.h"
#include "iam/changes.h"
#include "iam/history.h"

namespace breakwater::iam {

// Thread-safe. Changing takes Administrator on iam-identity, and counts at once.
class SettingsService {
 public:
  using Edit = std::function<void(AccountSettings&)>;

  explicit SettingsService(ChangeDeps deps) : deps_(deps) {}

  Result<AccountSettings> Get(const AccountId& account);
  Result<std::vector<HistoryEntry>> History(const AccountId& account);
  // kPrecondition if `if_match` is not the settings' entity tag; kConflict "would_lock_you_out" if
  // the caller's own address would not be allowed any more.
  Result<AccountSettings> Update(const control::Caller& caller, const AccountId& account,
                                 std::string_view if_match, const Edit& edit);

 private:
  ChangeDeps deps_;
};

std::string SettingsTag(const AccountId& account, const AccountSettings& settings);

}  // namespace breakwater::iam
