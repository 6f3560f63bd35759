#include "api/iam/access_endpoints.h"

#include <algorithm>

#include "api/iam/handlers.h"
#include "iam/changes.h"
#include "registry/resources.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

constexpr std::string_view kRegistryService = "container-registry";
constexpr std::string_view kReadPolicies = "iam-am.policy.read";
constexpr std::int64_t kUsualPage = 100;
constexpr std::int64_t kMaxPage = 500;

control::Resource PoliciesOf(const Context& context) {
  return domain::IamResource(context.account, "iam-access-management", "policy");
}

Result<std::string> ActionOf(const Context& context) {
  const std::string action = QueryText(context, "action");
  if (!action.empty()) return action;
  return Invalid("the query parameter action is required, such as container-registry.image.pull")
      .Reason("missing_required_query_parameter");
}

json::Object EncodeResource(const control::Resource& resource) {
  return {{"service", Text(resource.service)},
          {"kind", Text(resource.kind)},
          {"registry", Text(resource.registry.value())},
          {"region", Text(resource.region)},
          {"namespace", Text(resource.name_space)},
          {"resource_group", Text(resource.resource_group)},
          {"name", Text(resource.name)}};
}

json::Array Texts(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.push_back(Text(text));
  return array;
}

json::Value RoleOrNull(const std::optional<domain::RoleRef>& role) {
  return role ? json::Value(Text(domain::ToString(*role))) : json::Value();
}

json::Object EncodeTrace(const domain::PolicyTrace& trace) {
  json::Array misses;
  for (const domain::Miss& miss : trace.misses) {
    misses.push_back({{"what", Text(miss.what)}, {"text", Text(miss.text)}});
  }
  return {{"policy", Text(trace.policy)},
          {"group", json::TextOrNull(trace.group)},
          {"role", RoleOrNull(trace.role)},
          {"gives", trace.gives},
          {"misses", std::move(misses)}};
}

json::Array EncodePaths(const std::vector<domain::AccessPath>& paths) {
  json::Array array;
  for (const domain::AccessPath& path : paths) {
    array.push_back({{"kind", Text(path.kind)},
                     {"policy", json::TextOrNull(path.policy)},
                     {"group", json::TextOrNull(path.group)},
                     {"role", RoleOrNull(path.role)}});
  }
  return array;
}

class Handlers {
 public:
  explicit Handlers(const AccessDeps& deps) : deps_(deps) {}

  Result<net::Response> Explain(Context& context) const {
    BW_TRY(const std::string action, ActionOf(context));
    BW_TRY(const control::Caller who, Whom(context));
    const control::Resource resource = ResourceOf(context, action);
    BW_TRY(const auto report, deps_.explainer.Explain(context.account, who, action, resource));
    // Policies are for who may read them; everybody may know what decided about themselves.
    const bool reads = MayReadPolicies(context);
    json::Array layers;
    for (const auto& layer : report.layers) {
      const bool told = reads || layer.name != "policy";
      layers.push_back({{"layer", Text(layer.name)},
                        {"outcome", Text(layer.outcome)},
                        {"text", Text(told ? layer.text : std::string())}});
    }
    json::Array policies;
    json::Array remedies;
    if (reads) {
      BW_TRY(policies, EncodeTraces(context.account, report.explanation.policies));
    }
    if (reads && !report.allowed) {
      remedies = Texts(report.explanation.remedies);
    } else if (!report.explanation.remedies.empty() && !report.allowed) {
      // The last names no policy.
      remedies.push_back(Text(report.explanation.remedies.back()));
    }
    return JsonResponse(200, {{"allowed", report.allowed},
                              {"layer", Text(report.layer)},
                              {"iam_id", Text(report.identity.iam_id.value())},
                              {"name", Text(report.identity.name)},
                              {"action", Text(action)},
                              {"resource", EncodeResource(resource)},
                              {"layers", std::move(layers)},
                              {"policies", std::move(policies)},
                              {"would_have_to_change", std::move(remedies)}});
  }

