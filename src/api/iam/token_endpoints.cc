// POST /identity/token and what belongs to it (ibm-registry 4.1).

#include <algorithm>

#include "api/iam/handlers.h"
#include "crypto/jwt.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

constexpr std::string_view kApiKeyGrant = "urn:ibm:params:oauth:grant-type:apikey";
constexpr std::string_view kRefreshGrant = "refresh_token";
constexpr std::string_view kAssumeGrant = "urn:ibm:params:oauth:grant-type:assume";
constexpr std::string_view kPasswordGrant = "password";
constexpr std::string_view kPasscodeGrant = "urn:ibm:params:oauth:grant-type:passcode";
constexpr std::string_view kDeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr std::string_view kExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view kComputeGrant = "urn:ibm:params:oauth:grant-type:cr-token";
constexpr std::string_view kGrants[] = {kApiKeyGrant,   kRefreshGrant, kPasswordGrant,
                                        kPasscodeGrant, kDeviceGrant,  kExchangeGrant,
                                        kComputeGrant,  kAssumeGrant};
// RFC 8693 §3: what a token may be offered as.
constexpr std::string_view kTokenTypes[] = {"urn:ietf:params:oauth:token-type:jwt",
                                            "urn:ietf:params:oauth:token-type:id_token",
                                            "urn:ietf:params:oauth:token-type:access_token"};
constexpr std::string_view kNoClient = "default";
constexpr std::size_t kMaxClientId = 128;

Result<std::string> Required(const net::Parameters& form, std::string_view name) {
  const auto value = form.Get(name);
  if (!value || value->empty()) {
    return Invalid("Property missing or empty: " + std::string(name)).Reason("missing_parameter");
  }
  return std::string(*value);
}

