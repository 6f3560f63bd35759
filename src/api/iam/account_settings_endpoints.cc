// What an account demands of its identities: /iam/v1/accounts/{account_id}/settings/identity
// (iamidentityv1; ibm-registry 4.2).

#include "api/iam/handlers.h"
#include "base/strings.h"

namespace breakwater::api::iam {
namespace {

using domain::AccountSettings;
using json::Text;
using Bounds = domain::SettingsBounds;

constexpr std::string_view kNotSet = "NOT_SET";
constexpr std::string_view kRestricted = "RESTRICTED";
constexpr std::string_view kNotRestricted = "NOT_RESTRICTED";
constexpr std::string_view kNoMfa = "NONE";

control::Resource SettingsOf(const Context& context) {
  return domain::IamResource(context.account, "iam-identity", "settings");
}

std::string NumberText(const std::optional<std::int64_t>& number) {
  return number ? std::to_string(*number) : std::string(kNotSet);
}

std::string NumberText(const std::optional<std::chrono::seconds>& seconds) {
  return seconds ? std::to_string(seconds->count()) : std::string(kNotSet);
}

json::Array EncodeDomains(const std::vector<domain::DomainRestriction>& domains) {
  json::Array items;
  for (const domain::DomainRestriction& restriction : domains) {
    json::Array patterns;
    for (const std::string& pattern : restriction.patterns) patterns.push_back(Text(pattern));
    items.push_back({{"realm_id", Text(restriction.realm)},
                     {"invitation_email_allow_patterns", std::move(patterns)},
                     {"restrict_invitation", restriction.restricted}});
  }
  return items;
}

json::Object Encode(const AccountSettings& s) {
  json::Array exempt;
  for (const std::string& iam_id : s.mfa_exempt) {
    exempt.push_back({{"iam_id", Text(iam_id)}, {"mfa", Text(kNoMfa)}});
  }
  return {{"restrict_create_service_id", Text(domain::ToString(s.create_service_id))},
          {"restrict_create_platform_apikey", Text(domain::ToString(s.create_api_key))},
          {"allowed_ip_addresses", Text(s.allowed_addresses)},
          {"mfa", Text(kNoMfa)},
          {"user_mfa", std::move(exempt)},
          {"session_expiration_in_seconds", Text(NumberText(s.session_life))},
          {"session_invalidation_in_seconds", Text(NumberText(s.session_idle))},
          {"max_sessions_per_identity", Text(NumberText(s.max_sessions))},
          {"system_access_token_expiration_in_seconds", Text(NumberText(s.access_token_life))},
          {"system_refresh_token_expiration_in_seconds", Text(NumberText(s.refresh_token_life))},
          {"restrict_user_list_visibility",
           Text(s.user_list_restricted ? kRestricted : kNotRestricted)},
          {"restrict_user_domains", EncodeDomains(s.domains)}};
}

// Decoders of single settings; each leaves `settings` alone where the request does not say.
void ReadWhoMayCreate(const json::Reader& in, std::string_view name, domain::WhoMayCreate* into) {
  const auto field = in.Optional(name);
  if (!field) return;
  if (const auto who = domain::ParseWhoMayCreate(field->String())) {
    *into = *who;
  } else {
    field->Fail("must be RESTRICTED, NOT_RESTRICTED or NOT_SET");
  }
}

// A number as text, as the reference has it; as a number, it is taken, too.
std::optional<std::int64_t> ReadNumber(const json::Reader& field) {
  if (field.value().is_number()) return field.Int();
  const std::string text = field.String();
  if (text == kNotSet) return std::nullopt;
  const auto number = ParseInt(text);
  if (!number.ok()) field.Fail("must be a whole number as text, or NOT_SET");
  return number.ok() ? std::optional(*number) : std::nullopt;
}

void ReadSeconds(const json::Reader& in, std::string_view name,
                 std::optional<std::chrono::seconds>* into) {
  const auto field = in.Optional(name);
  if (!field) return;
  const auto number = ReadNumber(*field);
  into->reset();
  if (number) *into = std::chrono::seconds(*number);
}

void CheckMfa(const json::Reader& field) {
  if (field.String() == kNoMfa) return;
  field.Fail(
      "must be NONE: this installation asks for no second factor itself. Demand it at the identity "
      "provider that people sign in with");
}

void ReadMfa(const json::Reader& in, AccountSettings* settings) {
  if (const auto mfa = in.Optional("mfa")) CheckMfa(*mfa);
  const auto users = in.Optional("user_mfa");
  if (!users) return;
  settings->mfa_exempt.clear();
  for (const json::Reader& user : users->Items(Bounds::kMaxItems)) {
    CheckMfa(user.Field("mfa"));
    settings->mfa_exempt.push_back(user.Field("iam_id").String());
  }
}

// Each item is about one realm; with nothing but its name, the realm's restriction goes.
void ReadDomains(const json::Reader& in, AccountSettings* settings) {
  const auto domains = in.Optional("restrict_user_domains");
  if (!domains) return;
  for (const json::Reader& item : domains->Items(Bounds::kMaxItems)) {
    domain::DomainRestriction restriction{.realm = item.Field("realm_id").String(), .patterns = {}};
    const auto patterns = item.Optional("invitation_email_allow_patterns");
    const auto restricted = item.Optional("restrict_invitation");
    if (patterns) restriction.patterns = patterns->Strings(Bounds::kMaxItems);
    if (restricted) restriction.restricted = restricted->Bool();
    std::erase_if(settings->domains,
                  [&](const auto& known) { return known.realm == restriction.realm; });
    if (patterns || restricted) settings->domains.push_back(std::move(restriction));
  }
}

void Read(const json::Reader& in, AccountSettings* settings) {
  ReadWhoMayCreate(in, "restrict_create_service_id", &settings->create_service_id);
  ReadWhoMayCreate(in, "restrict_create_platform_apikey", &settings->create_api_key);
  if (const auto list = in.Optional("allowed_ip_addresses")) {
    settings->allowed_addresses = list->String();
  }
  ReadMfa(in, settings);
  ReadSeconds(in, "session_expiration_in_seconds", &settings->session_life);
  ReadSeconds(in, "session_invalidation_in_seconds", &settings->session_idle);
  if (const auto most = in.Optional("max_sessions_per_identity")) {
    settings->max_sessions = ReadNumber(*most);
  }
  ReadSeconds(in, "system_access_token_expiration_in_seconds", &settings->access_token_life);
  ReadSeconds(in, "system_refresh_token_expiration_in_seconds", &settings->refresh_token_life);
  if (const auto visibility = in.Optional("restrict_user_list_visibility")) {
    const std::string word = visibility->String();
    settings->user_list_restricted = word == kRestricted;
    if (word != kRestricted && word != kNotRestricted) {
      visibility->Fail("must be RESTRICTED or NOT_RESTRICTED");
    }
  }
  ReadDomains(in, settings);
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const AccountId account, PathAccount(context));
    BW_TRY(const auto settings, deps_.settings.Get(account));
    return Answer(account, settings);
  }

