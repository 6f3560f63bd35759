#include "api/native/enterprises.h"

#include <algorithm>

#include "base/strings.h"
#include "json/reader.h"

namespace breakwater::api::native {
namespace {

using json::Text;
using organization::View;

constexpr std::int64_t kUsualPage = 10;
constexpr std::int64_t kLargestPage = 100;

Access To(std::string_view action, std::string_view kind) {
  return Access::To(action, [kind](const Context& context) {
    return organization::OrganizationResource(context.account, kind);
  });
}

std::string Query(const Context& context, std::string_view name) {
  return std::string(context.query.Get(name).value_or(""));
}

std::optional<std::string> QueryIfAny(const Context& context, std::string_view name) {
  std::string value = Query(context, name);
  return value.empty() ? std::nullopt : std::optional(std::move(value));
}

void PutOrigin(json::Object& out, const organization::Origin& origin) {
  out["created_at"] = Text(FormatRfc3339(origin.created));
  out["created_by"] = Text(origin.created_by.value());
  out["updated_at"] = Text(FormatRfc3339(origin.modified));
  out["updated_by"] = Text(origin.modified_by.value());
}

// What an account group and an account say of their place.
void PutPlace(json::Object& out, const View& view, std::string_view parent) {
  const auto& enterprise = view.tree.enterprise();
  out["parent"] = Text(view.tree.CrnOf(parent));
  out["enterprise_account_id"] = Text(enterprise.account.value());
  out["enterprise_id"] = Text(enterprise.id);
  out["enterprise_path"] = Text(view.tree.PathText(parent));
}

json::Object Encode(const View& view, const organization::Enterprise& enterprise) {
  json::Object out{{"url", Text("/breakwater/v1/enterprises/" + enterprise.id)},
                   {"id", Text(enterprise.id)},
                   {"enterprise_account_id", Text(enterprise.account.value())},
                   {"crn", Text(view.tree.CrnOf(enterprise.id))},
                   {"name", Text(enterprise.name)},
                   {"domain", Text(enterprise.domain)},
                   {"state", "ACTIVE"},
                   {"primary_contact_iam_id", Text(enterprise.primary_contact.value())},
                   {"source_account_id", Text(enterprise.account.value())}};
  PutOrigin(out, enterprise.origin);
  return out;
}

json::Object Encode(const View& view, const organization::AccountGroup& group) {
  json::Object out{{"url", Text("/breakwater/v1/account-groups/" + group.id)},
                   {"id", Text(group.id)},
                   {"crn", Text(view.tree.CrnOf(group.id))},
                   {"name", Text(group.name)},
                   {"state", group.deleted ? "DELETED" : "ACTIVE"},
                   {"primary_contact_iam_id", Text(group.primary_contact.value())}};
  PutPlace(out, view, group.parent);
  PutOrigin(out, group.origin);
  return out;
}

json::Object Encode(const View& view, const organization::MemberAccount& account) {
  const Crn crn{.service = "enterprise",
                .location = {},
                .account = view.tree.enterprise().account,
                .instance = {},
                .type = "account",
                .resource = account.id.value()};
  json::Object out{{"url", Text("/breakwater/v1/accounts/" + account.id.value())},
                   {"id", Text(account.id.value())},
                   {"crn", Text(crn.ToString())},
                   {"name", Text(account.name)},
                   {"state", account.deleted ? "DELETED" : "ACTIVE"},
                   {"owner_iam_id", Text(account.owner.value())},
                   {"owner_email", Text(account.owner_email)},
                   {"paid", false},
                   {"is_enterprise_account", account.id == view.tree.enterprise().account}};
  PutPlace(out, view, account.parent);
  PutOrigin(out, account.origin);
  return out;
}

// {"rows_count", "next_url"?, "resources"}: a page of `all`, from the id that next_docid names.
template <class T>
Result<net::Response> Listing(const Context& context, const View& view, const std::vector<T>& all) {
  std::int64_t limit = kUsualPage;
  if (const auto asked = context.query.Get("limit")) {
    const auto number = ParseInt(*asked);
    if (!number.ok() || *number < 1 || *number > kLargestPage) {
      return Invalid("limit must be a number from 1 to 100").Reason("invalid_query_parameter");
    }
    limit = *number;
  }
  const std::string from = Query(context, "next_docid");
  json::Array resources;
  std::string next;
  for (const T& one : all) {
    std::string id;
    if constexpr (std::is_same_v<T, organization::MemberAccount>) {
      id = one.id.value();
    } else {
      id = one.id;
    }
    if (id < from) continue;
    if (std::ssize(resources) == limit) {
      next = id;
      break;
    }
    resources.push_back(Encode(view, one));
  }
  json::Object body{{"rows_count", resources.size()}};
  if (!next.empty()) {
    body["next_url"] = Text(context.request.path + "?limit=" + std::to_string(limit) +
                            "&next_docid=" + next + QueryWithout(context, {"limit", "next_docid"}));
  }
  body["resources"] = std::move(resources);
  return JsonResponse(200, body);
}

net::Response EmptyList() {
  return JsonResponse(200, {{"rows_count", 0}, {"resources", json::Array{}}});
}

class Handlers {
 public:
  explicit Handlers(EnterpriseDeps deps) : deps_(deps) {}

