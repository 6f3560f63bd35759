#include "api/native/quotas.h"

#include "json/reader.h"
#include "registry/resources.h"

namespace breakwater::api::native {
namespace {

namespace action = registry::action;
using json::Text;

// Limits of -1 are none.
Result<json::Object> StateJson(const QuotaDeps& deps, const registry::BookKey& key) {
  BW_TRY(const registry::Traffic::State state, deps.traffic.GetNow(key));
  BW_TRY(const std::int64_t stored, deps.database.ReadValue([&](db::Transaction& tx) {
    return registry::StoredBytes(tx, key);
  }));
  const std::chrono::year_month month = registry::MonthOf(state.read);
  return json::Object{
      {"registry", Text(key.registry.value())},
      {"enforcement", state.limits.hard ? "hard" : "soft"},
      {"limit", {{"storage_bytes", state.limits.storage}, {"traffic_bytes", state.limits.traffic}}},
      {"usage", {{"storage_bytes", stored}, {"traffic_bytes", state.used}}},
      {"month", Text(registry::ToString(month))},
      {"month_ends", Text(FormatRfc3339(registry::EndOf(month)))}};
}

registry::BookKey KeyOf(const Context& context, const std::string& name_space) {
  return {.account = context.account, .registry = context.registry.name, .name_space = name_space};
}

std::optional<std::int64_t> LimitOf(const json::Reader& body, std::string_view name) {
  const auto member = body.Optional(name);
  if (!member) return std::nullopt;
  return member->Int();
}

Result<registry::QuotaPatch> PatchOf(Context& context) {
  BW_TRY(const json::Value document, ReadJson(context));
  const json::Reader body(document);
  body.OnlyFields({"storage_bytes", "traffic_bytes", "enforcement"});
  registry::QuotaPatch patch{.storage = LimitOf(body, "storage_bytes"),
                             .traffic = LimitOf(body, "traffic_bytes")};
  if (const auto enforcement = body.Optional("enforcement")) {
    const std::string word = enforcement->String();
    if (word != "soft" && word != "hard") enforcement->Fail("must be soft or hard");
    patch.hard = word == "hard";
  }
  BW_TRY_STATUS(body.Finish());
  return patch;
}

Result<net::Response> GetAccount(const QuotaDeps& deps, const Context& context) {
  BW_TRY(json::Object body, StateJson(deps, KeyOf(context, "")));
  BW_TRY(const registry::AccountPlan plan, deps.quotas.Get(context.account, context.registry.name));
  body["plan"] = Text(registry::ToString(plan.plan));
  return JsonResponse(200, body);
}

Result<net::Response> PatchAccount(const QuotaDeps& deps, Context& context) {
  BW_TRY(const registry::QuotaPatch patch, PatchOf(context));
  BW_TRY_STATUS(deps.quotas.PatchQuota(context.caller, context.Service(), patch));
  return GetAccount(deps, context);
}

Result<net::Response> GetNamespace(const QuotaDeps& deps, const Context& context) {
  const std::string& name = context.Path("name");
  BW_TRY_STATUS(deps.quotas.GetNamespace(context.account, context.registry.name, name));
  BW_TRY(json::Object body, StateJson(deps, KeyOf(context, name)));
  body["namespace"] = Text(name);
  return JsonResponse(200, body);
}

Result<net::Response> PatchNamespace(const QuotaDeps& deps, Context& context) {
  BW_TRY(const registry::QuotaPatch patch, PatchOf(context));
  BW_TRY_STATUS(deps.quotas.PatchNamespace(context.caller, context.account, context.registry,
                                           context.Path("name"), patch));
  return GetNamespace(deps, context);
}

}  // namespace

std::vector<Endpoint> QuotaEndpoints(QuotaDeps deps, const SccFace& face) {
  constexpr std::string_view kAccount = "/breakwater/v1/quota";
  constexpr std::string_view kNamespace = "/breakwater/v1/namespaces/{name}/quota";
  return {
      {"GET", kAccount, "GetQuotaState", Access::To(action::kQuotaGet), face,
       [deps](Context& context) { return GetAccount(deps, context); }},
      {"PATCH", kAccount, "UpdateQuotaState", Access::To(action::kQuotaSet), face,
       [deps](Context& context) { return PatchAccount(deps, context); }},
      {"GET", kNamespace, "GetNamespaceQuota", Access::To(action::kQuotaGet), face,
       [deps](Context& context) { return GetNamespace(deps, context); }},
      {"PATCH", kNamespace, "UpdateNamespaceQuota", Access::To(action::kQuotaSet), face,
       [deps](Context& context) { return PatchNamespace(deps, context); },
       Recorded::Change({},
                        [](const Context& context) {
                          return registry::ManagedNamespace(context.account, context.registry,
                                                            context.Path("name"), "");
                        })},
  };
}

}  // namespace breakwater::api::native
