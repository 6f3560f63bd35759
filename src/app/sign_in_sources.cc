#include "app/sign_in_sources.h"

#include <filesystem>

#include "base/strings.h"
#include "config/file.h"

namespace breakwater::app {
namespace {

std::string Or(const std::string& text, std::string fallback) {
  return text.empty() ? std::move(fallback) : text;
}

Result<Secret> SecretOf(const Secret& given, const std::string& file) {
  if (!given.empty() || file.empty()) return given;
  BW_TRY(const std::string text, config::ReadFile(file));
  return Secret(std::string(Trim(text)));
}

// Has been checked to be readable.
Secret CheckedSecret(const Secret& given, const std::string& file) {
  auto secret = SecretOf(given, file);
  return secret.ok() ? *std::move(secret) : Secret();
}

std::string RealmOf(const config::SignInSource& source) {
  return Or(source.realm, Or(source.issuer, source.name));
}

iam::Admission AdmissionOf(const config::SignInSource& source) {
  return {.source = source.name,
          .realm = RealmOf(source),
          .create = source.users == "create",
          .link_by_email = source.link_by_email};
}

iam::ldap::DirectoryOptions DirectoryFrom(const config::SignInSource& source) {
  iam::ldap::DirectoryOptions options;
  options.name = source.name;
  options.bind_dn = source.bind_dn;
  options.bind_password = CheckedSecret(source.bind_password, source.bind_password_file);
  options.user_base = source.user_base;
  options.user_filter = Or(source.user_filter, options.user_filter);
  options.group_base = source.group_base;
  options.group_filter = Or(source.group_filter, options.group_filter);
  options.id_attribute = source.id_attribute;
  options.email_attribute = Or(source.email_attribute, options.email_attribute);
  options.first_name_attribute = Or(source.first_name_attribute, options.first_name_attribute);
  options.last_name_attribute = Or(source.last_name_attribute, options.last_name_attribute);
  options.group_name_attribute = Or(source.group_name_attribute, options.group_name_attribute);
  return options;
}

Status CheckSource(const config::SignInSource& source) {
  BW_TRY_STATUS(
      SecretOf(source.bind_password, source.bind_password_file).Context("bind_password_file"));
  BW_TRY_STATUS(
      SecretOf(source.client_secret, source.client_secret_file).Context("client_secret_file"));
  std::error_code failed;
  if (!source.ca_file.empty() && !std::filesystem::exists(source.ca_file, failed)) {
    return Invalid("ca_file is not there");
  }
  if (source.kind == "ldap") return iam::ldap::CheckOptions(DirectoryFrom(source));
  return Ok();
}

}  // namespace

Status CheckSignInSources(const std::vector<config::SignInSource>& configured) {
  for (const config::SignInSource& source : configured) {
    BW_TRY_STATUS(CheckSource(source).Context("sign_in " + source.name));
  }
  return Ok();
}

std::string LocalSourceName(const std::vector<config::SignInSource>& configured) {
  for (const config::SignInSource& source : configured) {
    if (source.kind == "local") return source.name;
  }
  return "local";
}

std::vector<std::string> SourceNames(const std::vector<config::SignInSource>& configured) {
  std::vector<std::string> names{std::string(iam::kBreakGlassSource)};
  for (const config::SignInSource& source : configured) names.push_back(source.name);
  if (configured.empty()) names.push_back(LocalSourceName(configured));
  return names;
}

SignInSources::SignInSources(const std::vector<config::SignInSource>& configured, const Secret& key,
                             iam::Passcodes& passcodes, iam::LocalPasswords& local,
                             const Clock& clock) {
  if (configured.empty()) asked_.push_back({&local, {}});
  for (const config::SignInSource& source : configured) {
    if (source.kind == "local") asked_.push_back({&local, {}});
    if (source.kind == "ldap") AddDirectory(source);
    if (source.kind == "oidc") AddProvider(source, key, passcodes, clock);
    if (source.kind == "workload") {
      trusted_.push_back(
          {source.name, RealmOf(source), source.audience, &AddIssuer(source, clock)});
      outside_.workload_kinds.push_back({source.name, source.cr_type, source.crn});
    }
  }
  outside_.workloads = iam::oidc::Workloads(trusted_);
}

SignInSources::~SignInSources() = default;

void SignInSources::AddDirectory(const config::SignInSource& source) {
  const iam::ldap::ServerOptions server{
      .url = source.url,
      .start_tls = source.start_tls && source.url.starts_with("ldap://"),
      .ca_file = source.ca_file,
      .timeout = source.timeout};
  directories_.push_back(std::make_unique<iam::ldap::Directory>(
      DirectoryFrom(source), [server] { return iam::ldap::OpenConnection(server); }));
  asked_.push_back({directories_.back().get(), AdmissionOf(source)});
}

iam::oidc::Issuer& SignInSources::AddIssuer(const config::SignInSource& source,
                                            const Clock& clock) {
  std::string how = source.issuer + "\n" + source.jwks_url + "\n" + source.ca_file + "\n" +
                    std::to_string(source.timeout.count()) + (source.allow_plain ? "\nplain" : "");
  for (const IpNetwork& network : source.private_networks) how += "\n" + network.ToString();
  auto& issuer = issuers_[how];
  if (issuer != nullptr) return *issuer;
  net::ClientOptions options;
  options.ca_file = source.ca_file;
  options.connect_timeout = source.timeout;
  options.policy.allow_plain_http = source.allow_plain;
  options.policy.allowed = source.private_networks;
  clients_.push_back(std::make_unique<net::HttpClient>(std::move(options)));
  issuer = std::make_unique<iam::oidc::Issuer>(
      iam::oidc::IssuerOptions{
          .issuer = source.issuer, .jwks_url = source.jwks_url, .timeout = source.timeout},
      [client = clients_.back().get()](const net::ClientRequest& request) {
        return client->Send(request);
      },
      clock);
  return *issuer;
}

void SignInSources::AddProvider(const config::SignInSource& source, const Secret& key,
                                iam::Passcodes& passcodes, const Clock& clock) {
  iam::oidc::ProviderOptions options;
  options.name = source.name;
  options.client_id = source.client_id;
  options.client_secret = CheckedSecret(source.client_secret, source.client_secret_file);
  options.device_client_id = source.device_client_id;
  options.redirect_url = source.redirect_url;
  options.scopes = Or(source.scopes, options.scopes);
  providers_.push_back(std::make_unique<iam::oidc::Provider>(
      std::move(options), AddIssuer(source, clock), key, passcodes, clock));
  outside_.providers.push_back({providers_.back().get(), AdmissionOf(source)});
}

}  // namespace breakwater::app
