#include "api/native/namespaces.h"

#include "json/reader.h"
#include "registry/resources.h"

namespace breakwater::api::native {
namespace {

namespace action = registry::action;
using registry::TagPatterns;

net::Response Answer(const Context& context, const TagPatterns& patterns) {
  json::Value body = registry::ToJson(patterns);
  body.as_object()["namespace"] = json::Text(context.Path("name"));
  return JsonResponse(200, body);
}

Result<net::Response> GetTagImmutability(const NamespaceDeps& deps, const Context& context) {
  BW_TRY(const TagPatterns patterns,
         deps.tag_immutability.Get(context.account, context.registry.name, context.Path("name")));
  return Answer(context, patterns);
}

Result<net::Response> SetTagImmutability(const NamespaceDeps& deps, Context& context) {
  BW_TRY(const json::Value document, ReadJson(context));
  const json::Reader body(document);
  body.OnlyFields({"immutable", "except"});
  TagPatterns patterns;
  patterns.immutable = body.Field("immutable").Strings(registry::kMaxTagPatterns);
  if (const auto except = body.Optional("except")) {
    patterns.except = except->Strings(registry::kMaxTagPatterns);
  }
  BW_TRY_STATUS(body.Finish());
  BW_TRY_STATUS(deps.tag_immutability.Set(context.caller, context.account, context.registry,
                                          context.Path("name"), patterns));
  return Answer(context, patterns);
}

}  // namespace

std::vector<Endpoint> NamespaceEndpoints(NamespaceDeps deps, const SccFace& face) {
  constexpr std::string_view kPath = "/breakwater/v1/namespaces/{name}/tag-immutability";
  const Access read = Access::To(action::kNamespaceList, [deps](const Context& context) {
    return registry::NamespaceResource(deps.namespaces, context.account, context.registry,
                                       context.Path("name"));
  });
  const Access change = Access::To(action::kNamespaceUpdate, [deps](const Context& context) {
    return registry::ManagedNamespace(deps.namespaces, context.account, context.registry,
                                      context.Path("name"));
  });
  return {
      {"GET", kPath, "GetTagImmutability", read, face,
       [deps](Context& context) { return GetTagImmutability(deps, context); }},
      {"PUT", kPath, "SetTagImmutability", change, face,
       [deps](Context& context) { return SetTagImmutability(deps, context); }},
  };
}

}  // namespace breakwater::api::native
