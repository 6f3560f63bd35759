// Rules of access groups and the account's settings about them: /iam/v2/groups/{id}/rules,
// /iam/v2/groups/settings (iamaccessgroupsv2; ibm-registry 4.3).

#include "api/iam/handlers.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

control::Resource GroupsOf(const Context& context) {
  return domain::GroupResource(context.account, "");
}

control::Resource GroupOf(const Context& context) {
  return domain::GroupResource(context.account, context.Path("id"));
}

net::Response Answer(int status, const domain::GroupRule& rule) {
  return WithEntityTag(JsonResponse(status, EncodeGroupRule(rule)),
                       domain::EntityTag(rule.id, rule.version));
}

Result<domain::NewGroupRule> ReadRule(Context& context) {
  BW_TRY(const json::Value document, ReadJson(context));
  const json::Reader in(document);
  const domain::NewGroupRule wanted{.name = in.String("name", ""),
                                    .realm = in.Field("realm_name").String(),
                                    .expiration_hours = in.Field("expiration").Int(),
                                    .conditions = ReadConditions(in.Field("conditions"))};
  BW_TRY_STATUS(in.Finish());
  return wanted;
}

json::Object EncodeSettings(const AccountId& account, const domain::PublicAccess& settings) {
  json::Object out{{"account_id", Text(account.value())},
                   {"public_access_enabled", settings.enabled}};
  if (!settings.modified_by.empty()) {
    out["last_modified_at"] = Text(FormatRfc3339(settings.modified));
    out["last_modified_by_id"] = Text(settings.modified_by.value());
  }
  return out;
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> Create(Context& context) const {
    BW_TRY(const auto wanted, ReadRule(context));
    BW_TRY(const auto rule,
           deps_.groups.CreateRule(context.caller, context.account, context.Path("id"), wanted));
    return Answer(201, rule);
  }

  Result<net::Response> List(Context& context) const {
    BW_TRY(const auto rules, deps_.groups.ListRules(context.account, context.Path("id")));
    json::Array items;
    for (const domain::GroupRule& rule : rules) items.push_back(EncodeGroupRule(rule));
    return JsonResponse(200, {{"rules", std::move(items)}});
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const auto rule,
           deps_.groups.GetRule(context.account, context.Path("id"), context.Path("rule_id")));
    return Answer(200, rule);
  }

  Result<net::Response> Replace(Context& context) const {
    BW_TRY(const auto wanted, ReadRule(context));
    BW_TRY(const auto rule, deps_.groups.ReplaceRule(context.caller, context.account,
                                                     context.Path("id"), context.Path("rule_id"),
                                                     HeaderText(context, "If-Match"), wanted));
    return Answer(200, rule);
  }

  Result<net::Response> Delete(Context& context) const {
    BW_TRY_STATUS(deps_.groups.DeleteRule(context.caller, context.account, context.Path("id"),
                                          context.Path("rule_id")));
    return EmptyResponse(204);
  }

  Result<net::Response> GetSettings(Context& context) const {
    BW_TRY(const AccountId account, QueryAccount(context));
    BW_TRY(const auto settings, deps_.groups.GetPublicAccess(account));
    return JsonResponse(200, EncodeSettings(account, settings));
  }

  Result<net::Response> UpdateSettings(Context& context) const {
    BW_TRY(const AccountId account, QueryAccount(context));
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    std::optional<bool> wanted;
    if (const auto enabled = in.Optional("public_access_enabled")) wanted = enabled->Bool();
    BW_TRY_STATUS(in.Finish());
    BW_TRY(auto settings, deps_.groups.GetPublicAccess(account));
    if (wanted && *wanted != settings.enabled) {
      BW_TRY(settings, deps_.groups.SetPublicAccess(context.caller, account, *wanted));
    }
    return JsonResponse(200, EncodeSettings(account, settings));
  }

 private:
  IamDeps deps_;
};

}  // namespace

void AddGroupRuleEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  const Face& face = faces.management;
  const Access read = Access::To("iam-groups.rule.read", GroupOf);
  constexpr std::string_view kSettings = "/iam/v2/groups/settings";
  constexpr std::string_view kAll = "/iam/v2/groups/{id}/rules";
  constexpr std::string_view kOne = "/iam/v2/groups/{id}/rules/{rule_id}";
  out->push_back({"GET", kSettings, "GetAccessGroupAccountSettings",
                  Access::To("iam-groups.account-settings.read", GroupsOf), face,
                  [handlers](Context& c) { return handlers.GetSettings(c); }});
  out->push_back({"PATCH", kSettings, "UpdateAccessGroupAccountSettings",
                  Access::To("iam-groups.account-settings.update", GroupsOf), face,
                  [handlers](Context& c) { return handlers.UpdateSettings(c); }});
  out->push_back({"POST", kAll, "AddAccessGroupRule", Access::To("iam-groups.rule.create", GroupOf),
                  face, [handlers](Context& c) { return handlers.Create(c); }});
  out->push_back({"GET", kAll, "ListAccessGroupRules", read, face,
                  [handlers](Context& c) { return handlers.List(c); }});
  out->push_back({"GET", kOne, "GetAccessGroupRule", read, face,
                  [handlers](Context& c) { return handlers.Get(c); }});
  out->push_back({"PUT", kOne, "ReplaceAccessGroupRule",
                  Access::To("iam-groups.rule.update", GroupOf), face,
                  [handlers](Context& c) { return handlers.Replace(c); }});
  out->push_back({"DELETE", kOne, "RemoveAccessGroupRule",
                  Access::To("iam-groups.rule.delete", GroupOf), face,
                  [handlers](Context& c) { return handlers.Delete(c); }});
}

}  // namespace breakwater::api::iam
