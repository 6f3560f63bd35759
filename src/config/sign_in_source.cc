#include "config/sign_in_source.h"

#include <algorithm>
#include <set>

#include "config/keyed_table.h"

namespace breakwater::config {
namespace {

using Keys = KeyedTable<SignInSource>;
using S = SignInSource;
constexpr std::string_view kAll = "local ldap oidc workload";
constexpr std::string_view kPeople = "ldap oidc";
constexpr std::string_view kTokens = "oidc workload";

const Keys& Table() {
  static const Keys table(
      "a source", kAll,
      {
          {"kind", &S::kind, kAll, kAll, "local, ldap, oidc or workload"},
          {"name", &S::name, kAll, kAll, "what it is called in addresses, sessions and the log"},
          {"realm", &S::realm, "ldap oidc workload", "",
           "what rules of access groups and trusted profiles call it; else the issuer, or the "
           "name"},
          {"users", &S::users, kPeople, "",
           "invited (the default): only who has an invitation to their e-mail address gets in; "
           "create: "
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
          {"group_base", &S::group_base, "ldap", "",
           "where groups are; empty: none are looked for"},
          {"group_filter", &S::group_filter, "ldap", "",
           "which have a member {dn}; (&(objectClass=groupOfNames)(member={dn}))"},
          {"id_attribute", &S::id_attribute, "ldap", "",
           "what stays when somebody's name changes, such as entryUUID; empty: the DN"},
          {"email_attribute", &S::email_attribute, "ldap", "", "mail"},
          {"first_name_attribute", &S::first_name_attribute, "ldap", "", "givenName"},
          {"last_name_attribute", &S::last_name_attribute, "ldap", "", "sn"},
          {"group_name_attribute", &S::group_name_attribute, "ldap", "", "cn"},
          {"issuer", &S::issuer, kTokens, kTokens, "`iss` of its tokens, exactly"},
          {"jwks_url", &S::jwks_url, "workload", "",
           "its keys, where there is no discovery document"},
          {"client_id", &S::client_id, "oidc", "oidc", "what we are called there"},
          {"client_secret", &S::client_secret, "oidc", "", "what proves it; empty: nothing does"},
          {"client_secret_file", &S::client_secret_file, "oidc", "", "or a file with it"},
          {"device_client_id", &S::device_client_id, "oidc", "",
           "what we are called for sign-in without a browser; client_id"},
          {"redirect_url", &S::redirect_url, "oidc", "",
           "https://HOST/identity/sign-in/NAME/callback as the provider knows it; empty: no "
           "sign-in by "
           "browser"},
          {"scopes", &S::scopes, "oidc", "", "openid profile email"},
          {"audience", &S::audience, "workload", "workload", "what `aud` of its tokens must name"},
          {"cr_type", &S::cr_type, "workload", "",
           "IKS_SA, say: its tokens are those of compute resources, and meet links and rules of "
           "that "
           "type; empty: they meet rules of type Profile-SAML"},
          {"crn", &S::crn, "workload", "", "of the cluster, as links of trusted profiles name it"},
          {"private_networks", &S::private_networks, kTokens, "",
           "loopback, link-local and private networks that the issuer may be in"},
      });
  return table;
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
  if (!IsName(source.name)) {
    return Invalid("name must have 1 to 40 lower-case letters, digits and '-'");
  }
  BW_TRY_STATUS(Table().CheckKeys(source));
  if (source.users != "invited" && source.users != "create") {
    return Invalid("users must be invited or create");
  }
  if (source.kind == "ldap" && !source.url.starts_with("ldaps://") &&
      !source.url.starts_with("ldap://")) {
    return Invalid("url must begin with ldaps:// or ldap://");
  }
  return CheckTls(source);
}

}  // namespace

Result<SignInSource> SourceFromTable(const std::vector<Entry>& table) {
  BW_TRY(auto source, Table().FromTable(table));
  BW_TRY_STATUS(CheckSource(source));
  return source;
}

Result<SignInSource> ParseSource(std::string_view text) {
  BW_TRY(auto source, Table().FromText(text));
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
  return Table().Render(source);
}

std::string DescribeSources() {
  return Table().Describe();
}

}  // namespace breakwater::config