  Result<net::Response> WhoCan(Context& context) const {
    BW_TRY(const std::string action, ActionOf(context));
    BW_TRY(const std::int64_t limit, PageSize(context, "limit", kUsualPage, kMaxPage));
    const control::Resource resource = ResourceOf(context, action);
    BW_TRY(const auto who, deps_.explainer.FindWhoCan(context.account, action, resource,
                                                      IamId(QueryText(context, "start")), limit));
    json::Array identities;
    for (const domain::WhoMay& one : who.identities) {
      identities.push_back({{"iam_id", Text(one.iam_id.value())},
                            {"kind", Text(control::ToString(one.kind))},
                            {"name", Text(one.name)},
                            {"paths", EncodePaths(one.paths)}});
    }
    json::Object body{{"action", Text(action)},
                      {"resource", EncodeResource(resource)},
                      {"every_member", who.every_member},
                      {"everybody", EncodePaths(who.everybody)},
                      {"identities", std::move(identities)},
                      {"limit", limit}};
    if (who.next) body["next"] = json::Object{{"start", Text(who.next->value())}};
    return JsonResponse(200, body);
  }

 private:
  // With why a policy can match nothing at all, as things are.
  Result<json::Array> EncodeTraces(const AccountId& account,
                                   const std::vector<domain::PolicyTrace>& traces) const {
    std::vector<domain::Policy> policies;
    for (const domain::PolicyTrace& trace : traces) {
      BW_TRY(auto policy, deps_.policies.Get(account, trace.policy));
      policies.push_back(std::move(policy));
    }
    BW_TRY(const auto warnings, deps_.warnings.Of(account, policies));
    json::Array encoded;
    for (std::size_t i = 0; i < traces.size(); ++i) {
      json::Object trace = EncodeTrace(traces[i]);
      trace["warnings"] = Texts(warnings[i]);
      encoded.push_back(std::move(trace));
    }
    return encoded;
  }

  bool MayReadPolicies(const Context& context) const {
    return deps_.authorizer.Authorize(context.caller, kReadPolicies, PoliciesOf(context)).ok();
  }

  // Oneself, as one came; or whom the request names, if the caller may ask about others.
  Result<control::Caller> Whom(const Context& context) const {
    std::string iam_id = QueryText(context, "iam_id");
    const std::string key = QueryText(context, "apikey_id");
    const bool self =
        key.empty() && (iam_id.empty() || iam_id == context.caller.actor.iam_id.value());
    if (self) return context.caller;
    BW_TRY_STATUS(deps_.authorizer.Authorize(context.caller, kReadPolicies, PoliciesOf(context)));
    if (!key.empty()) {
      BW_TRY(const auto found, deps_.api_keys.Get(context.caller, context.account, key));
      iam_id = found.iam_id.value();
    }
    control::Caller who;
    who.origin = context.caller.origin;
    who.actor.account = context.account;
    if (iam_id == domain::kPublicAccessGroup) return who;
    who.actor.iam_id = IamId(iam_id);
    who.actor.kind = control::IdentityKind::kUser;  // any but nobody: the kind is looked up
    return who;
  }

  // "team-a", "team-a/app" or nothing for the registry; a kind and name for other services.
  control::Resource ResourceOf(const Context& context, std::string_view action) const {
    const std::string name = QueryText(context, "resource");
    const std::string_view service = domain::ServiceOf(action).name;
    if (service != kRegistryService) {
      const std::string named = QueryText(context, "service");
      return domain::IamResource(context.account, named.empty() ? std::string(service) : named,
                                 QueryText(context, "resource_type"), name);
    }
    if (name.empty()) return context.Service();
    const std::string name_space = name.substr(0, name.find('/'));
    control::Resource resource = registry::NamespaceResource(deps_.namespaces, context.account,
                                                             context.registry, name_space);
    if (name_space == name) return resource;
    resource.kind = "image";
    resource.name = name;
    return resource;
  }

  AccessDeps deps_;
};

}  // namespace

std::vector<Endpoint> AccessEndpoints(const AccessDeps& deps, const SccFace& face) {
  const Handlers handlers(deps);
  return {
      {"GET", "/breakwater/v1/access/explain", "ExplainAccess",
       Access::SignedIn("everybody may ask about themselves; about others, who may read policies"),
       face, [handlers](Context& c) { return handlers.Explain(c); },
       Recorded::As(kReadPolicies, PoliciesOf)},
      {"GET", "/breakwater/v1/access/who-can", "FindWhoCan", Access::To(kReadPolicies, PoliciesOf),
       face, [handlers](Context& c) { return handlers.WhoCan(c); }},
  };
}

}  // namespace breakwater::api::iam
