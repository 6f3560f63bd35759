#include <algorithm>

#include "api/native/enterprises.h"
#include "json/reader.h"

namespace breakwater::api::native {
namespace {

using json::Text;

constexpr std::string_view kPath = "/breakwater/v2/resource_groups";

Access To(std::string_view action) {
  return Access::To(action, [](const Context& context) {
    return organization::ResourceGroupResource(context.account);
  });
}

std::string CrnOf(const organization::ResourceGroup& group) {
  return Crn{.service = "resource-controller",
             .location = {},
             .account = group.account,
             .instance = {},
             .type = "resource-group",
             .resource = group.id}
      .ToString();
}

json::Object Encode(const organization::ResourceGroup& group) {
  json::Object out{{"id", Text(group.id)},
                   {"crn", Text(CrnOf(group))},
                   {"account_id", Text(group.account.value())},
                   {"name", Text(group.name)},
                   {"state", "ACTIVE"},
                   {"default", group.is_default},
                   {"resource_linkages", json::Array{}},
                   {"teams_url", ""},
                   {"payment_methods_url", ""},
                   {"quota_url", ""},
                   {"quota_id", ""}};
  if (!group.is_default) {
    out["created_at"] = Text(FormatRfc3339(group.created));
    out["updated_at"] = Text(FormatRfc3339(group.modified));
  }
  return out;
}

Result<net::Response> List(const EnterpriseDeps& deps, const Context& context) {
  BW_TRY(const AccountId account, AccountOf(context, context.query.Get("account_id").value_or("")));
  BW_TRY(const auto groups, deps.resource_groups.List(account));
  const auto name = context.query.Get("name");
  const auto only_default = context.query.Get("default");
  json::Array resources;
  for (const auto& group : groups) {
    if (name && *name != group.name) continue;
    if (only_default && (*only_default == "true") != group.is_default) continue;
    resources.push_back(Encode(group));
  }
  return JsonResponse(200, {{"resources", std::move(resources)}});
}

Result<net::Response> Create(const EnterpriseDeps& deps, Context& context) {
  BW_TRY(const json::Value document, ReadJson(context));
  const json::Reader in(document);
  BW_TRY(const AccountId account, AccountOf(context, in.String("account_id", "")));
  const std::string name = in.Field("name").String();
  BW_TRY_STATUS(in.Finish());
  BW_TRY(const auto made, deps.resource_groups.Create(context.caller, account, name));
  return JsonResponse(201, {{"id", Text(made.id)}, {"crn", Text(CrnOf(made))}});
}

Result<net::Response> Get(const EnterpriseDeps& deps, const Context& context) {
  BW_TRY(const auto group, deps.resource_groups.Get(context.account, context.Path("id")));
  return JsonResponse(200, Encode(group));
}

Result<net::Response> Rename(const EnterpriseDeps& deps, Context& context) {
  BW_TRY(const json::Value document, ReadJson(context));
  const json::Reader in(document);
  const std::string name = in.Field("name").String();
  if (in.String("state", "ACTIVE") != "ACTIVE") in.Field("state").Fail("must be ACTIVE");
  BW_TRY_STATUS(in.Finish());
  BW_TRY(const auto group,
         deps.resource_groups.Rename(context.caller, context.account, context.Path("id"), name));
  return JsonResponse(200, Encode(group));
}

Result<net::Response> Delete(const EnterpriseDeps& deps, const Context& context) {
  BW_TRY_STATUS(deps.resource_groups.Delete(context.caller, context.account, context.Path("id")));
  return EmptyResponse(204);
}

}  // namespace

std::vector<Endpoint> ResourceGroupEndpoints(EnterpriseDeps deps, const SccFace& face) {
  const Access changes = Access::SignedIn("decided by the change itself");
  constexpr std::string_view kOne = "/breakwater/v2/resource_groups/{id}";
  return {
      {"GET", kPath, "ListResourceGroups", To("resource-controller.group.list"), face,
       [deps](Context& c) { return List(deps, c); }},
      {"POST", kPath, "CreateResourceGroup", changes, face,
       [deps](Context& c) { return Create(deps, c); }},
      {"GET", kOne, "GetResourceGroup", To("resource-controller.group.read"), face,
       [deps](Context& c) { return Get(deps, c); }},
      {"PATCH", kOne, "UpdateResourceGroup", changes, face,
       [deps](Context& c) { return Rename(deps, c); }},
      {"DELETE", kOne, "DeleteResourceGroup", changes, face,
       [deps](Context& c) { return Delete(deps, c); }},
  };
}

}  // namespace breakwater::api::native
