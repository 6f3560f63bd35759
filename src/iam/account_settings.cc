#include "iam/account_settings.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "iam/roles.h"
#include "json/reader.h"

namespace breakwater::iam {
namespace {

using json::Text;
using Seconds = std::optional<std::chrono::seconds>;

constexpr std::string_view kLocalRealm = "IBMid";
constexpr std::size_t kMaxText = 256;

Error Bad(std::string message) {
  return Invalid(std::move(message)).Reason("invalid_field");
}

Status CheckRange(std::string_view name, std::optional<std::int64_t> value, std::int64_t least,
                  std::int64_t most) {
  if (!value || (*value >= least && *value <= most)) return Ok();
  return Bad(std::string(name) + " must be " + std::to_string(least) + " to " +
             std::to_string(most) + ", or NOT_SET");
}

std::optional<std::int64_t> Count(const Seconds& seconds) {
  if (!seconds) return std::nullopt;
  return seconds->count();
}

std::optional<std::int64_t> OptionalInt(const db::Row& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return row.Int(column);
}

Seconds OptionalSeconds(const db::Row& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return std::chrono::seconds(row.Int(column));
}

json::Value NumberOrNull(const std::optional<std::int64_t>& number) {
  return number ? json::Value(*number) : json::Value();
}

json::Array Strings(const std::vector<std::string>& texts) {
  json::Array items;
  for (const std::string& text : texts) items.push_back(Text(text));
  return items;
}

json::Array DomainsToJson(const std::vector<DomainRestriction>& domains) {
  json::Array items;
  for (const DomainRestriction& domain : domains) {
    items.push_back({{"realm", Text(domain.realm)},
                     {"patterns", Strings(domain.patterns)},
                     {"restricted", domain.restricted}});
  }
  return items;
}

Result<std::vector<DomainRestriction>> DomainsFromJson(std::string_view text) {
  BW_TRY(const json::Value document, json::Parse(text));
  const json::Reader reader(document);
  std::vector<DomainRestriction> domains;
  for (const json::Reader& item : reader.Items(SettingsBounds::kMaxItems)) {
    domains.push_back({.realm = item.Field("realm").String(),
                       .patterns = item.Field("patterns").Strings(SettingsBounds::kMaxItems),
                       .restricted = item.Bool("restricted", false)});
  }
  BW_TRY_STATUS(reader.Finish());
  return domains;
}

Result<std::vector<std::string>> StringsFromJson(std::string_view text) {
  BW_TRY(const json::Value document, json::Parse(text));
  const json::Reader reader(document);
  auto strings = reader.Strings(SettingsBounds::kMaxItems);
  BW_TRY_STATUS(reader.Finish());
  return strings;
}

Result<AccountSettings> MakeSettings(const db::Row& row) {
  AccountSettings settings;
  const auto service_id = ParseWhoMayCreate(row.Text(0));
  const auto api_key = ParseWhoMayCreate(row.Text(1));
  if (!service_id || !api_key) return DataCorrupt("stored account settings have an unknown word");
  settings.create_service_id = *service_id;
  settings.create_api_key = *api_key;
  settings.user_list_restricted = row.Text(2) == "RESTRICTED";
  settings.allowed_addresses = row.String(3);
  BW_TRY(settings.mfa_exempt, StringsFromJson(row.Text(4)));
  BW_TRY(settings.domains, DomainsFromJson(row.Text(5)));
  settings.session_life = OptionalSeconds(row, 6);
  settings.session_idle = OptionalSeconds(row, 7);
  settings.max_sessions = OptionalInt(row, 8);
  settings.access_token_life = OptionalSeconds(row, 9);
  settings.refresh_token_life = OptionalSeconds(row, 10);
  settings.version = row.Int(11);
  return settings;
}

}  // namespace

std::string_view ToString(WhoMayCreate who) {
  switch (who) {
    case WhoMayCreate::kNotSet: return "NOT_SET";
    case WhoMayCreate::kRestricted: return "RESTRICTED";
    case WhoMayCreate::kNotRestricted: return "NOT_RESTRICTED";
  }
  BW_UNREACHABLE();
}

std::optional<WhoMayCreate> ParseWhoMayCreate(std::string_view text) {
  for (const auto who :
       {WhoMayCreate::kNotSet, WhoMayCreate::kRestricted, WhoMayCreate::kNotRestricted}) {
    if (ToString(who) == text) return who;
  }
  return std::nullopt;
}

Status CheckSettings(const AccountSettings& settings) {
  using Bounds = SettingsBounds;
  BW_TRY_STATUS(AllowedAddresses::Parse(settings.allowed_addresses));
  BW_TRY_STATUS(CheckRange("session_expiration_in_seconds", Count(settings.session_life),
                           Bounds::kMinSeconds, Bounds::kMaxSessionLife));
  BW_TRY_STATUS(CheckRange("session_invalidation_in_seconds", Count(settings.session_idle),
                           Bounds::kMinSeconds, Bounds::kMaxSessionIdle));
  BW_TRY_STATUS(
      CheckRange("max_sessions_per_identity", settings.max_sessions, 1, Bounds::kMaxSessions));
  BW_TRY_STATUS(CheckRange("system_access_token_expiration_in_seconds",
                           Count(settings.access_token_life), Bounds::kMinSeconds,
                           Bounds::kMaxAccessLife));
  BW_TRY_STATUS(CheckRange("system_refresh_token_expiration_in_seconds",
                           Count(settings.refresh_token_life), Bounds::kMinSeconds,
                           Bounds::kMaxRefreshLife));
  if (settings.domains.size() > Bounds::kMaxItems) {
    return Bad("restrict_user_domains may have at most 100 items");
  }
  for (const DomainRestriction& domain : settings.domains) {
    if (domain.realm.empty() || domain.realm.size() > kMaxText) {
      return Bad("restrict_user_domains: realm_id must have 1 to 256 bytes");
    }
    for (const std::string& pattern : domain.patterns) {
      if (!pattern.empty() && pattern.size() <= kMaxText) continue;
      return Bad("restrict_user_domains: a pattern must have 1 to 256 bytes");
    }
  }
  return Ok();
}

Status CheckInvited(const AccountSettings& settings, std::string_view email) {
  for (const DomainRestriction& domain : settings.domains) {
    if (!domain.restricted || domain.realm != kLocalRealm) continue;
    const bool fits = std::any_of(domain.patterns.begin(), domain.patterns.end(),
                                  [&](const std::string& pattern) {
                                    return WildcardMatch(LowerAscii(pattern), LowerAscii(email));
                                  });
    if (fits) continue;
    return Denied(
               "the account's settings (restrict_user_domains) let nobody of this e-mail "
               "address be invited")
        .Reason("domain_restricted");
  }
  return Ok();
}

json::Value ToJson(const AccountSettings& settings) {
  return {{"create_service_id", Text(ToString(settings.create_service_id))},
          {"create_api_key", Text(ToString(settings.create_api_key))},
          {"user_list_restricted", settings.user_list_restricted},
          {"allowed_addresses", Text(settings.allowed_addresses)},
          {"domains", DomainsToJson(settings.domains)},
          {"session_life", NumberOrNull(Count(settings.session_life))},
          {"session_idle", NumberOrNull(Count(settings.session_idle))},
          {"max_sessions", NumberOrNull(settings.max_sessions)},
          {"access_token_life", NumberOrNull(Count(settings.access_token_life))},
          {"refresh_token_life", NumberOrNull(Count(settings.refresh_token_life))}};
}

namespace store {

Result<AccountSettings> ReadAccountSettings(db::Transaction& tx, const AccountId& account) {
  BW_TRY(auto found,
         tx.QueryOne("SELECT restrict_create_service_id, restrict_create_platform_apikey, "
                     "restrict_user_list_visibility, allowed_ip_addresses, user_mfa, "
                     "restrict_user_domains, session_expiration, session_invalidation, "
                     "max_sessions, access_token_expiration, refresh_token_expiration, version "
                     "FROM iam_account_settings WHERE account_id = $1",
                     {account}, MakeSettings));
  return std::move(found).value_or(AccountSettings{});
}

Status WriteAccountSettings(db::Transaction& tx, const AccountId& account,
                            const AccountSettings& s) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_account_settings WHERE account_id = $1", {account}));
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_account_settings (account_id, restrict_create_service_id, "
      "restrict_create_platform_apikey, restrict_user_list_visibility, allowed_ip_addresses, mfa, "
      "user_mfa, restrict_user_domains, session_expiration, session_invalidation, max_sessions, "
      "access_token_expiration, refresh_token_expiration, version) "
      "VALUES ($1, $2, $3, $4, $5, 'NONE', $6, $7, $8, $9, $10, $11, $12, $13)",
      {account, ToString(s.create_service_id), ToString(s.create_api_key),
       s.user_list_restricted ? "RESTRICTED" : "NOT_RESTRICTED", s.allowed_addresses,
       json::Serialize(Strings(s.mfa_exempt)), json::Serialize(DomainsToJson(s.domains)),
       Count(s.session_life), Count(s.session_idle), s.max_sessions, Count(s.access_token_life),
       Count(s.refresh_token_life), s.version}));
  return Ok();
}

}  // namespace store
}  // namespace breakwater::iam
