#include "api/oci/handlers.h"

#include <limits>

#include "base/strings.h"
#include "net/entity_tags.h"
#include "registry/resources.h"

namespace breakwater::api::distribution {
namespace {

// The protocol allows 4096 bytes of warnings in one answer; we give one, and escapes may double it.
constexpr std::size_t kMaxWarning = 1024;

Error NoNamespace() {
  return NotFound("there is no such namespace in this registry").Reason("name_unknown");
}

control::Resource PullResource(const OciDeps& deps, const Context& context) {
  return registry::PullResource(deps.namespaces, deps.authorizer, context.caller, context.account,
                                context.registry, context.Path("name"));
}

}  // namespace

net::Response OciJson(int status, std::string body, std::string_view content_type) {
  net::Response response = EmptyResponse(status);
  response.headers.Set("Content-Type", std::string(content_type));
  response.body = std::move(body);
  return response;
}

Result<registry::RepositoryPath> ResolveRepository(const OciDeps& deps, const Context& context) {
  return ResolveRepository(deps, context, context.Path("name"));
}

Result<registry::RepositoryPath> ResolveRepository(const OciDeps& deps, const Context& context,
                                                   std::string_view repository) {
  BW_TRY(registry::RepositoryPath path, deps.namespaces.Resolve(context.registry, repository));
  if (path.account != context.account) return NoNamespace();
  BW_TRY_STATUS(CheckNetwork(deps, context, path.account));
  return path;
}

Result<registry::RepositoryPath> ResolveForPull(const OciDeps& deps, const Context& context) {
  BW_TRY(registry::RepositoryPath path,
         deps.namespaces.Resolve(context.registry, context.Path("name")));
  if (PullResource(deps, context).account != path.account) return NoNamespace();
  BW_TRY_STATUS(CheckNetwork(deps, context, path.account));
  return path;
}

bool IsPrivate(const Context& context) {
  return context.request.peer.listener == net::ListenerKind::kPrivate;
}

Status CheckNetwork(const OciDeps& deps, const Context& context, const AccountId& owner) {
  if (IsPrivate(context)) return Ok();
  BW_TRY(const registry::Settings settings, deps.settings.Get(owner, context.registry.name));
  if (!settings.private_only) return Ok();
  return Denied(
             "this account takes pushes and pulls over the private network only (its setting "
             "private_only is on)")
      .Reason("private_only");
}

control::Resource RepositoryResource(const OciDeps& deps, const Context& context,
                                     std::string_view repository) {
  return registry::RepositoryResource(deps.namespaces, context.account, context.registry,
                                      repository);
}

Access RepositoryAccess(const OciDeps& deps, std::string_view action) {
  if (action == registry::action::kImagePull) {
    return Access::To(action,
                      [deps](const Context& context) { return PullResource(deps, context); });
  }
  return Access::To(action, [deps](const Context& context) {
    return RepositoryResource(deps, context, context.Path("name"));
  });
}

std::string EntityTagOf(const oci::Digest& digest) {
  return "\"" + digest.text() + "\"";
}

Status CheckMatch(const net::Request& request, const oci::Digest& digest) {
  if (!request.headers.Get("If-Match").has_value() ||
      net::NamesEntity(request.headers, "If-Match", digest.text(),
                       net::EntityTagComparison::kStrong)) {
    return Ok();
  }
  return Error(ErrorCode::kPrecondition,
               "what is there is not what the request expects: " + digest.text())
      .Reason("precondition_failed");
}

bool NotModified(const net::Request& request, const oci::Digest& digest) {
  return net::NamesEntity(request.headers, "If-None-Match", digest.text(),
                          net::EntityTagComparison::kWeak);
}

void AddWarning(std::string_view text, net::Headers& headers) {
  std::string quoted;
  for (const char c : text.substr(0, kMaxWarning)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c >= 0x20 && c < 0x7f ? c : '?';
  }
  headers.Add("Warning", "299 - \"" + quoted + "\"");
}

Result<registry::Page> PageOf(const Context& context) {
  registry::Page page;
  page.last = std::string(context.query.Get("last").value_or(""));
  const auto n = context.query.Get("n");
  if (!n) return page;
  if (n->empty() || n->find_first_not_of("0123456789") != std::string_view::npos) {
    return Invalid("n must be a whole number, zero or more").Reason("pagination_invalid");
  }
  // What is larger than we can hold is larger than any page.
  const auto count = ParseInt(*n);
  page.n = static_cast<std::size_t>(count.ok() ? *count : std::numeric_limits<std::int64_t>::max());
  return page;
}

bool IsHead(const Context& context) {
  return context.request.method == "HEAD";
}

}  // namespace breakwater::api::distribution

namespace breakwater::api {

std::vector<Endpoint> OciEndpoints(const OciFace& face, const OciDeps& deps) {
  std::vector<Endpoint> endpoints;
  distribution::AddListEndpoints(face, deps, &endpoints);
  distribution::AddSignatureEndpoints(face, deps, &endpoints);
  // Before blobs: "uploads" would pass for a digest.
  distribution::AddUploadEndpoints(face, deps, &endpoints);
  distribution::AddBlobEndpoints(face, deps, &endpoints);
  distribution::AddManifestEndpoints(face, deps, &endpoints);
  return endpoints;
}

}  // namespace breakwater::api
