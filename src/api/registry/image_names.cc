#include <algorithm>
#include <optional>

#include "api/registry/handlers.h"
#include "base/strings.h"
#include "registry/resources.h"

namespace breakwater::api::management {
namespace {

// ":5000" of "registry.example:5000" where that is `known` with a port, "" where it is `known`;
// nothing where it is another host. What is not a port is not repeated in an answer.
std::optional<std::string_view> PortAfter(std::string_view host, std::string_view known) {
  if (!EqualsIgnoreCase(host.substr(0, known.size()), known)) return std::nullopt;
  const std::string_view port = host.substr(known.size());
  if (port.empty()) return port;
  const bool sane = port.size() > 1 && port.size() <= std::string_view(":65535").size() &&
                    port.front() == ':' &&
                    port.find_first_not_of("0123456789", 1) == std::string_view::npos;
  return sane ? std::optional(port) : std::nullopt;
}

// With the port that a client reaches it at, or without one.
bool SameHost(std::string_view a, std::string_view b) {
  return PortAfter(a, b) || EqualsIgnoreCase(a, b.substr(0, b.rfind(':')));
}

}  // namespace

// Any of the registry's hosts, or the address the request came to.
bool IsHostOf(const Context& context, std::string_view host) {
  const control::RegistryInfo& registry = context.registry;
  const auto same = [&](const std::string& known) { return SameHost(host, known); };
  return same(registry.name.value()) || same(context.request.peer.server_address) ||
         same(std::string(context.request.headers.Get("Host").value_or(""))) ||
         std::any_of(registry.public_hosts.begin(), registry.public_hosts.end(), same) ||
         std::any_of(registry.private_hosts.begin(), registry.private_hosts.end(), same);
}

Result<oci::ImageName> ParseImage(const Context& context, std::string_view text) {
  auto parsed = oci::ImageName::Parse(text);
  if (!parsed.ok()) return parsed;
  if (!parsed->host.empty() && !IsHostOf(context, parsed->host)) {
    return Invalid("the image's host is not one of this registry").Reason("host_mismatch");
  }
  return parsed;
}

Result<oci::ImageName> ImageOf(const Context& context) {
  return ParseImage(context, context.Path("image"));
}

control::Resource ResourceNamed(const registry::Namespaces& namespaces, const Context& context,
                                std::string_view image) {
  const auto parsed = oci::ImageName::Parse(image);
  return registry::RepositoryResource(namespaces, context.account, context.registry,
                                      parsed.ok() ? parsed->repository : std::string());
}

control::Resource ImageResource(const registry::Namespaces& namespaces, const Context& context) {
  return ResourceNamed(namespaces, context, context.Path("image"));
}

control::Resource NamedImage(const registry::Namespaces& namespaces, const Context& context,
                             std::string_view text) {
  control::Resource resource = ResourceNamed(namespaces, context, text);
  const auto image = ParseImage(context, text);
  if (!image.ok()) return resource;
  return registry::ImageResource(std::move(resource), image->repository, image->reference().text());
}

control::Resource NamedImage(const registry::Namespaces& namespaces, const Context& context) {
  return NamedImage(namespaces, context, context.Path("image"));
}

Result<registry::RepositoryPath> Resolve(const RegistryDeps& deps, const Context& context,
                                         const oci::ImageName& image) {
  BW_TRY(registry::RepositoryPath path,
         deps.namespaces.Resolve(context.registry, image.repository));
  if (path.account == context.account) return path;
  return NotFound("there is no such namespace in this registry").Reason("name_unknown");
}

std::string NameFor(const Context& context) {
  const std::string_view asked = context.request.headers.Get("Host").value_or("");
  for (const std::string& known : context.registry.public_hosts) {
    if (const auto port = PortAfter(asked, known)) return known + std::string(*port);
  }
  return context.registry.name.value();
}

std::string FullName(std::string_view host, std::string_view repository) {
  return std::string(host) + "/" + std::string(repository);
}

std::vector<std::string> FullTags(std::string_view host, std::string_view repository,
                                  const std::vector<std::string>& tags) {
  std::vector<std::string> full;
  full.reserve(tags.size());
  for (const std::string& tag : tags) full.push_back(FullName(host, repository) + ":" + tag);
  return full;
}

json::Array TextArray(const std::vector<std::string>& texts) {
  json::Array array;
  array.reserve(texts.size());
  for (const std::string& text : texts) array.emplace_back(json::Text(text));
  return array;
}

Result<bool> BoolParameter(const Context& context, std::string_view name, bool fallback) {
  const auto values = context.query.GetAll(name);
  if (values.empty()) return fallback;
  if (values.back() == "true") return true;
  if (values.back() == "false") return false;
  return Invalid(std::string(name) + ": must be true or false").Reason("invalid_field");
}

json::Object ImageAndTags(std::string_view host, std::string_view repository,
                          std::string_view digest, const std::vector<std::string>& tags) {
  return {{"Image", json::Text(FullName(host, repository) + "@" + std::string(digest))},
          {"Tags", TextArray(FullTags(host, repository, tags))}};
}

void NoteFilter(Context& context, std::initializer_list<std::string_view> names) {
  json::Object given;
  for (const std::string_view name : names) {
    const auto values = context.query.GetAll(name);
    if (values.size() == 1) given[name] = json::Text(values.front());
    if (values.size() <= 1) continue;
    json::Array& first = given[name].emplace_array();
    for (const std::string_view value : values) {
      if (first.size() < kMaxRecorded) first.push_back(json::Text(value));
    }
  }
  if (!given.empty()) context.activity.request = std::move(given);
}

Result<std::vector<std::string>> NamespacesFor(const RegistryDeps& deps, const Context& context,
                                               const std::vector<std::string_view>& actions,
                                               const std::vector<std::string>& only) {
  BW_TRY(const auto all, deps.namespaces.List(context.account, context.registry.name));
  std::vector<std::string> names;
  for (const registry::Namespace& ns : all) {
    if (!only.empty() && std::ranges::find(only, ns.name) == only.end()) continue;
    control::Resource resource = control::NamespaceResource(ns.account, context.registry.name,
                                                            context.registry.region, ns.name);
    resource.resource_group = ns.resource_group;
    for (const std::string_view action : actions) {
      const Status allowed = deps.authorizer.Authorize(context.caller, action, resource);
      if (!allowed.ok() && allowed.error().code() != ErrorCode::kDenied) return allowed.error();
      if (!allowed.ok()) continue;
      names.push_back(ns.name);
      break;
    }
  }
  return names;
}

}  // namespace breakwater::api::management