// The client id of the Basic header, e.g. "bx", or "": its secret is public knowledge and proves
// nothing.
Result<std::string> ClientId(const Context& context) {
  BW_TRY(const auto basic, domain::ParseBasic(HeaderText(context, "Authorization")));
  if (!basic) return std::string();
  if (basic->user.size() > kMaxClientId) return Invalid("the client id is too long");
  return basic->user;
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> Exchange(Context& context) const {
    BW_TRY(const net::Parameters form, ReadForm(context));
    BW_TRY(const std::string client, ClientId(context));
    BW_TRY(const std::string grant, Required(form, "grant_type"));
    if (grant == kApiKeyGrant) {
      BW_TRY(const std::string key, Required(form, "apikey"));
      BW_TRY(const domain::Login login,
             deps_.credentials.WithApiKey(Secret(key), context.caller.origin));
      return Answer(context, login, grant, client, {});
    }
    if (grant == kRefreshGrant) {
      BW_TRY(const std::string token, Required(form, "refresh_token"));
      return Refresh(context, token, client);
    }
    if (grant == kAssumeGrant) {
      BW_TRY(const domain::Login login, Assume(form));
      return Answer(context, login, grant, client, {});
    }
    if (grant == kPasswordGrant) return ByPassword(context, form, client);
    if (grant == kPasscodeGrant) {
      BW_TRY(const std::string passcode, Required(form, "passcode"));
      BW_TRY(
          const domain::Login login,
          deps_.sign_in.WithPasscode(context.caller.origin, Secret(passcode),
                                     Secret(std::string(form.Get("code_verifier").value_or("")))));
      return Answer(context, login, grant, client, {});
    }
    if (grant == kDeviceGrant) return ByDevice(context, form, client);
    if (grant == kExchangeGrant) return ByExchange(context, form, client);
    if (grant == kComputeGrant) {
      BW_TRY(const std::string token, Required(form, "cr_token"));
      return ByWorkload(context, form, token, grant, client);
    }
    return Invalid("this grant type is not offered: the discovery document lists those that are")
        .Reason("unsupported_grant");
  }

  Result<net::Response> MakePasscode(Context& context) const {
    BW_TRY(const auto made, deps_.sign_in.MakePasscode(context.caller));
    return JsonResponse(200, {{"passcode", Text(made.value.Reveal())},  // shown this once
                              {"expiration", ToUnixSeconds(made.expires)}});
  }

  // OpenID Connect Core 5.3, with the reference's names beside.
  Result<net::Response> Userinfo(Context& context) const {
    const control::Actor& actor = context.caller.actor;
    json::Object body{{"sub", Text(actor.name)},
                      {"iss", Text(deps_.tokens.options().issuer)},
                      {"active", true},
                      {"iam_id", Text(actor.iam_id.value())},
                      {"name", Text(actor.name)},
                      {"account", {{"valid", true}, {"bss", Text(actor.account.value())}}}};
    if (actor.kind == control::IdentityKind::kUser && !domain::IsBreakGlass(actor.iam_id)) {
      BW_TRY(const auto user, deps_.users.Get(actor.account, actor.iam_id));
      body["sub"] = body["email"] = Text(user.email);
      body["given_name"] = Text(user.first_name);
      body["family_name"] = Text(user.last_name);
    }
    return JsonResponse(200, body);
  }

  Result<net::Response> Keys(Context&) const { return JsonResponse(200, deps_.tokens.Jwks()); }

  Result<net::Response> Discovery(Context&) const {
    const std::string& issuer = deps_.tokens.options().issuer;
    return JsonResponse(
        200, {{"issuer", Text(issuer)},
              {"token_endpoint", Text(issuer + "/token")},
              {"jwks_uri", Text(issuer + "/keys")},
              {"userinfo_endpoint", Text(issuer + "/userinfo")},
              {"response_types_supported", json::Array{"cloud_iam"}},
              {"grant_types_supported", GrantsJson()},
              {"subject_types_supported", json::Array{"public"}},
              {"id_token_signing_alg_values_supported", json::Array{"RS256"}},
              {"token_endpoint_auth_methods_supported", json::Array{"client_secret_basic"}}});
  }

 private:
  static json::Array GrantsJson() {
    json::Array grants;
    for (const std::string_view grant : kGrants) grants.push_back(Text(grant));
    return grants;
  }

  Result<net::Response> ByPassword(Context& context, const net::Parameters& form,
                                   const std::string& client) const {
    domain::PasswordGrant grant;
    BW_TRY(grant.name, Required(form, "username"));
    BW_TRY(std::string password, Required(form, "password"));
    grant.password = Secret(std::move(password));
    grant.new_password = Secret(std::string(form.Get("new_password").value_or("")));
    BW_TRY(const domain::Login login, deps_.sign_in.WithPassword(context.caller.origin, grant));
    return Answer(context, login, kPasswordGrant, client, {});
  }

  Result<domain::Login> Assume(const net::Parameters& form) const {
    BW_TRY(const std::string token, Required(form, "access_token"));
    domain::ProfileName profile{
        .id = std::string(form.Get("profile_id").value_or("")),
        .crn = std::string(form.Get("profile_crn").value_or("")),
        .name = std::string(form.Get("profile_name").value_or("")),
        .account = AccountId(std::string(form.Get("account").value_or("")))};
    if (profile.id.empty() && profile.crn.empty() &&
        (profile.name.empty() || profile.account.empty())) {
      return Invalid(
                 "Property missing or empty: profile_id, profile_crn, or profile_name with account")
          .Reason("missing_parameter");
    }
    BW_TRY(const domain::Login base, deps_.credentials.WithAccessToken(token));
    return deps_.credentials.Assume(base, profile);
  }

  Result<net::Response> ByDevice(Context& context, const net::Parameters& form,
                                 const std::string& client) const {
    BW_TRY(const std::string code, Required(form, "device_code"));
    BW_TRY_STATUS(deps_.sign_in.EnterDevicePoll(context.caller.origin));
    std::optional<Error> refusal;
    for (const OpenidSource& source : deps_.outside.providers) {
      // A code opens at the source that gave it alone.
      const auto person = source.provider->FinishDevice(code);
      if (person.ok()) {
        BW_TRY(
            const domain::Login login,
            deps_.sign_in.WithPerson(context.caller.origin, source.admission, *person, "device"));
        return Answer(context, login, kDeviceGrant, client, {});
      }
      if (!refusal || refusal->reason() == "expired_token") refusal = person.error();
    }
    if (refusal) return *std::move(refusal);
    return Invalid("no source of identities offers sign-in by device").Reason("unsupported_grant");
  }

  Result<net::Response> ByExchange(Context& context, const net::Parameters& form,
                                   const std::string& client) const {
    BW_TRY(const std::string type, Required(form, "subject_token_type"));
    if (std::find(std::begin(kTokenTypes), std::end(kTokenTypes), type) == std::end(kTokenTypes)) {
      return Invalid("subject_token_type must be that of a JWT").Reason("unsupported_grant");
    }
    BW_TRY(const std::string token, Required(form, "subject_token"));
    return ByWorkload(context, form, token, kExchangeGrant, client);
  }

  Result<net::Response> ByWorkload(Context& context, const net::Parameters& form,
                                   const std::string& token, std::string_view grant_type,
                                   const std::string& client) const {
    domain::WorkloadGrant grant;
    grant.profile_id = std::string(form.Get("profile_id").value_or(""));
    if (grant.profile_id.empty()) {
      BW_TRY(grant.profile_name, Required(form, "profile_name"));
    }
    const auto workload = deps_.outside.workloads.Identify(token);
    if (!workload.ok()) {
      if (workload.error().code() == ErrorCode::kUnauthenticated) {
        deps_.sign_in.RecordRefusal(context.caller.origin, workload.error());
      }
      return workload.error();
    }
    grant.source = workload->by->name;
    grant.token_end = crypto::ExpiryOf(workload->claims);
    grant.assumer = AssumerOf(*workload);
    BW_TRY(const domain::Login login, deps_.sign_in.WithWorkload(context.caller.origin, grant));
    // It proves itself anew with a fresh token of its issuer.
    return Answer(context, login, grant_type, client, "not_supported");
  }

  domain::Assumer AssumerOf(const domain::oidc::Workload& workload) const {
    domain::Assumer assumer;
    assumer.realm = workload.by->realm;
    assumer.claims = workload.claims;
    for (const WorkloadSource& source : deps_.outside.workload_kinds) {
      if (source.name != workload.by->name) continue;
      assumer.cr_type = source.cr_type;
      assumer.crn = source.crn;
    }
    // As Kubernetes writes them (projected service account tokens).
    if (const json::Value* kubernetes = workload.claims.if_contains("kubernetes.io")) {
      assumer.name_space = std::string(json::FindText(*kubernetes, "namespace"));
      if (const json::Value* account = json::Find(*kubernetes, "serviceaccount")) {
        assumer.resource_name = std::string(json::FindText(*account, "name"));
      }
    }
    return assumer;
  }

  // An API key's refresh token stays good, as clients of the reference share it. A session's is
  // good once.
  Result<net::Response> Refresh(Context& context, const std::string& token,
                                const std::string& client) const {
    BW_TRY(const auto claims, deps_.tokens.VerifyRefresh(token));
    if (!domain::IsSessionId(claims.credential_id)) {
      BW_TRY(const domain::Login login, deps_.credentials.WithRefreshToken(token));
      return Answer(context, login, kRefreshGrant, client, token);
    }
    BW_TRY_STATUS(deps_.sign_in.Recheck(context.caller.origin, claims.credential_id));
    BW_TRY(const auto session,
           deps_.sessions.Rotate(context.caller.origin, claims.credential_id, claims.generation));
    BW_TRY(const domain::Login login, deps_.credentials.WithSession(session, "refresh-token"));
    return Answer(context, login, kRefreshGrant, client, {});
  }

  // The event of the reference system (ibm-registry 3.14). Where a session begins, that is recorded
  // as a change besides.
  static void NoteSignIn(Context& context, const domain::Login& login, std::string_view grant) {
    context.caller.actor = domain::ToActor(login);
    const control::Actor& actor = context.caller.actor;
    const auto by = grant == kRefreshGrant    ? domain::SignInBy::kRefreshToken
                    : grant == kPasscodeGrant ? domain::SignInBy::kPasscode
                                              : domain::SignInBy::kCredential;
    context.activity.action = domain::SignInAction(actor.kind, by);
    context.activity.resource =
        domain::IamResource(actor.account, "iam-identity", "login", actor.iam_id.value());
    context.activity.request = {{"grant_type", Text(grant)}};
  }

  // `refresh`: the refresh token that was used and stays good, or "".
  Result<net::Response> Answer(Context& context, const domain::Login& login, std::string_view grant,
                               const std::string& client, std::string refresh) const {
    BW_TRY_STATUS(deps_.address_guard.Check(context.caller.origin, login));
    NoteSignIn(context, login, grant);
    if (login.who->state == domain::UserState::kPending) {
      BW_TRY_STATUS(deps_.users.Activate(login.who->identity.account, login.who->identity.iam_id));
    }
    BW_TRY(const auto token,
           deps_.tokens.IssueAccess(login, grant, client.empty() ? kNoClient : client));
    if (refresh.empty()) {
      refresh = "not_supported";
      if (!client.empty() && login.by == nullptr) {
        BW_TRY(const auto made, deps_.tokens.IssueRefresh(login, client));
        refresh = made.token;
      }
    }
    const std::int64_t expiration = ToUnixSeconds(token.expires);
    return JsonResponse(200, {{"access_token", Text(token.token)},
                              {"refresh_token", Text(refresh)},
                              {"issued_token_type", Text(kTokenTypes[2])},
                              {"token_type", "Bearer"},
                              {"expires_in", expiration - ToUnixSeconds(token.issued)},
                              {"expiration", expiration},
                              {"scope", "ibm openid"}});
  }

  IamDeps deps_;
};

