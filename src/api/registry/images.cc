#include <algorithm>
#include <map>

#include "api/registry/handlers.h"
#include "base/strings.h"
#include "oci/media_types.h"
#include "registry/resources.h"

namespace breakwater::api::management {
namespace {

namespace action = registry::action;
using registry::ImageInfo;

// Image configurations above this are shown without what is read from them.
constexpr std::size_t kMaxConfigBytes = 1U << 20;

bool SameHost(std::string_view a, std::string_view b) {
  return EqualsIgnoreCase(a, b) || EqualsIgnoreCase(a, b.substr(0, b.rfind(':')));
}

// Any of the registry's hosts, or the address the request came to.
bool IsHostOf(const Context& context, std::string_view host) {
  const control::RegistryInfo& registry = context.registry;
  const auto same = [&](const std::string& known) { return SameHost(host, known); };
  return same(registry.name.value()) || same(context.request.peer.server_address) ||
         same(std::string(context.request.headers.Get("Host").value_or(""))) ||
         std::any_of(registry.public_hosts.begin(), registry.public_hosts.end(), same) ||
         std::any_of(registry.private_hosts.begin(), registry.private_hosts.end(), same);
}

// What the list shows of an image's configuration.
struct ConfigSummary {
  std::int64_t created = 0;  // Unix seconds; 0 where the configuration has no date
  json::Object labels;
};

ConfigSummary SummaryOf(const RegistryDeps& deps, const ImageInfo& image) {
  ConfigSummary summary;
  if (!image.config) return summary;
  const auto text = deps.content.ReadBlob(*image.config, kMaxConfigBytes);
  if (!text.ok()) return summary;  // absent or too large: shown without
  const auto document = json::Parse(*text, {.max_bytes = kMaxConfigBytes});
  if (!document.ok()) return summary;  // an artifact's configuration may be anything
  const auto created = ParseRfc3339(json::FindText(*document, "created"));
  if (created.ok()) summary.created = ToUnixSeconds(*created);
  const json::Value* config = json::Find(*document, "config");
  const json::Value* labels = config == nullptr ? nullptr : json::Find(*config, "Labels");
  if (labels != nullptr && labels->is_object()) summary.labels = labels->get_object();
  return summary;
}

json::Value ImageJson(const RegistryDeps& deps, const ImageInfo& image) {
  const std::string name = image.registry.value() + "/" + image.repository;
  std::vector<std::string> tags;
  for (const std::string& tag : image.tags) tags.push_back(name + ":" + tag);
  ConfigSummary summary = SummaryOf(deps, image);
  const auto size = static_cast<std::int64_t>(image.size);
  return {{"Id", json::Text(image.config ? image.config->text() : "")},
          {"ParentId", ""},
          {"RepoTags", TextArray(tags)},
          {"RepoDigests", json::Array{json::Text(name + "@" + image.digest.text())}},
          {"DigestTags", json::Object{{image.digest.text(), TextArray(tags)}}},
          {"Created", summary.created},
          {"Size", size},
          {"VirtualSize", size},
          {"Labels", std::move(summary.labels)},
          {"ManifestType", json::Text(oci::DisplayName(image.media_type))}};
}

// The last of a repeated boolean parameter counts (ibm-registry 1.1).
Result<bool> BoolParameter(const Context& context, std::string_view name, bool fallback) {
  const auto values = context.query.GetAll(name);
  if (values.empty()) return fallback;
  if (values.back() == "true") return true;
  if (values.back() == "false") return false;
  return Invalid(std::string(name) + ": must be true or false").Reason("invalid_field");
}

std::vector<std::string> Texts(const Context& context, std::string_view name) {
  std::vector<std::string> texts;
  for (const std::string_view text : context.query.GetAll(name)) texts.emplace_back(text);
  return texts;
}

Result<bool> MayList(const RegistryDeps& deps, const Context& context,
                     std::string_view name_space) {
  const Status allowed = deps.authorizer.Authorize(
      context.caller, action::kImageList,
      registry::NamespaceResource(deps.namespaces, context.account, context.registry, name_space));
  if (allowed.ok()) return true;
  if (allowed.error().code() == ErrorCode::kDenied) return false;
  return allowed.error();
}

// Repositories may be asked for with or without a host of this registry before them.
std::vector<std::string> RepositoryFilter(const Context& context) {
  std::vector<std::string> repositories = Texts(context, "repository");
  for (std::string& repository : repositories) {
    const std::size_t slash = repository.find('/');
    if (slash != std::string::npos && IsHostOf(context, repository.substr(0, slash))) {
      repository.erase(0, slash + 1);
    }
  }
  return repositories;
}

Result<net::Response> ListImages(const RegistryDeps& deps, Context& context) {
  BW_TRY(const bool own, BoolParameter(context, "includePrivate", true));
  BW_TRY(const bool lists, BoolParameter(context, "includeManifestLists", false));
  if (!own) return JsonResponse(200, json::Array{});
  const registry::ImageFilter filter{.registry = context.registry.name,
                                     .namespaces = Texts(context, "namespace"),
                                     .repositories = RepositoryFilter(context)};
  BW_TRY(const auto images, deps.content.ListImages(context.account, filter));
  std::map<std::string, bool, std::less<>> decided;
  json::Array array;
  for (const ImageInfo& image : images) {
    // Untagged images are not in this list; indexes are on request (ibm-registry 1.8, 3.2).
    const bool is_index = oci::KindOf(image.media_type) == oci::ManifestKind::kIndex;
    if (image.tags.empty() || (is_index && !lists)) continue;
    const std::string name_space(oci::NamespaceOf(image.repository));
    auto known = decided.find(name_space);
    if (known == decided.end()) {
      BW_TRY(const bool may_list, MayList(deps, context, name_space));
      known = decided.emplace(name_space, may_list).first;
    }
    if (known->second) array.push_back(ImageJson(deps, image));
  }
  return JsonResponse(200, std::move(array));
}

Result<registry::RepositoryPath> Resolve(const RegistryDeps& deps, const Context& context,
                                         const oci::ImageName& image) {
  BW_TRY(registry::RepositoryPath path,
         deps.namespaces.Resolve(context.registry, image.repository));
  if (path.account == context.account) return path;
  return NotFound("there is no such namespace in this registry").Reason("name_unknown");
}

net::Response Untagged(const oci::Digest& digest) {
  return JsonResponse(200, {{"Untagged", json::Text(digest.text())}});
}

Result<net::Response> DeleteImage(const RegistryDeps& deps, Context& context) {
  BW_TRY(const oci::ImageName image, ImageOf(context));
  BW_TRY(const registry::RepositoryPath path, Resolve(deps, context, image));
  BW_TRY(const oci::Digest digest,
         deps.manifests.DeleteImage(context.caller, path, image.reference()));
  return Untagged(digest);
}

Result<net::Response> DeleteImageTag(const RegistryDeps& deps, Context& context) {
  BW_TRY(const oci::ImageName image, ImageOf(context));
  if (!image.tag || image.digest) {
    return Invalid("the image must be named by its tag").Reason("tag_required");
  }
  BW_TRY(const registry::RepositoryPath path, Resolve(deps, context, image));
  const oci::Reference reference = image.reference();
  BW_TRY(const auto manifest, deps.manifests.Head(path, reference));
  BW_TRY_STATUS(deps.manifests.Delete(context.caller, path, reference));
  return Untagged(manifest->digest);
}

}  // namespace

Result<oci::ImageName> ImageOf(const Context& context) {
  auto parsed = oci::ImageName::Parse(context.Path("image"));
  if (!parsed.ok()) return parsed;
  if (!parsed->host.empty() && !IsHostOf(context, parsed->host)) {
    return Invalid("the image's host is not one of this registry").Reason("host_mismatch");
  }
  return parsed;
}

control::Resource ImageResource(const registry::Namespaces& namespaces, const Context& context) {
  const auto parsed = oci::ImageName::Parse(context.Path("image"));
  return registry::RepositoryResource(namespaces, context.account, context.registry,
                                      parsed.ok() ? parsed->repository : std::string());
}

json::Array TextArray(const std::vector<std::string>& texts) {
  json::Array array;
  array.reserve(texts.size());
  for (const std::string& text : texts) array.emplace_back(json::Text(text));
  return array;
}

void AddImageEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                       std::vector<Endpoint>* out) {
  const Access remove = Access::To(action::kImageDelete, [deps](const Context& context) {
    return ImageResource(deps.namespaces, context);
  });
  out->push_back({"GET", "/api/v1/images", "ListImages",
                  Access::SignedIn("lists only images of namespaces the caller may list"), face,
                  [deps](Context& c) { return ListImages(deps, c); }});
  out->push_back({"DELETE", "/api/v1/images/{image...}", "DeleteImage", remove, face,
                  [deps](Context& c) { return DeleteImage(deps, c); }});
  out->push_back({"DELETE", "/api/v1/tags/{image...}", "DeleteImageTag", remove, face,
                  [deps](Context& c) { return DeleteImageTag(deps, c); }});
}

}  // namespace breakwater::api::management

namespace breakwater::api {

std::vector<Endpoint> RegistryEndpoints(const RegistryFace& face, const RegistryDeps& deps) {
  std::vector<Endpoint> endpoints;
  management::AddSettingsEndpoints(face, deps, &endpoints);
  management::AddNamespaceEndpoints(face, deps, &endpoints);
  management::AddImageEndpoints(face, deps, &endpoints);
  return endpoints;
}

}  // namespace breakwater::api
