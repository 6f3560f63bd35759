#include <memory>

#include "api/listing.h"
#include "api/registry/handlers.h"
#include "base/strings.h"
#include "registry/resources.h"

namespace breakwater::api::management {
namespace {

namespace action = registry::action;
using registry::Namespace;

control::Resource ResourceOf(const Context& context, const Namespace& ns) {
  control::Resource resource = control::NamespaceResource(ns.account, context.registry.name,
                                                          context.registry.region, ns.name);
  resource.resource_group = ns.resource_group;
  return resource;
}

// Those of the account's namespaces that the caller may see.
Result<std::vector<Namespace>> Visible(const RegistryDeps& deps, const Context& context) {
  BW_TRY(auto all, deps.namespaces.List(context.account, context.registry.name));
  std::vector<Namespace> visible;
  for (Namespace& ns : all) {
    const Status allowed =
        deps.authorizer.Authorize(context.caller, action::kNamespaceList, ResourceOf(context, ns));
    if (allowed.ok()) {
      visible.push_back(std::move(ns));
    } else if (allowed.error().code() != ErrorCode::kDenied) {
      return allowed.error();
    }
  }
  return visible;
}

json::Value Details(const Context& context, const Namespace& ns) {
  json::Object details{{"account", json::Text(ns.account.value())},
                       {"name", json::Text(ns.name)},
                       {"created_date", json::Text(FormatRfc3339(ns.created))},
                       {"updated_date", json::Text(FormatRfc3339(ns.updated))}};
  if (!ns.resource_group.empty()) {
    details["crn"] = json::Text(ResourceOf(context, ns).crn().ToString());
    details["resource_group"] = json::Text(ns.resource_group);
  }
  if (ns.resource_created) {
    details["resource_created_date"] = json::Text(FormatRfc3339(*ns.resource_created));
  }
  return details;
}

constexpr std::size_t kMaxResourceGroup = 128;

Result<std::string> ResourceGroupHeader(const Context& context) {
  const auto group = context.request.headers.Get("X-Auth-Resource-Group").value_or("");
  if (group.size() > kMaxResourceGroup || !IsValidUtf8(group)) {
    return Invalid("X-Auth-Resource-Group must be UTF-8 of at most 128 bytes");
  }
  return std::string(group);
}

json::Value NamespaceBody(const Context& context) {
  return {{"namespace", json::Text(context.Path("name"))}};
}

Result<net::Response> ListNamespaces(const RegistryDeps& deps, Context& context) {
  BW_TRY(const auto visible, Visible(deps, context));
  json::Array names;
  for (const Namespace& ns : visible) names.emplace_back(json::Text(ns.name));
  return JsonResponse(200, std::move(names));
}

Result<net::Response> ListNamespaceDetails(const RegistryDeps& deps, Context& context) {
  BW_TRY(const auto visible, Visible(deps, context));
  json::Array details;
  for (const Namespace& ns : visible) details.push_back(Details(context, ns));
  return JsonResponse(200, std::move(details));
}

Result<net::Response> CreateNamespace(const RegistryDeps& deps, Context& context) {
  BW_TRY(const std::string group, ResourceGroupHeader(context));
  BW_TRY(const bool created, deps.namespaces.Create(context.caller, context.account,
                                                    context.registry, context.Path("name"), group));
  return JsonResponse(created ? 201 : 200, NamespaceBody(context));
}

Result<net::Response> AssignNamespace(const RegistryDeps& deps, Context& context) {
  BW_TRY(const std::string group, ResourceGroupHeader(context));
  BW_TRY_STATUS(deps.namespaces.Assign(context.caller, context.account, context.registry,
                                       context.Path("name"), group));
  return JsonResponse(200, NamespaceBody(context));
}

// What deleting a namespace would remove, as it is read: images first, then what lies in the trash.
class Removal {
 public:
  Removal(const RegistryDeps& deps, const Context& context, std::string name_space)
      : images_(deps.images),
        trash_(deps.trash),
        host_(NameFor(context)),
        scope_{.registry = context.registry.name,
               .namespaces = {std::move(name_space)},
               .repositories = {}} {}

