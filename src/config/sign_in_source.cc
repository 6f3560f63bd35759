#include "config/sign_in_source.h"

#include <algorithm>
#include <optional>
#include <set>
#include <variant>

#include "base/bytes.h"
#include "base/strings.h"
#include "config/value.h"

namespace breakwater::config {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxText = 4096;
constexpr milliseconds kShortest{100};
constexpr milliseconds kLongest{60'000};

using Member =
    std::variant<std::string SignInSource::*, Secret SignInSource::*, bool SignInSource::*,
                 milliseconds SignInSource::*, std::vector<IpNetwork> SignInSource::*>;

struct Key {
  std::string_view name;
  Member member;
  std::string_view kinds;   // that take it
  std::string_view needed;  // that need it
  std::string_view meaning;
};

using S = SignInSource;
constexpr std::string_view kAll = "local ldap oidc workload";
constexpr std::string_view kPeople = "ldap oidc";
constexpr std::string_view kTokens = "oidc workload";

const std::vector<Key>& Keys() {
  static const std::vector<Key> keys = {
      {"kind", &S::kind, kAll, kAll, "local, ldap, oidc or workload"},
      {"name", &S::name, kAll, kAll, "what it is called in addresses, sessions and the log"},
      {"realm", &S::realm, "ldap oidc workload", "",
       "what rules of access groups and trusted profiles call it; else the issuer, or the name"},
      {"users", &S::users, kPeople, "",
       "invited (the default): only who has an invitation to their e-mail address gets in; create: "
       "whoever the source knows becomes a user"},
      {"link_by_email", &S::link_by_email, kPeople, "",
       "whether users who are here already are those of the same e-mail address there"},
      {"timeout", &S::timeout, "ldap oidc workload", "", "for one question; 5s"},
      {"ca_file", &S::ca_file, "ldap oidc workload", "",
       "PEM file with the authorities that may vouch for the server, instead of the system's"},
      {"url", &S::url, "ldap", "ldap", "ldaps://host:636 or ldap://host:389"},
      {"start_tls", &S::start_tls, "ldap", "", "whether to begin TLS on ldap://; true"},
      {"allow_plain", &S::allow_plain, "ldap oidc workload", "",
       "allow passwords and tokens to travel without TLS; for tests"},
      {"bind_dn", &S::bind_dn, "ldap", "", "who searches; empty: nobody in particular"},
      {"bind_password", &S::bind_password, "ldap", "", "their password"},
      {"bind_password_file", &S::bind_password_file, "ldap", "", "or a file with it"},
      {"user_base", &S::user_base, "ldap", "ldap", "where people are"},
      {"user_filter", &S::user_filter, "ldap", "",
       "who they are, with {name} for what they typed; (&(objectClass=person)(uid={name}))"},
      {"group_base", &S::group_base, "ldap", "", "where groups are; empty: none are looked for"},
      {"group_filter", &S::group_filter, "ldap", "",
       "which have a member {dn}; (&(objectClass=groupOfNames)(member={dn}))"},
      {"id_attribute", &S::id_attribute, "ldap", "",
       "what stays when somebody's name changes, such as entryUUID; empty: the DN"},
      {"email_attribute", &S::email_attribute, "ldap", "", "mail"},
      {"first_name_attribute", &S::first_name_attribute, "ldap", "", "givenName"},
      {"last_name_attribute", &S::last_name_attribute, "ldap", "", "sn"},
      {"group_name_attribute", &S::group_name_attribute, "ldap", "", "cn"},
      {"issuer", &S::issuer, kTokens, kTokens, "`iss` of its tokens, exactly"},
      {"jwks_url", &S::jwks_url, "workload", "", "its keys, where there is no discovery document"},
      {"client_id", &S::client_id, "oidc", "oidc", "what we are called there"},
      {"client_secret", &S::client_secret, "oidc", "", "what proves it; empty: nothing does"},
      {"client_secret_file", &S::client_secret_file, "oidc", "", "or a file with it"},
      {"device_client_id", &S::device_client_id, "oidc", "",
       "what we are called for sign-in without a browser; client_id"},
      {"redirect_url", &S::redirect_url, "oidc", "",
       "https://HOST/identity/sign-in/NAME/callback as the provider knows it; empty: no sign-in by "
       "browser"},
      {"scopes", &S::scopes, "oidc", "", "openid profile email"},
      {"audience", &S::audience, "workload", "workload", "what `aud` of its tokens must name"},
      {"cr_type", &S::cr_type, "workload", "",
       "IKS_SA, say: its tokens are those of compute resources, and meet links and rules of that "
       "type; empty: they meet rules of type Profile-SAML"},
      {"crn", &S::crn, "workload", "", "of the cluster, as links of trusted profiles name it"},
      {"private_networks", &S::private_networks, kTokens, "",
       "loopback, link-local and private networks that the issuer may be in"},
  };
  return keys;
}

bool Has(std::string_view kinds, std::string_view kind) {
  for (const std::string_view one : Split(kinds, ' ')) {
    if (one == kind) return true;
  }
  return false;
}

const Key* FindKey(std::string_view name) {
  const auto& keys = Keys();
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

Error Unknown(std::string_view name) {
  std::vector<std::string> names;
  for (const Key& key : Keys()) names.emplace_back(key.name);
  const std::string nearest = Nearest(name, names);
  return Invalid("unknown key '" + std::string(name) + "'" +
                 (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
}

Status SetText(const Key& key, std::string_view text, SignInSource& out) {
  if (text.size() > kMaxText || text.find('\0') != std::string_view::npos) {
    return Invalid("is too long");
  }
  if (const auto* member = std::get_if<std::string S::*>(&key.member)) {
    out.*(*member) = std::string(text);
  } else if (const auto* secret = std::get_if<Secret S::*>(&key.member)) {
    out.*(*secret) = Secret(std::string(text));
  } else if (const auto* duration = std::get_if<milliseconds S::*>(&key.member)) {
    const auto parsed = ParseDuration(text);
    if (!parsed.ok() || *parsed < kShortest || *parsed > kLongest) {
      return Invalid("must be a duration from 100ms to 1m");
    }
    out.*(*duration) = *parsed;
  } else if (const auto* flag = std::get_if<bool S::*>(&key.member)) {
    if (text != "true" && text != "false") return Invalid("must be true or false");
    out.*(*flag) = text == "true";
  } else {
    return Invalid("must be a list of networks");
  }
  return Ok();
}

Status SetNetworks(const Key& key, const std::vector<std::string>& texts, SignInSource& out) {
  const auto* networks = std::get_if<std::vector<IpNetwork> S::*>(&key.member);
  if (networks == nullptr) return Invalid("must not be a list");
  for (const std::string& text : texts) {
    BW_TRY(auto network, IpNetwork::Parse(text));
    (out.*(*networks)).push_back(std::move(network));
  }
  return Ok();
}

Status SetValue(const Key& key, const Value& value, SignInSource& out) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (std::holds_alternative<bool S::*>(key.member)) return Invalid("must be true or false");
    return SetText(key, *text, out);
  }
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    return SetNetworks(key, *texts, out);
  }
  if (const auto* flag = std::get_if<bool>(&value)) {
    if (!std::holds_alternative<bool S::*>(key.member)) return Invalid("must be a text");
    return SetText(key, *flag ? "true" : "false", out);
  }
  return Invalid("must be a text");
}

bool IsSet(const Key& key, const SignInSource& source) {
  static const SignInSource kNone;
  return std::visit([&](auto member) { return !(source.*member == kNone.*member); }, key.member);
}

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 40 && name != "break-glass" &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Status CheckTls(const SignInSource& source) {
  if (source.allow_plain) return Ok();
  if (source.kind == "ldap" && source.url.starts_with("ldap://") && !source.start_tls) {
    return Invalid("url must be ldaps://, or start_tls true");
  }
  for (const std::string* url : {&source.issuer, &source.jwks_url}) {
    if (!url->empty() && !url->starts_with("https://")) {
      return Invalid("issuer and jwks_url must begin with https://");
    }
  }
  return Ok();
}

Status CheckSource(const SignInSource& source) {
  if (!Has(kAll, source.kind)) return Invalid("kind must be local, ldap, oidc or workload");
  if (!IsName(source.name)) {
    return Invalid("name must have 1 to 40 lower-case letters, digits and '-'");
  }
  for (const Key& key : Keys()) {
    if (IsSet(key, source) && !Has(key.kinds, source.kind)) {
      return Invalid(std::string(key.name) + " is no key of a source of kind " + source.kind);
    }
    if (!IsSet(key, source) && Has(key.needed, source.kind)) {
      return Invalid("a source of kind " + source.kind + " needs " + std::string(key.name));
    }
  }
  if (source.users != "invited" && source.users != "create") {
    return Invalid("users must be invited or create");
  }
  if (source.kind == "ldap" && !source.url.starts_with("ldaps://") &&
      !source.url.starts_with("ldap://")) {
    return Invalid("url must begin with ldaps:// or ldap://");
  }
  return CheckTls(source);
}

std::string RenderNetworkList(const std::vector<IpNetwork>& networks) {
  std::vector<std::string> texts;
  for (const IpNetwork& network : networks) texts.push_back(QuoteToml(network.ToString()));
  return "[" + Join(texts, ", ") + "]";
}

std::string RenderMember(const Key& key, const SignInSource& source) {
  struct Visitor {
    const SignInSource& source;
    std::string operator()(std::string S::* member) const { return QuoteToml(source.*member); }
    std::string operator()(Secret S::*) const { return "\"***\""; }
    std::string operator()(bool S::* member) const { return source.*member ? "true" : "false"; }
    std::string operator()(milliseconds S::* member) const {
      return QuoteToml(FormatDuration(source.*member));
    }
    std::string operator()(std::vector<IpNetwork> S::* member) const {
      return RenderNetworkList(source.*member);
    }
  };
  return std::visit(Visitor{source}, key.member);
}

}  // namespace

Result<SignInSource> SourceFromTable(const std::vector<Entry>& table) {
  SignInSource source;
  for (const Entry& entry : table) {
    const std::string line = "line " + std::to_string(entry.line);
    const Key* key = FindKey(entry.key);
    if (key == nullptr) return Unknown(entry.key).Context(line);
    BW_TRY_STATUS(
        SetValue(*key, entry.value, source).Context(line + ": " + std::string(key->name)));
  }
  BW_TRY_STATUS(CheckSource(source));
  return source;
}

Result<SignInSource> ParseSource(std::string_view text) {
  SignInSource source;
  for (const std::string_view part : Split(text, '&')) {
    const auto sides = SplitN(part, '=', 2);
    if (sides.size() != 2) return Invalid("must be key=value, joined by &");
    const Key* key = FindKey(Trim(sides[0]));
    if (key == nullptr) return Unknown(sides[0]);
    BW_TRY(const std::string value, PercentDecode(sides[1]));
    std::vector<std::string> items;
    for (const std::string_view item : Split(value, ',')) items.emplace_back(Trim(item));
    const bool list = std::holds_alternative<std::vector<IpNetwork> S::*>(key->member);
    BW_TRY_STATUS((list ? SetNetworks(*key, items, source) : SetText(*key, value, source))
                      .Context(key->name));
  }
  BW_TRY_STATUS(CheckSource(source));
  return source;
}

Status CheckSources(const std::vector<SignInSource>& sources) {
  std::set<std::string> names;
  int local = 0;
  for (const SignInSource& source : sources) {
    if (!names.insert(source.name).second) {
      return Invalid("the source '" + source.name + "' is listed twice");
    }
    if (source.kind == "local" && ++local > 1) return Invalid("there is one source of kind local");
  }
  return Ok();
}

std::string RenderSource(const SignInSource& source) {
  std::vector<std::string> members;
  for (const Key& key : Keys()) {
    if (!IsSet(key, source)) continue;
    members.push_back(std::string(key.name) + " = " + RenderMember(key, source));
  }
  return "{" + Join(members, ", ") + "}";
}

std::string DescribeSources() {
  std::string out = "| key | of | meaning, or default |\n| --- | --- | --- |\n";
  for (const Key& key : Keys()) {
    out += "| `" + std::string(key.name) + "` | " +
           (key.kinds == kAll ? "all" : std::string(key.kinds)) + " | " + std::string(key.meaning) +
           " |\n";
  }
  return out;
}

}  // namespace breakwater::config
