// Roles: /iam/v2/roles (iampolicymanagementv1; ibm-registry 4.5).

#include "api/iam/handlers.h"
#include "api/iam/policy_wire.h"
#include "iam/actions.h"

namespace breakwater::api::iam {
namespace {

constexpr std::size_t kMaxActions = 1024;

control::Resource RolesOf(const Context& context) {
  return domain::IamResource(context.account, "iam-access-management", "role");
}

net::Response Answer(int status, const domain::CustomRole& role) {
  return WithEntityTag(JsonResponse(status, EncodeCustomRole(role)),
                       domain::EntityTag(role.id, role.version));
}

domain::CustomRoleContent ReadContent(const json::Reader& in) {
  return {.display_name = in.Field("display_name").String(),
          .description = in.String("description", ""),
          .actions = in.Field("actions").Strings(kMaxActions)};
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const AccountId account, QueryAccount(context));
    const std::string service = QueryText(context, "service_name");
    const std::string group = QueryText(context, "service_group_id");
    if (!service.empty() && !group.empty()) {
      return Invalid("service_name and service_group_id exclude each other")
          .Reason("invalid_query_parameter");
    }
    const bool access = QueryText(context, "policy_type") != "authorization";
    const auto services = access ? Services(service, group) : std::vector<std::string_view>{};
    json::Array service_roles;
    json::Array system_roles;
    for (const domain::Role role : domain::kAllRoles) {
      json::Object encoded = EncodeSystemRole(role, services);
      if (!domain::IsServiceRole(role)) {
        system_roles.push_back(std::move(encoded));
      } else if (!encoded["actions"].as_array().empty()) {
        service_roles.push_back(std::move(encoded));
      }
    }
    BW_TRY(const auto known, deps_.custom_roles.List(account, service));
    json::Array custom_roles;
    for (const domain::CustomRole& role : known) custom_roles.push_back(EncodeCustomRole(role));
    return JsonResponse(200, {{"custom_roles", std::move(custom_roles)},
                              {"service_roles", std::move(service_roles)},
                              {"system_roles", std::move(system_roles)}});
  }

  Result<net::Response> Create(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    const std::string account_name = in.Field("account_id").String();
    domain::NewCustomRole wanted{.name = in.Field("name").String(),
                                 .service = in.Field("service_name").String(),
                                 .content = ReadContent(in)};
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const AccountId account, AccountOf(context, account_name));
    BW_TRY(const auto made, deps_.custom_roles.Create(context.caller, account, wanted));
    return Answer(201, made);
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const auto role, deps_.custom_roles.Get(context.account, context.Path("id")));
    return Answer(200, role);
  }

  Result<net::Response> Replace(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    const auto content = ReadContent(in);
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto role,
           deps_.custom_roles.Replace(context.caller, context.account, context.Path("id"),
                                      HeaderText(context, "If-Match"), content));
    return Answer(200, role);
  }

  Result<net::Response> Delete(Context& context) const {
    BW_TRY_STATUS(deps_.custom_roles.Delete(context.caller, context.account, context.Path("id")));
    return EmptyResponse(204);
  }

 private:
  // Those named, or all. A service that there is not has no actions, and so no roles.
  static std::vector<std::string_view> Services(std::string_view service, std::string_view group) {
    std::vector<std::string_view> services = domain::ServicesWithActions();
    std::erase_if(services, [&](std::string_view one) {
      const bool of_iam = one.starts_with("iam-") || one == "user-management";
      return (!service.empty() && one != service) ||
             (!group.empty() && (group != "IAM" || !of_iam));
    });
    return services;
  }

  IamDeps deps_;
};

}  // namespace

void AddRoleEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  const Face& face = faces.management;
  const Access read = Access::To("iam-am.role.read", RolesOf);
  constexpr std::string_view kAll = "/iam/v2/roles";
  constexpr std::string_view kOne = "/iam/v2/roles/{id}";
  out->push_back(
      {"GET", kAll, "ListRoles", read, face, [handlers](Context& c) { return handlers.List(c); }});
  out->push_back({"POST", kAll, "CreateRole", Access::To("iam-am.role.create", RolesOf), face,
                  [handlers](Context& c) { return handlers.Create(c); }});
  out->push_back(
      {"GET", kOne, "GetRole", read, face, [handlers](Context& c) { return handlers.Get(c); }});
  out->push_back({"PUT", kOne, "ReplaceRole", Access::To("iam-am.role.update", RolesOf), face,
                  [handlers](Context& c) { return handlers.Replace(c); }});
  out->push_back({"DELETE", kOne, "DeleteRole", Access::To("iam-am.role.delete", RolesOf), face,
                  [handlers](Context& c) { return handlers.Delete(c); }});
}

}  // namespace breakwater::api::iam
