#include "api/registry/handlers.h"
#include "json/reader.h"

namespace breakwater::api::management {
namespace {

namespace action = registry::action;

// A boolean member to set, or nothing if it is absent or null.
std::optional<bool> BoolOf(const json::Reader& body, std::string_view name) {
  const auto member = body.Optional(name);
  if (!member) return std::nullopt;
  return member->Bool();
}

Result<net::Response> GetAuth(const RegistryDeps& deps, Context& context) {
  BW_TRY(const registry::Settings settings,
         deps.settings.Get(context.account, context.registry.name));
  return JsonResponse(200,
                      {{"iam_authz", settings.iam_authz}, {"private_only", settings.private_only}});
}

Result<net::Response> UpdateAuth(const RegistryDeps& deps, Context& context) {
  BW_TRY(const json::Value document, ReadJson(context));
  const json::Reader body(document);
  body.OnlyFields({"iam_authz", "private_only"});
  const registry::AuthPatch patch{.iam_authz = BoolOf(body, "iam_authz"),
                                  .private_only = BoolOf(body, "private_only")};
  BW_TRY_STATUS(body.Finish());
  BW_TRY_STATUS(deps.settings.PatchAuth(context.caller, context.Service(), patch));
  return EmptyResponse(204);
}

Result<net::Response> GetSettings(const RegistryDeps& deps, Context& context) {
  BW_TRY(const registry::Settings settings,
         deps.settings.Get(context.account, context.registry.name));
  return JsonResponse(200, {{"platform_metrics", settings.platform_metrics}});
}

Result<net::Response> UpdateSettings(const RegistryDeps& deps, Context& context) {
  BW_TRY(const json::Value document, ReadJson(context));
  const json::Reader body(document);
  body.OnlyFields({"platform_metrics"});
  const auto platform_metrics = BoolOf(body, "platform_metrics");
  BW_TRY_STATUS(body.Finish());
  BW_TRY_STATUS(
      deps.settings.PatchPlatformMetrics(context.caller, context.Service(), platform_metrics));
  return EmptyResponse(204);
}

}  // namespace

void AddSettingsEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                          std::vector<Endpoint>* out) {
  out->push_back({"GET", "/api/v1/auth", "GetAuth", Access::To(action::kAuthGet), face,
                  [deps](Context& c) { return GetAuth(deps, c); }});
  out->push_back({"PATCH", "/api/v1/auth", "UpdateAuth", Access::To(action::kAuthSet), face,
                  [deps](Context& c) { return UpdateAuth(deps, c); }});
  out->push_back({"GET", "/api/v1/settings", "GetSettings", Access::To(action::kSettingsGet), face,
                  [deps](Context& c) { return GetSettings(deps, c); }});
  out->push_back({"PATCH", "/api/v1/settings", "UpdateSettings", Access::To(action::kSettingsSet),
                  face, [deps](Context& c) { return UpdateSettings(deps, c); }});
  out->push_back({"GET", "/api/v1/messages", "GetMessages",
                  Access::Anyone("system messages are for everybody"), face,
                  [message = deps.message](Context&) -> Result<net::Response> {
                    if (message.empty()) return EmptyResponse(204);
                    return JsonResponse(200, json::Text(message));
                  }});
}

}  // namespace breakwater::api::management
