#include "api/oci/challenge.h"

#include <algorithm>

#include "oci/names.h"

namespace breakwater::api::distribution {
namespace {

// The host as the client wrote it, if it cannot break out of a quoted string; else the listener's.
std::string HostOf(const net::Request& request) {
  const std::string_view host = request.headers.Get("Host").value_or("");
  const bool sane =
      !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view(".-_:[]").find(c) != std::string_view::npos;
      });
  return sane ? std::string(host) : request.peer.server_address;
}

std::string_view ActionsFor(std::string_view method) {
  if (method == "GET" || method == "HEAD") return "pull";
  if (method == "DELETE") return "delete";
  return "pull,push";
}

std::string RepositoryScope(std::string_view repository, std::string_view actions) {
  return "repository:" + std::string(repository) + ":" + std::string(actions);
}

// What the request needs; empty if it needs no more than a login.
std::string ScopeOf(const Context& context) {
  if (context.request.path == "/v2/_catalog") return "registry:catalog:*";
  const std::string* name = context.FindPath("name");
  if (name == nullptr || !oci::ValidateRepository(*name).ok()) return {};
  std::string scope = RepositoryScope(*name, ActionsFor(context.request.method));
  const auto from = context.query.Get("from");
  if (from && context.query.Has("mount") && oci::ValidateRepository(*from).ok()) {
    scope += " " + RepositoryScope(*from, "pull");
  }
  return scope;
}

}  // namespace

void AddChallenges(const Error& error, const net::Request& request, const Context* context,
                   net::Headers& headers) {
  const std::string host = HostOf(request);
  const std::string service = context == nullptr ? host : context->registry.name.value();
  const std::string scheme = request.peer.tls ? "https://" : "http://";
  std::string value =
      "Bearer realm=\"" + scheme + host + "/oauth/token\",service=\"" + service + "\"";
  if (context != nullptr) {
    const std::string scope = ScopeOf(*context);
    if (!scope.empty()) value += ",scope=\"" + scope + "\"";
  }
  if (error.reason() == "insufficient_scope") value += ",error=\"insufficient_scope\"";
  headers.Add("WWW-Authenticate", std::move(value));
}

}  // namespace breakwater::api::distribution
