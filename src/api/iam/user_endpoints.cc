// Users of an account: /iam/v2/accounts/{account_id}/users (usermanagementv1; ibm-registry 4.6).

#include "api/iam/handlers.h"
#include "api/iam/policy_wire.h"
#include "iam/identity_facts.h"

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

struct Invited {
  std::vector<domain::Invitation> invitations;
  std::vector<domain::PolicyContent> policies;  // each for every one of them
};

Result<Invited> ReadInvitations(const json::Value& document, const AccountId& account) {
  const json::Reader in(document);
  Invited read;
  std::vector<std::string> groups;
  if (const auto wanted = in.Optional("access_groups")) groups = wanted->Strings(kMaxGroups);
  std::string unknown;
  if (const auto policies = in.Optional("iam_policy")) {
    for (const json::Reader& policy : policies->Items(kMaxGroups)) {
      if (policy.String("type", "access") != "access") policy.Field("type").Fail("must be access");
      const std::string role = ReadGrantV1(policy, account, &read.policies.emplace_back());
      if (!role.empty()) unknown = role;
    }
  }
  for (const json::Reader& user : in.Field("users").Items(kMaxInvitations)) {
    read.invitations.push_back({.email = user.Field("email").String(), .access_groups = groups});
  }
  if (read.invitations.empty()) in.Field("users").Fail("must name somebody");
  BW_TRY_STATUS(in.Finish());
  BW_TRY_STATUS(UnknownRole(unknown));
  return read;
}

std::optional<std::string> OptionalText(const json::Reader& in, std::string_view name) {
  const auto field = in.Optional(name);
  return field ? std::optional(field->String()) : std::nullopt;
}

