#include "api/registry/handlers.h"
#include "json/reader.h"

namespace breakwater::api::management {
namespace {

namespace action = registry::action;

Result<net::Response> GetPlans(const RegistryDeps& deps, Context& context) {
  BW_TRY(const registry::AccountPlan plan, deps.quotas.Get(context.account, context.registry.name));
  return JsonResponse(200, {{"plan", json::Text(registry::ToString(plan.plan))}});
}

Result<net::Response> UpdatePlans(const RegistryDeps& deps, Context& context) {
  BW_TRY(const json::Value document, ReadJson(context));
  const json::Reader body(document);
  body.OnlyFields({"plan"});
  const std::string name = body.String("plan", "");
  BW_TRY_STATUS(body.Finish());
  if (name.empty()) return EmptyResponse(200);  // nothing to set
  BW_TRY(const registry::Plan plan, registry::ParsePlan(name));
  BW_TRY_STATUS(deps.quotas.PatchPlan(context.caller, context.Service(), plan));
  return EmptyResponse(200);
}

json::Value Details(std::int64_t storage, std::int64_t traffic) {
  return {{"storage_bytes", storage}, {"traffic_bytes", traffic}};
}

Result<net::Response> GetQuota(const RegistryDeps& deps, Context& context) {
  const registry::BookKey key{
      .account = context.account, .registry = context.registry.name, .name_space = {}};
  BW_TRY(const registry::Traffic::State state, deps.traffic.GetNow(key));
  BW_TRY(const std::int64_t stored, deps.database.ReadValue([&](db::Transaction& tx) {
    return registry::StoredBytes(tx, key);
  }));
  return JsonResponse(200, {{"limit", Details(state.limits.storage, state.limits.traffic)},
                            {"usage", Details(stored, state.used)}});
}

// Megabytes of 1,048,576 bytes; -1 is unlimited (ibm-registry 1.5).
std::optional<std::int64_t> BytesOf(const json::Reader& body, std::string_view name) {
  const auto member = body.Optional(name);
  if (!member) return std::nullopt;
  const std::int64_t megabytes = member->Int();
  if (megabytes == registry::kUnlimited) return registry::kUnlimited;
  constexpr std::int64_t kMost = (std::int64_t{1} << 53) / registry::kMegabyte;
  if (megabytes < 0 || megabytes > kMost) {
    member->Fail("must be -1 (unlimited), or from 0 to " + std::to_string(kMost));
    return std::nullopt;
  }
  return megabytes * registry::kMegabyte;
}

Result<net::Response> UpdateQuota(const RegistryDeps& deps, Context& context) {
  BW_TRY(const json::Value document, ReadJson(context));
  const json::Reader body(document);
  body.OnlyFields({"storage_megabytes", "traffic_megabytes"});
  const registry::QuotaPatch patch{.storage = BytesOf(body, "storage_megabytes"),
                                   .traffic = BytesOf(body, "traffic_megabytes")};
  BW_TRY_STATUS(body.Finish());
  BW_TRY_STATUS(deps.quotas.PatchQuota(context.caller, context.Service(), patch));
  return EmptyResponse(200);
}

}  // namespace

void AddQuotaEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                       std::vector<Endpoint>* out) {
  out->push_back({"GET", "/api/v1/plans", "GetPlans", Access::To(action::kPlanGet), face,
                  [deps](Context& c) { return GetPlans(deps, c); }});
  out->push_back({"PATCH", "/api/v1/plans", "UpdatePlans", Access::To(action::kPlanSet), face,
                  [deps](Context& c) { return UpdatePlans(deps, c); }});
  out->push_back({"GET", "/api/v1/quotas", "GetQuota", Access::To(action::kQuotaGet), face,
                  [deps](Context& c) { return GetQuota(deps, c); }});
  out->push_back({"PATCH", "/api/v1/quotas", "UpdateQuota", Access::To(action::kQuotaSet), face,
                  [deps](Context& c) { return UpdateQuota(deps, c); }});
}

}  // namespace breakwater::api::management
