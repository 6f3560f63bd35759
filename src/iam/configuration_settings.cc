#include "iam/configuration.h"
#include "json/reader.h"

namespace breakwater::iam {
namespace {

using control::ConfigurationItem;
using json::Text;

constexpr std::string_view kIdentity = "identity";
constexpr std::string_view kPublicAccess = "public_access";

json::Value PublicDocument(bool enabled) {
  return json::Object{{"enabled", enabled}};
}

template <class T>
void ReadOptional(const json::Reader& in, std::string_view name, std::optional<T>& value) {
  value = std::nullopt;
  if (const auto field = in.Optional(name)) value = T(field->Int());
}

WhoMayCreate ReadWho(const json::Reader& in, std::string_view name) {
  const auto field = in.Optional(name);
  if (!field) return WhoMayCreate::kNotSet;
  const auto who = ParseWhoMayCreate(field->String());
  if (!who) field->Fail("must be NOT_SET, RESTRICTED or NOT_RESTRICTED");
  return who.value_or(WhoMayCreate::kNotSet);
}

void ReadDomains(const json::Reader& in, std::vector<DomainRestriction>& domains) {
  domains.clear();
  const auto list = in.Optional("domains");
  if (!list) return;
  for (const json::Reader& one : list->Items(SettingsBounds::kMaxItems)) {
    one.OnlyFields({"realm", "patterns", "restricted"});
    DomainRestriction domain{.realm = one.Field("realm").String(),
                             .patterns = {},
                             .restricted = one.Bool("restricted", false)};
    if (const auto patterns = one.Optional("patterns")) {
      domain.patterns = patterns->Strings(SettingsBounds::kMaxItems);
    }
    domains.push_back(std::move(domain));
  }
}

// The part that documents have. What is null, or left out, is as the installation has it.
Status ReadSettings(const json::Value& document, AccountSettings& settings) {
  const json::Reader in(document);
  in.OnlyFields({"create_service_id", "create_api_key", "user_list_restricted", "allowed_addresses",
                 "domains", "session_life", "session_idle", "max_sessions", "access_token_life",
                 "refresh_token_life"});
  settings.create_service_id = ReadWho(in, "create_service_id");
  settings.create_api_key = ReadWho(in, "create_api_key");
  settings.user_list_restricted = in.Bool("user_list_restricted", false);
  settings.allowed_addresses = in.String("allowed_addresses", "");
  ReadDomains(in, settings.domains);
  ReadOptional(in, "session_life", settings.session_life);
  ReadOptional(in, "session_idle", settings.session_idle);
  ReadOptional(in, "max_sessions", settings.max_sessions);
  ReadOptional(in, "access_token_life", settings.access_token_life);
  ReadOptional(in, "refresh_token_life", settings.refresh_token_life);
  BW_TRY_STATUS(in.Finish());
  return CheckSettings(settings);
}

Result<bool> ReadPublic(const json::Value& document) {
  const json::Reader in(document);
  in.OnlyFields({"enabled"});
  const bool enabled = in.Field("enabled").Bool();
  BW_TRY_STATUS(in.Finish());
  return enabled;
}

}  // namespace

Result<std::vector<ConfigurationItem>> AccountSettingsSection::Export(const AccountId& account) {
  BW_TRY(const AccountSettings settings, settings_.Get(account));
  BW_TRY(const PublicAccess access, groups_.GetPublicAccess(account));
  return std::vector<ConfigurationItem>{
      {.key = std::string(kIdentity), .document = ToJson(settings)},
      {.key = std::string(kPublicAccess), .document = PublicDocument(access.enabled)}};
}

Result<ConfigurationItem> AccountSettingsSection::Complete(const AccountId&, ConfigurationItem item,
                                                           const json::Value& now) {
  if (item.key == kPublicAccess) {
    BW_TRY(const bool enabled, ReadPublic(item.document));
    item.document = PublicDocument(enabled);
    return item;
  }
  // What is left out is as it is.
  json::Object whole = now.is_object() ? now.as_object() : json::Object();
  for (const auto& [name, value] : item.document.as_object()) whole[name] = value;
  AccountSettings settings;
  BW_TRY_STATUS(ReadSettings(whole, settings));
  item.document = ToJson(settings);
  return item;
}

Status AccountSettingsSection::Put(const control::Caller& caller, const AccountId& account,
                                   const ConfigurationItem& item) {
  if (item.key == kPublicAccess) {
    BW_TRY(const bool enabled, ReadPublic(item.document));
    BW_TRY_STATUS(groups_.SetPublicAccess(caller, account, enabled));
    return Ok();
  }
  AccountSettings checked;
  BW_TRY_STATUS(ReadSettings(item.document, checked));
  BW_TRY_STATUS(settings_.Update(caller, account, "*", [&](AccountSettings& settings) {
    // It was read just now.
    static_cast<void>(ReadSettings(item.document, settings));
  }));
  return Ok();
}

Status AccountSettingsSection::Remove(const control::Caller&, const AccountId&,
                                      const ConfigurationItem&) {
  return Conflict("an account's settings cannot be removed").Reason("not_removable");
}

}  // namespace breakwater::iam