// Relative to the service's URL, as the reference's are: its older clients put a link behind the
// URL that they were given, which ends in /iam.
std::string LinkTo(const Context& context, std::int64_t limit, std::int64_t offset) {
  constexpr std::string_view kBase = "/iam";
  std::string link = PageLink(context, "limit", "_start", limit, offset);
  if (link.starts_with(kBase)) link.erase(0, kBase.size());
  return link;
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const AccountId account, PathAccount(context));
    BW_TRY(const auto page, PageByToken(context, "limit", "_start", kMaxPage, kMaxPage));
    BW_TRY(const auto filter, deps_.users.Visible(context.caller, account,
                                                  {.search = QueryText(context, "search"),
                                                   .email = QueryText(context, "user_id")}));
    BW_TRY(const auto listed, deps_.users.List(account, filter, page));
    const bool settings = QueryText(context, "include_settings") == "true";
    json::Array items;
    for (const domain::User& user : listed.items) {
      json::Object item = EncodeUser(user);
      if (settings) item["settings"] = EncodeUserSettings(user);
      items.push_back(std::move(item));
    }
    json::Object body{{"total_results", listed.total},
                      {"limit", page.limit},
                      {"first_url", Text(LinkTo(context, page.limit, 0))}};
    const std::int64_t next = page.offset + page.limit;
    if (next < listed.total) {
      body["next_url"] = Text(LinkTo(context, page.limit, next));
    }
    body["resources"] = std::move(items);
    return JsonResponse(200, body);
  }

  Result<net::Response> Invite(Context& context) const {
    BW_TRY(const AccountId account, PathAccount(context));
    BW_TRY(const json::Value document, ReadJson(context));
    BW_TRY(const auto invited, ReadInvitations(document, account));
    for (const domain::PolicyContent& policy : invited.policies) {
      BW_TRY_STATUS(deps_.policies.MayCreate(context.caller, account, policy));
    }
    const auto with_policies =
        [&](db::Transaction& tx, const domain::User& user,
            std::vector<control::Resource>& governed) -> Result<json::Value> {
      json::Array made;
      for (domain::PolicyContent content : invited.policies) {
        content.subject = {domain::SubjectKind::kIdentity, user.iam_id.value()};
        BW_TRY(const auto policy, deps_.policies.CreateIn(tx, context.caller, account, content));
        made.push_back(domain::ToJson(policy));
        governed.push_back(domain::GovernedPolicy(policy));
      }
      return json::Value{{"policies", std::move(made)}};
    };
    BW_TRY(const auto users,
           deps_.users.Invite(context.caller, account, invited.invitations, with_policies));
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

  Result<net::Response> RemoveV3(Context& context) const {
    BW_TRY_STATUS(Remove(context));
    return EmptyResponse(202);
  }

  Result<net::Response> Update(Context& context) const {
    BW_TRY(const AccountId account, PathAccount(context));
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    domain::UserUpdate update{.first_name = OptionalText(in, "firstname"),
                              .last_name = OptionalText(in, "lastname"),
                              .email = OptionalText(in, "email"),
                              .phone = OptionalText(in, "phonenumber"),
                              .other_phone = OptionalText(in, "altphonenumber"),
                              .photo = OptionalText(in, "photo")};
    if (const auto state = in.Optional("state")) {
      const auto known = domain::ParseUserState(state->String());
      if (known.ok()) {
        update.state = *known;
      } else {
        state->Fail("must be ACTIVE, VPN_ONLY or DISABLED_CLASSIC_INFRASTRUCTURE");
      }
    }
    BW_TRY_STATUS(in.Finish());
    BW_TRY_STATUS(
        deps_.users.Update(context.caller, account, IamId(context.Path("iam_id")), update));
    return EmptyResponse(204);
  }

  Result<net::Response> GetSettings(Context& context) const {
    BW_TRY(const AccountId account, PathAccount(context));
    BW_TRY(const auto user, deps_.users.Get(account, IamId(context.Path("iam_id"))));
    return JsonResponse(200, EncodeUserSettings(user));
  }

  Result<net::Response> UpdateSettings(Context& context) const {
    BW_TRY(const AccountId account, PathAccount(context));
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    domain::UserSettingsUpdate update{
        .language = OptionalText(in, "language"),
        .notification_language = OptionalText(in, "notification_language"),
        .allowed_addresses = OptionalText(in, "allowed_ip_addresses")};
    if (const auto manage = in.Optional("self_manage")) update.self_manage = manage->Bool();
    BW_TRY_STATUS(in.Finish());
    BW_TRY_STATUS(
        deps_.users.UpdateSettings(context.caller, account, IamId(context.Path("iam_id")), update));
    return EmptyResponse(204);
  }

  // Of the caller's own invitation. Whoever can ask has signed in, which accepts it, too.
  Result<net::Response> Accept(Context& context) const {
    std::string account_name;
    if (context.request.has_body) {
      BW_TRY(const json::Value document, ReadJson(context));
      const json::Reader in(document);
      account_name = in.String("account_id", "");
      BW_TRY_STATUS(in.Finish());
    }
    BW_TRY(const AccountId account, AccountOf(context, account_name));
    if (context.caller.actor.kind != control::IdentityKind::kUser) {
      return Invalid("only a user can accept an invitation").Reason("invalid_body");
    }
    BW_TRY_STATUS(deps_.users.Activate(account, context.caller.actor.iam_id));
    return EmptyResponse(202);
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
  constexpr std::string_view kSettings = "/iam/v2/accounts/{account_id}/users/{iam_id}/settings";
  const Access update = Access::To("user-management.user.update", UserOf);
  out->push_back({"PATCH", kOne, "UpdateUserProfile", update, face,
                  [handlers](Context& c) { return handlers.Update(c); }});
  out->push_back({"GET", kSettings, "GetUserSettings",
                  Access::To("user-management.user.read", UserOf), face,
                  [handlers](Context& c) { return handlers.GetSettings(c); }});
  out->push_back({"PATCH", kSettings, "UpdateUserSettings", update, face,
                  [handlers](Context& c) { return handlers.UpdateSettings(c); }});
  out->push_back({"POST", "/iam/v2/users/accept", "AcceptInvitation",
                  Access::SignedIn("everybody accepts their own invitation"), face,
                  [handlers](Context& c) { return handlers.Accept(c); }});
  out->push_back({"DELETE", "/iam/v3/accounts/{account_id}/users/{iam_id}", "RemoveUserV3",
                  Access::To("user-management.user.delete", UserOf), face,
                  [handlers](Context& c) { return handlers.RemoveV3(c); }});
  out->push_back({"DELETE", kOne, "RemoveUser", Access::To("user-management.user.delete", UserOf),
                  face, [handlers](Context& c) { return handlers.Remove(c); }});
}

}  // namespace breakwater::api::iam