  Result<net::Response> CreateEnterprise(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    BW_TRY(const AccountId account, AccountOf(context, in.Field("source_account_id").String()));
    const organization::NewEnterprise wanted{
        .name = in.Field("name").String(),
        .domain = in.String("domain", ""),
        .primary_contact = IamId(in.Field("primary_contact_iam_id").String())};
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto made, deps_.organization.Found(context.caller, account, wanted));
    return JsonResponse(202, {{"enterprise_id", Text(made.id)},
                              {"enterprise_account_id", Text(made.account.value())}});
  }

  Result<net::Response> ListEnterprises(Context& context) const {
    BW_TRY(const auto view, deps_.organization.See(context.account, true));
    if (!view) return EmptyList();
    const auto& enterprise = view->tree.enterprise();
    const auto wanted = QueryIfAny(context, "enterprise_account_id");
    if (wanted && *wanted != enterprise.account.value()) return EmptyList();
    return Listing(context, *view, std::vector{enterprise});
  }

  Result<net::Response> GetEnterprise(Context& context) const {
    BW_TRY(const View view, Seen(context));
    const auto& enterprise = view.tree.enterprise();
    if (enterprise.id != context.Path("id")) return NoSuch("enterprise");
    return JsonResponse(200, Encode(view, enterprise));
  }

  Result<net::Response> UpdateEnterprise(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    organization::EnterpriseUpdate update;
    if (const auto name = in.Optional("name")) update.name = name->String();
    if (const auto domain = in.Optional("domain")) update.domain = domain->String();
    if (const auto contact = in.Optional("primary_contact_iam_id")) {
      update.primary_contact = IamId(contact->String());
    }
    BW_TRY_STATUS(in.Finish());
    BW_TRY_STATUS(deps_.organization.Update(context.caller, context.Path("id"), update));
    return EmptyResponse(204);
  }

  // An account's own administrators would have to agree, and none can act in two accounts.
  Result<net::Response> ImportAccount(Context&) const {
    return Conflict(
               "an account that stands alone cannot be moved into an enterprise: create a new "
               "account in it")
        .Reason("not_supported");
  }

  Result<net::Response> CreateGroup(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    const organization::NewAccountGroup wanted{
        .parent = in.Field("parent").String(),
        .name = in.Field("name").String(),
        .primary_contact = IamId(in.Field("primary_contact_iam_id").String())};
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto made, deps_.organization.CreateGroup(context.caller, wanted));
    return JsonResponse(201, {{"account_group_id", Text(made.id)}});
  }

  Result<net::Response> ListGroups(Context& context) const {
    BW_TRY(const auto view, deps_.organization.See(context.account, true));
    if (!view || IsAboutAnother(context, *view)) return EmptyList();
    return Listing(context, *view,
                   organization::Select(*view, SelectionOf(context, "parent_account_group_id")));
  }

  Result<net::Response> GetGroup(Context& context) const {
    BW_TRY(const View view, Seen(context));
    const auto* group = view.tree.Find(context.Path("id"));
    if (group == nullptr) return NoSuch("account group");
    return JsonResponse(200, Encode(view, *group));
  }

  Result<net::Response> UpdateGroup(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    organization::AccountGroupUpdate update;
    if (const auto name = in.Optional("name")) update.name = name->String();
    if (const auto contact = in.Optional("primary_contact_iam_id")) {
      update.primary_contact = IamId(contact->String());
    }
    BW_TRY_STATUS(in.Finish());
    BW_TRY_STATUS(deps_.organization.UpdateGroup(context.caller, context.Path("id"), update));
    return EmptyResponse(204);
  }

  Result<net::Response> DeleteGroup(Context& context) const {
    BW_TRY_STATUS(deps_.organization.DeleteGroup(context.caller, context.Path("id")));
    return EmptyResponse(204);
  }

