// The registry's token service (Docker registry v2 token specification; ibm-registry 3.7): GET and
// POST /oauth/token.

#include <algorithm>

#include "api/iam/handlers.h"
#include "iam/oauth_scope.h"
#include "registry/resources.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

constexpr std::size_t kMaxClientId = 128;

struct RightName {
  std::string_view scope;   // action of a scope
  std::string_view action;  // IAM action
};
constexpr RightName kRights[] = {{"pull", "container-registry.image.pull"},
                                 {"push", "container-registry.image.push"},
                                 {"delete", "container-registry.image.delete"}};

// What one request for a token asks.
struct Asked {
  std::vector<domain::Scope> scopes;
  bool offline = false;
  std::string client;
};

bool Asks(const domain::Scope& scope, std::string_view action) {
  return std::any_of(scope.actions.begin(), scope.actions.end(),
                     [&](const std::string& asked) { return asked == action || asked == "*"; });
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> Get(Context& context) const {
    Asked asked;
    BW_TRY(asked.scopes, domain::ParseScopes(context.query.GetAll("scope")));
    asked.offline = QueryText(context, "offline_token") == "true";
    asked.client = QueryText(context, "client_id");
    BW_TRY(const auto login, LoginOf(context, HeaderText(context, "Authorization")));
    return Answer(context, asked, login ? &*login : nullptr, false);
  }

  Result<net::Response> Post(Context& context) const {
    BW_TRY(const net::Parameters form, ReadForm(context));
    Asked asked;
    BW_TRY(asked.scopes, domain::ParseScopes(form.GetAll("scope")));
    asked.offline = form.Get("access_type") == "offline";
    asked.client = std::string(form.Get("client_id").value_or(""));
    BW_TRY(const domain::Login login, LoginOfForm(context, form));
    return Answer(context, asked, &login, true);
  }

 private:
  // Nobody for no header, and for Basic with neither user nor password.
  Result<std::optional<domain::Login>> LoginOf(const Context& context,
                                               std::string_view authorization) const {
    if (authorization.empty()) return std::optional<domain::Login>{};
    BW_TRY(const auto basic, domain::ParseBasic(authorization));
    if (!basic) {
      return Unauthenticated("a token is given for Basic credentials")
          .Reason("login_method_unsupported");
    }
    if (basic->user.empty() && basic->password.empty()) return std::optional<domain::Login>{};
    BW_TRY(auto login, deps_.credentials.WithBasic(*basic, context.caller.origin));
    return std::optional<domain::Login>(std::move(login));
  }

  Result<domain::Login> LoginOfForm(const Context& context, const net::Parameters& form) const {
    const auto grant = form.Get("grant_type").value_or("");
    if (grant == "password") {
      return deps_.credentials.WithBasic({std::string(form.Get("username").value_or("")),
                                          Secret(std::string(form.Get("password").value_or("")))},
                                         context.caller.origin);
    }
    if (grant == "refresh_token") {
      return deps_.credentials.WithRefreshToken(form.Get("refresh_token").value_or(""),
                                                context.caller.origin);
    }
    return Invalid("grant_type must be password or refresh_token").Reason("unsupported_grant");
  }

  // The part of the scopes that the caller may do. Refused scopes stay, without actions.
  Result<std::vector<domain::Scope>> Grant(const Context& context, const Asked& asked,
                                           const domain::Login* login) const {
    std::vector<domain::Scope> granted;
    control::Caller caller{.actor = {}, .origin = context.caller.origin};
    if (login != nullptr) caller.actor = domain::ToActor(*login);
    for (const domain::Scope& scope : asked.scopes) {
      domain::Scope part{.type = scope.type, .name = scope.name, .actions = {}};
      if (scope.type == "repository") {
        BW_TRY(part.actions, RepositoryActions(context, caller, scope));
      } else if (login != nullptr && scope.type == "registry" && scope.name == "catalog" &&
                 Asks(scope, "*")) {
        part.actions = {"*"};  // the catalog shows each caller what they may see
      }
      granted.push_back(std::move(part));
    }
    return granted;
  }

  Result<std::vector<std::string>> RepositoryActions(const Context& context,
                                                     const control::Caller& caller,
                                                     const domain::Scope& scope) const {
    // Nobody has no account: what is public is that of the installation's own, as for every request
    // without a credential.
    const bool nobody = caller.actor.kind == control::IdentityKind::kAnonymous;
    const AccountId& account = nobody ? context.account : caller.actor.account;
    const control::Resource resource =
        registry::RepositoryResource(deps_.namespaces, account, context.registry, scope.name);
    std::vector<std::string> actions;
    for (const RightName& right : kRights) {
      if (!Asks(scope, right.scope)) continue;
      const Status may = deps_.authorizer.Authorize(
          caller, right.action,
          right.action == registry::action::kImagePull
              ? registry::PullResource(deps_.namespaces, deps_.authorizer, caller, account,
                                       context.registry, scope.name)
              : resource);
      if (may.ok()) {
        actions.emplace_back(right.scope);
      } else if (may.error().code() != ErrorCode::kDenied &&
                 !(nobody && may.error().code() == ErrorCode::kUnauthenticated)) {
        return may.error();
      }
    }
    return actions;
  }

  Result<net::Response> Answer(const Context& context, const Asked& asked,
                               const domain::Login* login, bool with_scope) const {
    if (asked.client.size() > kMaxClientId) return Invalid("the client id is too long");
    if (login != nullptr) BW_TRY_STATUS(deps_.address_guard.Check(context.caller.origin, *login));
    BW_TRY(const auto granted, Grant(context, asked, login));
    BW_TRY(const auto token,
           deps_.tokens.IssueRegistry(login, context.registry.name.value(), granted));
    json::Object body{{"token", Text(token.token)},
                      {"access_token", Text(token.token)},
                      {"expires_in", ToUnixSeconds(token.expires) - ToUnixSeconds(token.issued)},
                      {"issued_at", Text(FormatRfc3339(token.issued))}};
    if (with_scope) body["scope"] = Text(domain::FormatScopes(granted));
    // A token that ends within the hour is no ground for one that lasts for weeks; and of a session
    // one refresh token alone is good, which is the caller's IAM client's to use.
    if (asked.offline && login != nullptr && login->by == nullptr && login->credential != "token" &&
        login->session == nullptr) {
      BW_TRY(const auto refresh, deps_.tokens.IssueRefresh(*login, asked.client));
      body["refresh_token"] = Text(refresh.token);
    }
    return JsonResponse(200, body);
  }

  IamDeps deps_;
};

}  // namespace

void AddOauthEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  out->push_back({"GET", "/oauth/token", "GetRegistryToken",
                  Access::Anyone("turns credentials into a token; nobody's holds what is public"),
                  faces.oauth, [handlers](Context& c) { return handlers.Get(c); }});
  out->push_back({"POST", "/oauth/token", "CreateRegistryToken",
                  Access::Anyone("the credential is in the form"), faces.oauth,
                  [handlers](Context& c) { return handlers.Post(c); }});
}

}  // namespace breakwater::api::iam