struct Route {
  std::string_view path;
  std::string_view operation;
};
// The same under two prefixes; each operation has a name of its own, as OpenAPI wants it.
struct Routes {
  Route token;
  Route keys;
  Route discovery;
  Route passcode;
  Route userinfo;
};
constexpr Routes kRoutes[] = {
    {{"/identity/token", "CreateToken"},
     {"/identity/keys", "GetTokenKeys"},
     {"/identity/.well-known/openid-configuration", "GetOpenidConfiguration"},
     {"/identity/passcode", "CreatePasscode"},
     {"/identity/userinfo", "GetUserinfo"}},
    {{"/iam/identity/token", "CreateTokenUnderIam"},
     {"/iam/identity/keys", "GetTokenKeysUnderIam"},
     {"/iam/identity/.well-known/openid-configuration", "GetOpenidConfigurationUnderIam"},
     {"/iam/identity/passcode", "CreatePasscodeUnderIam"},
     {"/iam/identity/userinfo", "GetUserinfoUnderIam"}},
};

}  // namespace

void AddTokenEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  for (const Routes& routes : kRoutes) {
    out->push_back({"POST", routes.token.path, routes.token.operation,
                    Access::Anyone("the credential is in the form"), faces.token,
                    [handlers](Context& c) { return handlers.Exchange(c); }});
    out->push_back({"GET", routes.keys.path, routes.keys.operation, Access::Anyone("public keys"),
                    faces.token, [handlers](Context& c) { return handlers.Keys(c); }});
    out->push_back({"GET", routes.discovery.path, routes.discovery.operation,
                    Access::Anyone("says where to find what is public"), faces.token,
                    [handlers](Context& c) { return handlers.Discovery(c); }});
    out->push_back({"POST", routes.passcode.path, routes.passcode.operation,
                    Access::SignedIn("a passcode is for the caller's own use elsewhere"),
                    faces.token, [handlers](Context& c) { return handlers.MakePasscode(c); }});
    out->push_back({"GET", routes.userinfo.path, routes.userinfo.operation,
                    Access::SignedIn("everybody may know who they are"), faces.token,
                    [handlers](Context& c) { return handlers.Userinfo(c); }});
  }
}

}  // namespace breakwater::api::iam
