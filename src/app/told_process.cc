#include "app/told_process.h"

#include <array>

#include <unistd.h>

#include "base/strings.h"
#include "net/tls.h"

namespace breakwater::app {
namespace {

constexpr std::string_view kPlainHttp = "http://";
// net/tls.h takes nothing older.
constexpr std::string_view kLowestTls = "1.2";

std::string NodeName() {
  std::array<char, 256> name{};
  // Cut where it is too long; the last octet stays zero.
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "localhost";
}

// By libpq's rules: TLS is sure with these modes alone. A socket of this machine needs none.
bool IsPlain(const config::Postgres& database) {
  const std::string url(database.url.Reveal());
  if (url.empty()) return false;
  for (const char* mode : {"sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"}) {
    if (url.find(mode) != std::string::npos) return false;
  }
  return url.find("host=/") == std::string::npos && url.find("host=%2F") == std::string::npos;
}

bool IsPlain(const config::SignInSource& source) {
  if (source.kind == "ldap") return source.url.starts_with("ldap://") && !source.start_tls;
  return source.issuer.starts_with(kPlainHttp) || source.jwks_url.starts_with(kPlainHttp);
}

bool IsPlain(const config::AuditSink& sink) {
  if (sink.kind == "syslog") return sink.transport != "tls";
  if (sink.kind == "webhook") return sink.url.starts_with(kPlainHttp);
  if (sink.kind != "kafka") return false;
  for (const std::string_view part : Split(sink.properties, ';')) {
    const std::string property = LowerAscii(Trim(part));
    if (property == "security.protocol=ssl" || property == "security.protocol=sasl_ssl") {
      return false;
    }
  }
  return true;
}

std::vector<std::string> PlainDestinations(const config::Settings& settings) {
  std::vector<std::string> plain;
  if (IsPlain(settings.database)) plain.emplace_back("database");
  if (settings.s3.endpoint.starts_with(kPlainHttp)) plain.emplace_back("s3");
  for (const config::SignInSource& source : settings.sign_in) {
    if (IsPlain(source)) plain.push_back("sign_in " + source.name);
  }
  for (const config::AuditSink& sink : settings.audit_sinks) {
    if (IsPlain(sink)) plain.push_back("audit_sink " + sink.name);
  }
  return plain;
}

admin::ToldListener Describe(const BoundListener& listener) {
  const config::Listener& configured = listener.configured;
  admin::ToldListener told{.plane = listener.plane,
                           .host = configured.address.host,
                           .port = listener.port,
                           .tls = !configured.tls_certificate.empty(),
                           .lowest_tls = {},
                           .certificate_ends = {}};
  if (!told.tls) return told;
  told.lowest_tls = kLowestTls;
  const auto ends = net::CertificateExpiry(configured.tls_certificate);
  if (ends.ok()) told.certificate_ends = *ends;
  return told;
}

}  // namespace

admin::ToldProcess DescribeProcess(const config::Settings& settings,
                                   const std::vector<BoundListener>& listeners) {
  admin::ToldProcess told{
      .node = NodeName(),
      .listeners = {},
      .audit_sinks = {},
      .master_key_configured = !settings.master_key.empty(),
      .plain_destinations = PlainDestinations(settings),
      .trash_life = std::chrono::floor<std::chrono::days>(settings.content.trash_life)};
  for (const BoundListener& listener : listeners) told.listeners.push_back(Describe(listener));
  for (const config::AuditSink& sink : settings.audit_sinks) {
    told.audit_sinks.push_back({.name = sink.name, .kind = sink.kind});
  }
  return told;
}

}  // namespace breakwater::app
