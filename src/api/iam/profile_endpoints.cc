// Trusted profiles: /iam/v1/profiles (iamidentityv1; ibm-registry 4.2).

#include "api/iam/handlers.h"
#include "iam/profiles.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

constexpr std::int64_t kUsualPage = 20;
constexpr std::int64_t kMaxPage = 100;

control::Resource ProfilesOf(const Context& context) {
  return domain::ProfileResource(context.account, "");
}

control::Resource ProfileOf(const Context& context) {
  return domain::ProfileResource(context.account, context.Path("id"));
}

net::Response Answer(int status, const domain::Profile& profile) {
  return WithEntityTag(JsonResponse(status, EncodeProfile(profile)),
                       domain::EntityTag(profile.id, profile.version));
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const AccountId account, QueryAccount(context));
    BW_TRY(const auto page, PageByToken(context, "pagesize", "pagetoken", kUsualPage, kMaxPage));
    domain::store::ProfileFilter filter{.name = QueryText(context, "name")};
    BW_TRY_STATUS(
        ReadOrder(context, {"name", "description", "created_at", "modified_at"}, &filter));
    BW_TRY(const auto listed, deps_.profiles.List(account, filter, page));
    json::Array items;
    for (const domain::Profile& profile : listed.items) items.push_back(EncodeProfile(profile));
    json::Object body = IdentityListFields(context, page, listed.total);
    body["profiles"] = std::move(items);
    return JsonResponse(200, body);
  }

  Result<net::Response> Create(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    const std::string account_name = in.Field("account_id").String();
    const domain::NewProfile wanted{.name = in.Field("name").String(),
                                    .description = in.String("description", ""),
                                    .email = in.String("email", "")};
    BW_TRY_STATUS(in.Finish());
    if (account_name != context.account.value()) {
      return Invalid("account_id must be the account of your credential").Reason("invalid_field");
    }
    BW_TRY(const auto made, deps_.profiles.Create(context.caller, context.account, wanted));
    return Answer(201, made);
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const auto found, deps_.profiles.Get(context.account, context.Path("id")));
    return Answer(200, found);
  }

  Result<net::Response> Update(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    domain::ProfileUpdate update;
    if (const auto name = in.Optional("name")) update.name = name->String();
    if (const auto text = in.Optional("description")) update.description = text->String();
    if (const auto email = in.Optional("email")) update.email = email->String();
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto updated,
           deps_.profiles.Update(context.caller, context.account, context.Path("id"),
                                 HeaderText(context, "If-Match"), update));
    return Answer(200, updated);
  }

  Result<net::Response> Delete(Context& context) const {
    BW_TRY_STATUS(deps_.profiles.Delete(context.caller, context.account, context.Path("id")));
    return EmptyResponse(204);
  }

 private:
  IamDeps deps_;
};

}  // namespace

json::Object EncodeProfile(const domain::Profile& profile) {
  return {{"id", Text(profile.id)},
          {"entity_tag", Text(domain::EntityTag(profile.id, profile.version))},
          {"crn", Text(CrnOf("iam-identity", profile.account, "profile", profile.id))},
          {"name", Text(profile.name)},
          {"description", Text(profile.description)},
          {"email", Text(profile.email)},
          {"iam_id", Text(profile.iam_id.value())},
          {"account_id", Text(profile.account.value())},
          {"created_at", Text(FormatRfc3339(profile.created))},
          {"modified_at", Text(FormatRfc3339(profile.modified))}};
}

void AddProfileEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  const Face& face = faces.management;
  constexpr std::string_view kAll = "/iam/v1/profiles";
  constexpr std::string_view kOne = "/iam/v1/profiles/{id}";
  constexpr std::string_view kRead = "iam-identity.account-profile.read";
  out->push_back({"GET", kAll, "ListTrustedProfiles", Access::To(kRead, ProfilesOf), face,
                  [handlers](Context& c) { return handlers.List(c); }});
  out->push_back({"POST", kAll, "CreateProfile",
                  Access::To("iam-identity.account-profile.create", ProfilesOf), face,
                  [handlers](Context& c) { return handlers.Create(c); }});
  out->push_back({"GET", kOne, "GetTrustedProfile", Access::To(kRead, ProfileOf), face,
                  [handlers](Context& c) { return handlers.Get(c); }});
  out->push_back({"PUT", kOne, "UpdateProfile",
                  Access::To("iam-identity.account-profile.update", ProfileOf), face,
                  [handlers](Context& c) { return handlers.Update(c); }});
  out->push_back({"DELETE", kOne, "DeleteProfile",
                  Access::To("iam-identity.account-profile.delete", ProfileOf), face,
                  [handlers](Context& c) { return handlers.Delete(c); }});
}

}  // namespace breakwater::api::iam
