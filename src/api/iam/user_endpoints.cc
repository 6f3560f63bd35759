// Users of an account: /iam/v2/accounts/{account_id}/users (usermanagementv1; ibm-registry 4.6).

#include "api/iam/handlers.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

constexpr std::int64_t kMaxPage = 100;
constexpr std::size_t kMaxInvitations = 100;
constexpr std::size_t kMaxGroups = 50;

control::Resource UsersOf(const Context& context) {
  return domain::IamResource(context.account, "user-management", "user");
}

control::Resource UserOf(const Context& context) {
  return domain::IamResource(context.account, "user-management", "user", context.Path("iam_id"));
}

Result<AccountId> PathAccount(const Context& context) {
  return AccountOf(context, context.Path("account_id"));
}

Result<std::vector<domain::Invitation>> ReadInvitations(const json::Value& document) {
  const json::Reader in(document);
  std::vector<std::string> groups;
  if (const auto wanted = in.Optional("access_groups")) groups = wanted->Strings(kMaxGroups);
  if (const auto policies = in.Optional("iam_policy");
      policies && !policies->Items(kMaxGroups).empty()) {
    policies->Fail("is not supported: name access_groups, or create policies for the users");
  }
  std::vector<domain::Invitation> invitations;
  for (const json::Reader& user : in.Field("users").Items(kMaxInvitations)) {
    invitations.push_back({.email = user.Field("email").String(), .access_groups = groups});
  }
  if (invitations.empty()) in.Field("users").Fail("must name somebody");
  BW_TRY_STATUS(in.Finish());
  return invitations;
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const AccountId account, PathAccount(context));
    BW_TRY(const auto page, PageByToken(context, "limit", "_start", kMaxPage, kMaxPage));
    domain::store::UserFilter filter{.search = QueryText(context, "search")};
    if (filter.search.empty()) filter.search = QueryText(context, "user_id");
    BW_TRY(const auto listed, deps_.users.List(account, filter, page));
    json::Array items;
    for (const domain::User& user : listed.items) items.push_back(EncodeUser(user));
    json::Object body{{"total_results", listed.total},
                      {"limit", page.limit},
                      {"first_url", Text(PageLink(context, "limit", "_start", page.limit, 0))}};
    const std::int64_t next = page.offset + page.limit;
    if (next < listed.total) {
      body["next_url"] = Text(PageLink(context, "limit", "_start", page.limit, next));
    }
    body["resources"] = std::move(items);
    return JsonResponse(200, body);
  }

  Result<net::Response> Invite(Context& context) const {
    BW_TRY(const AccountId account, PathAccount(context));
    BW_TRY(const json::Value document, ReadJson(context));
    BW_TRY(const auto invitations, ReadInvitations(document));
    BW_TRY(const auto users, deps_.users.Invite(context.caller, account, invitations));
    json::Array items;
    for (const domain::User& user : users) {
      items.push_back({{"email", Text(user.email)},
                       {"id", Text(user.iam_id.value())},
                       {"state", Text(domain::ToString(user.state))}});
    }
    return JsonResponse(202, {{"resources", std::move(items)}});
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const AccountId account, PathAccount(context));
    BW_TRY(const auto user, deps_.users.Get(account, IamId(context.Path("iam_id"))));
    return JsonResponse(200, EncodeUser(user));
  }

  Result<net::Response> Remove(Context& context) const {
    BW_TRY(const AccountId account, PathAccount(context));
    BW_TRY_STATUS(deps_.users.Remove(context.caller, account, IamId(context.Path("iam_id"))));
    return EmptyResponse(204);
  }

 private:
  IamDeps deps_;
};

}  // namespace

void AddUserEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  const Face& face = faces.management;
  constexpr std::string_view kAll = "/iam/v2/accounts/{account_id}/users";
  constexpr std::string_view kOne = "/iam/v2/accounts/{account_id}/users/{iam_id}";
  out->push_back({"GET", kAll, "ListUsers", Access::To("user-management.user.read", UsersOf), face,
                  [handlers](Context& c) { return handlers.List(c); }});
  out->push_back({"POST", kAll, "InviteUsers", Access::To("user-management.user.create", UsersOf),
                  face, [handlers](Context& c) { return handlers.Invite(c); }});
  out->push_back({"GET", kOne, "GetUser", Access::To("user-management.user.read", UserOf), face,
                  [handlers](Context& c) { return handlers.Get(c); }});
  out->push_back({"DELETE", kOne, "RemoveUser", Access::To("user-management.user.delete", UserOf),
                  face, [handlers](Context& c) { return handlers.Remove(c); }});
}

}  // namespace breakwater::api::iam
