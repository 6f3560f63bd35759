// API keys: /iam/v1/apikeys (iamidentityv1; ibm-registry 4.2).

#include "api/iam/handlers.h"

namespace breakwater::api::iam {
namespace {

constexpr std::int64_t kUsualPage = 20;
constexpr std::int64_t kMaxPage = 100;

net::Response Answer(int status, const domain::ApiKey& key) {
  return WithEntityTag(JsonResponse(status, EncodeApiKey(key)),
                       domain::EntityTag(key.id, key.version));
}

Result<domain::store::ApiKeyFilter> FilterOf(const Context& context) {
  domain::store::ApiKeyFilter filter;
  const std::string iam_id = QueryText(context, "iam_id");
  if (!iam_id.empty()) filter.iam_id = IamId(iam_id);
  // In the reference, "entity" (its default) lists one identity's keys, "account" all.
  const std::string scope = QueryText(context, "scope");
  if (!scope.empty() && scope != "entity" && scope != "account") {
    return Invalid("scope must be entity or account").Reason("invalid_query_parameter");
  }
  if (scope != "account" && !filter.iam_id) filter.iam_id = context.caller.actor.iam_id;
  const std::string type = QueryText(context, "type");
  if (type == "user") filter.kind = control::IdentityKind::kUser;
  if (type == "serviceid") filter.kind = control::IdentityKind::kServiceId;
  if (!type.empty() && !filter.kind) {
    return Invalid("type must be user or serviceid").Reason("invalid_query_parameter");
  }
  return filter;
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const AccountId account, QueryAccount(context));
    BW_TRY(const auto filter, FilterOf(context));
    BW_TRY(const auto page, PageByToken(context, "pagesize", "pagetoken", kUsualPage, kMaxPage));
    BW_TRY(const auto listed, deps_.api_keys.List(context.caller, account, filter, page));
    json::Array items;
    for (const domain::ApiKey& key : listed.items) items.push_back(EncodeApiKey(key));
    json::Object body = IdentityListFields(context, page, listed.total);
    body["apikeys"] = std::move(items);
    return JsonResponse(200, body);
  }

  Result<net::Response> Create(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    const domain::NewApiKey wanted = DecodeNewApiKey(in, context);
    const IamId iam_id(in.Field("iam_id").String());
    const std::string account_name = in.String("account_id", "");
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const AccountId account, AccountOf(context, account_name));
    BW_TRY(const auto made, deps_.api_keys.Create(context.caller, account, iam_id, wanted));
    // The one time the value is shown.
    return WithEntityTag(JsonResponse(201, EncodeApiKey(made.key, made.value.Reveal())),
                         domain::EntityTag(made.key.id, made.key.version));
  }

  Result<net::Response> Details(Context& context) const {
    const Secret value(HeaderText(context, "IAM-ApiKey"));
    if (value.empty()) return Invalid("the header IAM-ApiKey is required");
    BW_TRY(const auto key, deps_.api_keys.Details(context.caller, context.account, value));
    return Answer(200, key);
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const auto key, deps_.api_keys.Get(context.caller, context.account, context.Path("id")));
    return Answer(200, key);
  }

  Result<net::Response> Update(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    domain::ApiKeyUpdate update;
    if (const auto name = in.Optional("name")) update.name = name->String();
    if (const auto text = in.Optional("description")) update.description = text->String();
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto key,
           deps_.api_keys.Update(context.caller, context.account, context.Path("id"),
                                 HeaderText(context, "If-Match"), update));
    return Answer(200, key);
  }

  Result<net::Response> Delete(Context& context) const {
    BW_TRY_STATUS(deps_.api_keys.Delete(context.caller, context.account, context.Path("id")));
    return EmptyResponse(204);
  }

  Result<net::Response> SetLocked(Context& context, bool locked) const {
    BW_TRY_STATUS(
        deps_.api_keys.SetLocked(context.caller, context.account, context.Path("id"), locked));
    return EmptyResponse(204);
  }

  Result<net::Response> SetDisabled(Context& context, bool disabled) const {
    BW_TRY_STATUS(
        deps_.api_keys.SetDisabled(context.caller, context.account, context.Path("id"), disabled));
    return EmptyResponse(204);
  }

 private:
  IamDeps deps_;
};

}  // namespace

domain::NewApiKey DecodeNewApiKey(const json::Reader& in, const Context& context) {
  domain::NewApiKey wanted;
  wanted.name = in.Field("name").String();
  wanted.description = in.String("description", "");
  if (const auto value = in.Optional("apikey")) wanted.value = Secret(value->String());
  if (const auto expires = in.Optional("expires_at")) {
    auto time = ParseRfc3339(expires->String());
    if (time.ok()) {
      wanted.expires = *time;
    } else {
      expires->Fail("must be a time like 2022-03-21T09:30:00Z");
    }
  }
  wanted.locked = HeaderIsTrue(context, "Entity-Lock");
  wanted.disabled = HeaderIsTrue(context, "Entity-Disable");
  return wanted;
}

void AddApiKeyEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  const Face& face = faces.management;
  const Access own =
      Access::SignedIn("decided on whose key it is: users have the right to their own keys");
  constexpr std::string_view kAll = "/iam/v1/apikeys";
  constexpr std::string_view kOne = "/iam/v1/apikeys/{id}";
  constexpr std::string_view kLock = "/iam/v1/apikeys/{id}/lock";
  constexpr std::string_view kDisable = "/iam/v1/apikeys/{id}/disable";
  out->push_back(
      {"GET", kAll, "ListApiKeys", own, face, [handlers](Context& c) { return handlers.List(c); }});
  out->push_back({"POST", kAll, "CreateApiKey", own, face,
                  [handlers](Context& c) { return handlers.Create(c); }});
  out->push_back({"GET", "/iam/v1/apikeys/details", "GetApiKeysDetails", own, face,
                  [handlers](Context& c) { return handlers.Details(c); }});
  out->push_back(
      {"GET", kOne, "GetApiKey", own, face, [handlers](Context& c) { return handlers.Get(c); }});
  out->push_back({"PUT", kOne, "UpdateApiKey", own, face,
                  [handlers](Context& c) { return handlers.Update(c); }});
  out->push_back({"DELETE", kOne, "DeleteApiKey", own, face,
                  [handlers](Context& c) { return handlers.Delete(c); }});
  out->push_back({"POST", kLock, "LockApiKey", own, face,
                  [handlers](Context& c) { return handlers.SetLocked(c, true); }});
  out->push_back({"DELETE", kLock, "UnlockApiKey", own, face,
                  [handlers](Context& c) { return handlers.SetLocked(c, false); }});
  out->push_back({"POST", kDisable, "DisableApiKey", own, face,
                  [handlers](Context& c) { return handlers.SetDisabled(c, true); }});
  out->push_back({"DELETE", kDisable, "EnableApiKey", own, face,
                  [handlers](Context& c) { return handlers.SetDisabled(c, false); }});
}

}  // namespace breakwater::api::iam