  Result<std::optional<std::vector<std::string>>> Next() {
    std::vector<std::string> entries;
    if (!in_trash_) {
      BW_TRY(const registry::ImagePage page, images_.Page(scope_, position_));
      for (const registry::ListedImage& image : page.images) {
        entries.push_back(Entry(image.repository, image.digest, image.tags));
      }
      position_ = page.more ? page.position : registry::ImagePosition{};
      in_trash_ = !page.more;
      return std::optional(std::move(entries));
    }
    if (!more_) return std::nullopt;
    BW_TRY(const registry::TrashPage page,
           trash_.List(scope_.registry, scope_.namespaces, position_));
    for (const registry::TrashedImage& image : page.images) {
      entries.push_back(Entry(image.repository, image.digest, image.tags));
    }
    more_ = page.more;
    if (more_) position_ = {page.images.back().repository, page.images.back().digest.text()};
    return std::optional(std::move(entries));
  }

 private:
  std::string Entry(const std::string& repository, const oci::Digest& digest,
                    const std::vector<std::string>& tags) const {
    json::Object entry = ImageAndTags(host_, repository, digest.text(), tags);
    if (in_trash_) entry["InTrash"] = true;
    return json::Serialize(entry);
  }

  const registry::ImageList& images_;
  const registry::Trash& trash_;
  const std::string host_;
  const registry::ImageScope scope_;
  registry::ImagePosition position_;
  bool in_trash_ = false;
  bool more_ = true;
};

Result<net::Response> PlanDeletion(const RegistryDeps& deps, const Context& context) {
  const std::string& name = context.Path("name");
  BW_TRY(const auto settings, deps.namespaces.PlanDelete(context.account, context.registry, name));
  auto removal = std::make_shared<Removal>(deps, context, name);
  return ListResponse(ListKind::kArray, [removal] { return removal->Next(); }, "RemovedImages",
                      {{"Namespace", json::Text(name)},
                       {"DryRun", true},
                       {"RemovedSettings", TextArray(settings)}});
}

Result<net::Response> DeleteNamespace(const RegistryDeps& deps, Context& context) {
  BW_TRY(const bool dry_run, BoolParameter(context, "dry_run", false));
  if (dry_run) return PlanDeletion(deps, context);
  BW_TRY_STATUS(deps.namespaces.Delete(context.caller, context.account, context.registry,
                                       context.Path("name")));
  return EmptyResponse(204);
}

}  // namespace

void AddNamespaceEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                           std::vector<Endpoint>* out) {
  const Access listed = Access::SignedIn("lists only the namespaces the caller may see");
  const auto managed = [deps](const Context& context) {
    return registry::ManagedNamespace(deps.namespaces, context.account, context.registry,
                                      context.Path("name"));
  };
  const Access create = Access::To(action::kNamespaceCreate, managed);
  out->push_back({"GET", "/api/v1/namespaces", "ListNamespaces", listed, face,
                  [deps](Context& c) { return ListNamespaces(deps, c); },
                  Recorded::As(action::kNamespaceList)});
  out->push_back({"GET", "/api/v1/namespaces/details", "ListNamespaceDetails", listed, face,
                  [deps](Context& c) { return ListNamespaceDetails(deps, c); },
                  Recorded::As(action::kNamespaceList)});
  out->push_back({"PUT", "/api/v1/namespaces/{name}", "CreateNamespace", create, face,
                  [deps](Context& c) { return CreateNamespace(deps, c); }});
  out->push_back({"PATCH", "/api/v1/namespaces/{name}", "AssignNamespace", create, face,
                  [deps](Context& c) { return AssignNamespace(deps, c); },
                  Recorded::Change(action::kNamespaceUpdate)});
  out->push_back({"DELETE",
                  "/api/v1/namespaces/{name}",
                  "DeleteNamespace",
                  Access::To(action::kNamespaceDelete, managed),
                  face,
                  [deps](Context& c) { return DeleteNamespace(deps, c); },
                  {},
                  DryRun::kTaken});
}

}  // namespace breakwater::api::management
