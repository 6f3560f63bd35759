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
  BW_TRY_STATUS(ReadOrder(context, {"name", "description", "created_at", "created_by"}, &filter));
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
    for (const domain::ApiKey& key : listed.items) {
      json::Object item = EncodeApiKey(key);
      BW_TRY_STATUS(AddHistory(context, key, item));
      items.push_back(std::move(item));
    }
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
    return Whole(context, key);
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const auto key, deps_.api_keys.Get(context.caller, context.account, context.Path("id")));
    return Whole(context, key);
  }

  Result<net::Response> Update(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    domain::ApiKeyUpdate update;
    if (const auto name = in.Optional("name")) update.name = name->String();
    if (const auto text = in.Optional("description")) update.description = text->String();
    if (const auto expires = in.Optional("expires_at")) update.expires = ReadTime(*expires);
    if (const auto action = in.Optional("action_when_leaked")) {
      update.action_when_leaked = action->String();
    }
    if (const auto sessions = in.Optional("support_sessions")) {
      update.support_sessions = sessions->Bool();
    }
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
  Status AddHistory(const Context& context, const domain::ApiKey& key, json::Object& out) const {
    if (QueryText(context, "include_history") != "true") return Ok();
    BW_TRY(const auto history, deps_.api_keys.History(key));
    out["history"] = EncodeHistory(history);
    return Ok();
  }

  // With what is kept beside it, for who may see that.
  Result<net::Response> Whole(const Context& context, const domain::ApiKey& key) const {
    BW_TRY(const Secret value, deps_.api_keys.StoredValue(context.caller, key));
    json::Object body = EncodeApiKey(key, value.Reveal());  // it was made to be shown again
    BW_TRY_STATUS(AddHistory(context, key, body));
    BW_TRY_STATUS(AddActivity(context, deps_, key.id, body));
    return WithEntityTag(JsonResponse(200, body), domain::EntityTag(key.id, key.version));
  }

  IamDeps deps_;
};

}  // namespace

Timestamp ReadTime(const json::Reader& in) {
  std::string text = in.String();
  const std::size_t clock = text.find('T');
  const std::size_t zone = clock == std::string::npos ? clock : text.find_first_of("+-", clock);
  // "+0000" is "+00:00", and minutes may come without seconds.
  if (zone != std::string::npos && text.size() == zone + 5) text.insert(zone + 3, ":");
  constexpr std::size_t kMinutes = 6;  // of "T18:30"
  const std::size_t end = zone == std::string::npos ? text.find('Z') : zone;
  if (clock != std::string::npos && end == clock + kMinutes) text.insert(end, ":00");
  const auto time = ParseRfc3339(text);
  if (!time.ok()) in.Fail("must be a time like 2049-01-02T18:30:00Z");
  return time.ok() ? *time : Timestamp{};
}

domain::NewApiKey DecodeNewApiKey(const json::Reader& in, const Context& context) {
  domain::NewApiKey wanted;
  wanted.name = in.Field("name").String();
  wanted.description = in.String("description", "");
  if (const auto value = in.Optional("apikey")) wanted.value = Secret(value->String());
  if (const auto expires = in.Optional("expires_at")) wanted.expires = ReadTime(*expires);
  wanted.action_when_leaked = in.String("action_when_leaked", "none");
  wanted.support_sessions = in.Bool("support_sessions", false);
  wanted.store_value = in.Bool("store_value", false);
  wanted.locked = HeaderIsTrue(context, "Entity-Lock");
  wanted.disabled = HeaderIsTrue(context, "Entity-Disable");
  return wanted;
}

void AddApiKeyEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  const Face& face = faces.management;
  const Access own =
      Access::SignedIn("decided on whose key it is: users have the right to their own keys");
  const Recorded read = Recorded::As("iam-identity.user-apikey.read");
  constexpr std::string_view kAll = "/iam/v1/apikeys";
  constexpr std::string_view kOne = "/iam/v1/apikeys/{id}";
  constexpr std::string_view kLock = "/iam/v1/apikeys/{id}/lock";
  constexpr std::string_view kDisable = "/iam/v1/apikeys/{id}/disable";
  out->push_back({"GET", kAll, "ListApiKeys", own, face,
                  [handlers](Context& c) { return handlers.List(c); }, read});
  out->push_back({"POST", kAll, "CreateApiKey", own, face,
                  [handlers](Context& c) { return handlers.Create(c); }});
  out->push_back({"GET", "/iam/v1/apikeys/details", "GetApiKeysDetails", own, face,
                  [handlers](Context& c) { return handlers.Details(c); }, read});
  out->push_back({"GET", kOne, "GetApiKey", own, face,
                  [handlers](Context& c) { return handlers.Get(c); }, read});
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
