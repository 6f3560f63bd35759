// What an account demands of its identities (ibm-registry 4.2, "Account identity settings").
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "db/database.h"
#include "iam/addresses.h"
#include "json/json.h"

namespace breakwater::iam {

// Who may make something: as this installation has it, only who has the right to manage it, or
// every member of the account.
enum class WhoMayCreate { kNotSet, kRestricted, kNotRestricted };
std::string_view ToString(WhoMayCreate who);  // "NOT_SET", "RESTRICTED", …; stored and sent
std::optional<WhoMayCreate> ParseWhoMayCreate(std::string_view text);

// Whom one may invite, of a realm.
struct DomainRestriction {
  std::string realm;
  std::vector<std::string> patterns;  // of e-mail addresses: "*" is any text, "?" one character
  bool restricted = false;
  friend bool operator==(const DomainRestriction&, const DomainRestriction&) = default;
};

// Immutable where it is shared.
struct AccountSettings {
  // kNotSet: service IDs take a right, API keys of one's own do not.
  WhoMayCreate create_service_id = WhoMayCreate::kNotSet;
  WhoMayCreate create_api_key = WhoMayCreate::kNotSet;
  bool user_list_restricted = false;
  std::string allowed_addresses;        // as it was given
  std::vector<std::string> mfa_exempt;  // iam_ids for whom "NONE" was stated, too
  std::vector<DomainRestriction> domains;
  // Absent: as the installation has it.
  std::optional<std::chrono::seconds> session_life{};
  std::optional<std::chrono::seconds> session_idle{};
  std::optional<std::int64_t> max_sessions{};
  std::optional<std::chrono::seconds> access_token_life{};
  std::optional<std::chrono::seconds> refresh_token_life{};
  std::int64_t version = 0;  // 0: never set
};

// The ranges that the reference system allows.
struct SettingsBounds {
  static constexpr std::int64_t kMinSeconds = 900;
  static constexpr std::int64_t kMaxSessionLife = 86'400;
  static constexpr std::int64_t kMaxSessionIdle = 7200;
  static constexpr std::int64_t kMaxAccessLife = 3600;
  static constexpr std::int64_t kMaxRefreshLife = 259'200;
  static constexpr std::int64_t kMaxSessions = 10'000;
  static constexpr std::size_t kMaxItems = 100;
};

// kInvalid "invalid_field", naming the setting.
Status CheckSettings(const AccountSettings& settings);

// Whether the settings let somebody of this e-mail address be invited. kDenied "domain_restricted".
Status CheckInvited(const AccountSettings& settings, std::string_view email);

json::Value ToJson(const AccountSettings& settings);

namespace store {

// The defaults where nothing was ever set.
Result<AccountSettings> ReadAccountSettings(db::Transaction& tx, const AccountId& account);
Status WriteAccountSettings(db::Transaction& tx, const AccountId& account,
                            const AccountSettings& settings);

}  // namespace store
}  // namespace breakwater::iam
