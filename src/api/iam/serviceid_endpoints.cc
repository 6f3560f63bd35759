// Service IDs: /iam/v1/serviceids (iamidentityv1; ibm-registry 4.2).

#include "api/iam/handlers.h"
#include "iam/changes.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

constexpr std::int64_t kUsualPage = 20;
constexpr std::int64_t kMaxPage = 100;
constexpr std::size_t kMaxInstances = 64;

control::Resource ServiceIdsOf(const Context& context) {
  return domain::IamResource(context.account, "iam-identity", "serviceid");
}

control::Resource ServiceIdOf(const Context& context) {
  return domain::IamResource(context.account, "iam-identity", "serviceid", context.Path("id"));
}

net::Response Answer(int status, const domain::ServiceId& service_id) {
  return WithEntityTag(JsonResponse(status, EncodeServiceId(service_id)),
                       domain::EntityTag(service_id.id, service_id.version));
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const AccountId account, QueryAccount(context));
    BW_TRY(const auto page, PageByToken(context, "pagesize", "pagetoken", kUsualPage, kMaxPage));
    domain::store::ServiceIdFilter filter{.name = QueryText(context, "name")};
    BW_TRY_STATUS(
        ReadOrder(context, {"name", "description", "created_at", "modified_at"}, &filter));
    BW_TRY(const auto listed, deps_.service_ids.List(account, filter, page));
    json::Array items;
    for (const domain::ServiceId& s : listed.items) {
      json::Object item = EncodeServiceId(s);
      BW_TRY_STATUS(AddHistory(context, s, item));
      items.push_back(std::move(item));
    }
    json::Object body = IdentityListFields(context, page, listed.total);
    body["serviceids"] = std::move(items);
    return JsonResponse(200, body);
  }

  Result<net::Response> Create(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    domain::NewServiceId wanted;
    const std::string account_name = in.Field("account_id").String();
    wanted.name = in.Field("name").String();
    wanted.description = in.String("description", "");
    if (const auto crns = in.Optional("unique_instance_crns")) {
      wanted.unique_instance_crns = crns->Strings(kMaxInstances);
    }
    if (const auto key = in.Optional("apikey")) wanted.api_key = DecodeNewApiKey(*key, context);
    BW_TRY_STATUS(in.Finish());
    wanted.locked = HeaderIsTrue(context, "Entity-Lock");
    BW_TRY(const AccountId account, AccountOf(context, account_name));
    BW_TRY(const auto made, deps_.service_ids.Create(context.caller, account, wanted));
    json::Object body = EncodeServiceId(made.service_id);
    if (made.api_key) {
      // The one time the value is shown.
      body["apikey"] = EncodeApiKey(made.api_key->key, made.api_key->value.Reveal());
    }
    return WithEntityTag(JsonResponse(201, body),
                         domain::EntityTag(made.service_id.id, made.service_id.version));
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const auto found, deps_.service_ids.Get(context.account, context.Path("id")));
    json::Object body = EncodeServiceId(found);
    BW_TRY_STATUS(AddHistory(context, found, body));
    BW_TRY_STATUS(AddActivity(context, deps_, found.id, body));
    return WithEntityTag(JsonResponse(200, body), domain::EntityTag(found.id, found.version));
  }

  Result<net::Response> Update(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    domain::ServiceIdUpdate update;
    if (const auto name = in.Optional("name")) update.name = name->String();
    if (const auto text = in.Optional("description")) update.description = text->String();
    if (const auto crns = in.Optional("unique_instance_crns")) {
      update.unique_instance_crns = crns->Strings(kMaxInstances);
    }
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto updated,
           deps_.service_ids.Update(context.caller, context.account, context.Path("id"),
                                    HeaderText(context, "If-Match"), update));
    return Answer(200, updated);
  }

  Result<net::Response> Delete(Context& context) const {
    BW_TRY_STATUS(deps_.service_ids.Delete(context.caller, context.account, context.Path("id")));
    return EmptyResponse(204);
  }

  Result<net::Response> SetLocked(Context& context, bool locked) const {
    BW_TRY_STATUS(
        deps_.service_ids.SetLocked(context.caller, context.account, context.Path("id"), locked));
    return EmptyResponse(204);
  }

 private:
  Status AddHistory(const Context& context, const domain::ServiceId& service_id,
                    json::Object& out) const {
    if (QueryText(context, "include_history") != "true") return Ok();
    BW_TRY(const auto history, deps_.service_ids.History(service_id));
    out["history"] = EncodeHistory(history);
    return Ok();
  }

  IamDeps deps_;
};

}  // namespace

void AddServiceIdEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  const Face& face = faces.management;
  const Access read_all = Access::To("iam-identity.account-serviceid.read", ServiceIdsOf);
  const Access read = Access::To("iam-identity.account-serviceid.read", ServiceIdOf);
  const Access create = Access::To("iam-identity.account-serviceid.create", ServiceIdsOf);
  const Access update = Access::To("iam-identity.account-serviceid.update", ServiceIdOf);
  const Access remove = Access::To("iam-identity.account-serviceid.delete", ServiceIdOf);
  constexpr std::string_view kAll = "/iam/v1/serviceids";
  constexpr std::string_view kOne = "/iam/v1/serviceids/{id}";
  constexpr std::string_view kLock = "/iam/v1/serviceids/{id}/lock";
  out->push_back({"GET", kAll, "ListServiceIds", read_all, face,
                  [handlers](Context& c) { return handlers.List(c); }});
  out->push_back({"POST", kAll, "CreateServiceId", create, face,
                  [handlers](Context& c) { return handlers.Create(c); }});
  out->push_back({"GET", kOne, "GetServiceId", read, face,
                  [handlers](Context& c) { return handlers.Get(c); }});
  out->push_back({"PUT", kOne, "UpdateServiceId", update, face,
                  [handlers](Context& c) { return handlers.Update(c); }});
  out->push_back({"DELETE", kOne, "DeleteServiceId", remove, face,
                  [handlers](Context& c) { return handlers.Delete(c); }});
  out->push_back({"POST", kLock, "LockServiceId", update, face,
                  [handlers](Context& c) { return handlers.SetLocked(c, true); }});
  out->push_back({"DELETE", kLock, "UnlockServiceId", update, face,
                  [handlers](Context& c) { return handlers.SetLocked(c, false); }});
}

}  // namespace breakwater::api::iam