  Result<net::Response> Update(Context& context) const {
    BW_TRY(const AccountId account, PathAccount(context));
    BW_TRY(const json::Value document, ReadJson(context));
    // What is wrong in itself is refused before anything is read.
    const json::Reader in(document);
    AccountSettings scratch;
    Read(in, &scratch);
    BW_TRY_STATUS(in.Finish());
    BW_TRY(
        const auto settings,
        deps_.settings.Update(context.caller, account, HeaderText(context, "If-Match"),
                              [&](AccountSettings& now) { Read(json::Reader(document), &now); }));
    return Answer(account, settings);
  }

  // What holds where something is not set.
  Result<net::Response> Effective(Context& context) const {
    BW_TRY(const AccountId account, PathAccount(context));
    BW_TRY(const auto settings, deps_.settings.Get(account));
    AccountSettings effective = settings;
    const auto& tokens = deps_.tokens.options();
    BW_TRY(const auto sessions, deps_.sign_in.LimitsOf(account));
    effective.session_life = sessions.life;
    effective.session_idle = sessions.idle;
    effective.max_sessions = sessions.most;
    effective.access_token_life = settings.access_token_life.value_or(tokens.access_life);
    effective.refresh_token_life = settings.refresh_token_life.value_or(tokens.refresh_life);
    json::Object own = Encode(settings);
    own["account_id"] = Text(account.value());
    own["entity_tag"] = Text(domain::SettingsTag(account, settings));
    return JsonResponse(200, {{"account_id", Text(account.value())},
                              {"effective", Encode(effective)},
                              {"account", std::move(own)}});
  }

 private:
  static Result<AccountId> PathAccount(const Context& context) {
    return AccountOf(context, context.Path("account_id"));
  }

  Result<net::Response> Answer(const AccountId& account, const AccountSettings& settings) const {
    const std::string tag = domain::SettingsTag(account, settings);
    json::Object body = Encode(settings);
    body["account_id"] = Text(account.value());
    body["entity_tag"] = Text(tag);
    BW_TRY(const auto history, deps_.settings.History(account));
    body["history"] = EncodeHistory(history);
    net::Response response = JsonResponse(200, body);
    // Bare: the reference's own tests compare it with the field.
    response.headers.Set("ETag", tag);
    return response;
  }

  IamDeps deps_;
};

}  // namespace

void AddAccountSettingsEndpoints(const IamFaces& faces, const IamDeps& deps,
                                 std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  const Face& face = faces.management;
  const Access read = Access::To("iam-identity.accountsettings.read", SettingsOf);
  constexpr std::string_view kSettings = "/iam/v1/accounts/{account_id}/settings/identity";
  out->push_back({"GET", kSettings, "GetAccountSettings", read, face,
                  [handlers](Context& c) { return handlers.Get(c); }});
  out->push_back({"PUT", kSettings, "UpdateAccountSettings",
                  Access::To("iam-identity.accountsettings.update", SettingsOf), face,
                  [handlers](Context& c) { return handlers.Update(c); }});
  out->push_back({"GET", "/iam/v1/accounts/{account_id}/effective_settings/identity",
                  "GetEffectiveAccountSettings", read, face,
                  [handlers](Context& c) { return handlers.Effective(c); }});
}

}  // namespace breakwater::api::iam