  Result<net::Response> CreateAccount(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    organization::NewMemberAccount wanted{.parent = in.Field("parent").String(),
                                          .name = in.Field("name").String(),
                                          .owner = IamId(in.Field("owner_iam_id").String())};
    if (const auto options = in.Optional("options")) {
      wanted.with_service_id =
          options->Bool("create_iam_service_id_with_apikey_and_owner_policies", false);
    }
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto made, deps_.organization.CreateAccount(context.caller, wanted));
    json::Object body{{"account_id", Text(made.id.value())}};
    if (made.api_key) {
      body["iam_service_id"] = Text(made.service_id);
      body["iam_apikey_id"] = Text(made.api_key_id);
      body["iam_apikey"] = Text(made.api_key->Reveal());  // shown this once
    }
    net::Response response = JsonResponse(202, body);
    response.headers.Set("Cache-Control", "no-store");
    return response;
  }

  Result<net::Response> ListAccounts(Context& context) const {
    BW_TRY(const auto view, deps_.organization.See(context.account, true));
    if (!view || IsAboutAnother(context, *view)) return EmptyList();
    return Listing(context, *view,
                   organization::SelectAccounts(*view, SelectionOf(context, "account_group_id")));
  }

  Result<net::Response> GetAccount(Context& context) const {
    BW_TRY(const View view, Seen(context));
    const auto found = std::ranges::find(view.accounts, AccountId(context.Path("id")),
                                         &organization::MemberAccount::id);
    if (found == view.accounts.end()) return NoSuch("account");
    return JsonResponse(200, Encode(view, *found));
  }

  Result<net::Response> MoveAccount(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    const std::string parent = in.Field("parent").String();
    BW_TRY_STATUS(in.Finish());
    BW_TRY_STATUS(
        deps_.organization.MoveAccount(context.caller, AccountId(context.Path("id")), parent));
    return EmptyResponse(202);
  }

  Result<net::Response> DeleteAccount(Context& context) const {
    BW_TRY_STATUS(deps_.organization.DeleteAccount(context.caller, AccountId(context.Path("id"))));
    return EmptyResponse(204);
  }

 private:
  static Error NoSuch(std::string_view what) { return ::breakwater::iam::NoSuch(what); }

  Result<View> Seen(const Context& context) const {
    BW_TRY(auto view, deps_.organization.See(context.account, true));
    if (!view) return NoSuch("enterprise");
    return *std::move(view);
  }

  static bool IsAboutAnother(const Context& context, const View& view) {
    const auto wanted = QueryIfAny(context, "enterprise_id");
    return wanted && *wanted != view.tree.enterprise().id;
  }

  static organization::Selection SelectionOf(const Context& context, std::string_view below) {
    return {.parent = QueryIfAny(context, "parent"),
            .below = QueryIfAny(context, below),
            .deleted = Query(context, "include_deleted") == "true"};
  }

  EnterpriseDeps deps_;
};

using Method = Result<net::Response> (Handlers::*)(Context&) const;

}  // namespace

std::vector<Endpoint> EnterpriseEndpoints(EnterpriseDeps deps, const SccFace& face) {
  const Handlers handlers(deps);
  std::vector<Endpoint> endpoints;
  const auto add = [&](std::string_view method, std::string_view path, std::string_view operation,
                       Access access, Method handle) {
    endpoints.push_back({method, path, operation, std::move(access), face,
                         [handlers, handle](Context& c) { return (handlers.*handle)(c); }});
  };
  const Access changes = Access::SignedIn("decided by the change itself");
  constexpr std::string_view kEnterprises = "/breakwater/v1/enterprises";
  constexpr std::string_view kEnterprise = "/breakwater/v1/enterprises/{id}";
  constexpr std::string_view kGroups = "/breakwater/v1/account-groups";
  constexpr std::string_view kGroup = "/breakwater/v1/account-groups/{id}";
  constexpr std::string_view kAccounts = "/breakwater/v1/accounts";
  constexpr std::string_view kAccount = "/breakwater/v1/accounts/{id}";
  add("POST", kEnterprises, "CreateEnterprise", changes, &Handlers::CreateEnterprise);
  add("GET", kEnterprises, "ListEnterprises", To("enterprise.enterprise.list", "enterprise"),
      &Handlers::ListEnterprises);
  add("GET", kEnterprise, "GetEnterprise", To("enterprise.enterprise.read", "enterprise"),
      &Handlers::GetEnterprise);
  add("PATCH", kEnterprise, "UpdateEnterprise", changes, &Handlers::UpdateEnterprise);
  add("PUT", "/breakwater/v1/enterprises/{id}/import/accounts/{account_id}",
      "ImportAccountToEnterprise", To("enterprise.account.import", "account"),
      &Handlers::ImportAccount);
  add("POST", kGroups, "CreateAccountGroup", changes, &Handlers::CreateGroup);
  add("GET", kGroups, "ListAccountGroups", To("enterprise.account-group.list", "account-group"),
      &Handlers::ListGroups);
  add("GET", kGroup, "GetAccountGroup", To("enterprise.account-group.read", "account-group"),
      &Handlers::GetGroup);
  add("PATCH", kGroup, "UpdateAccountGroup", changes, &Handlers::UpdateGroup);
  add("DELETE", kGroup, "DeleteAccountGroup", changes, &Handlers::DeleteGroup);
  add("POST", kAccounts, "CreateAccount", changes, &Handlers::CreateAccount);
  add("GET", kAccounts, "ListAccounts", To("enterprise.account.list", "account"),
      &Handlers::ListAccounts);
  add("GET", kAccount, "GetAccount", To("enterprise.account.read", "account"),
      &Handlers::GetAccount);
  add("PATCH", kAccount, "UpdateAccount", changes, &Handlers::MoveAccount);
  add("DELETE", kAccount, "DeleteAccount", changes, &Handlers::DeleteAccount);
  return endpoints;
}

}  // namespace breakwater::api::native
