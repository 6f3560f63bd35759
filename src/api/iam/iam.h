// Identity and access on the wire: the token services and the management APIs under /iam
// (ibm-registry 4.1-4.7; for /oauth/token, Docker registry v2 token specification).
//
// Of the reference's management APIs, this serves account settings, service IDs, API keys, trusted
// profiles, access groups with their members and rules, policies (v1 and v2), roles, users and
// context-based restrictions.
#pragma once

#include <string_view>
#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "control/change.h"
#include "iam/access_groups.h"
#include "iam/activity.h"
#include "iam/address_guard.h"
#include "iam/api_keys.h"
#include "iam/credentials.h"
#include "iam/custom_roles.h"
#include "iam/identities.h"
#include "iam/network_zones.h"
#include "iam/oidc/provider.h"
#include "iam/oidc/workloads.h"
#include "iam/policies.h"
#include "iam/policy_warnings.h"
#include "iam/profiles.h"
#include "iam/restriction_rules.h"
#include "iam/sessions.h"
#include "iam/settings_service.h"
#include "iam/sign_in/sign_in.h"
#include "iam/tokens.h"
#include "registry/namespaces.h"

namespace breakwater::api::iam {

namespace domain = ::breakwater::iam;

// {"errorCode","errorMessage","context":{"requestId"}}; wrong credentials are 400.
class TokenFace final : public Face {
 public:
  std::string_view name() const override { return "iam-token"; }
  net::Response EncodeError(const Error& error, const net::Request& request,
                            const Context* context) const override;
  void Decorate(net::Response& response, const net::Request& request) const override;
};

// {"trace","errors":[{"code","message","details"}],"status_code"}.
class ManagementFace final : public SccFace {
 public:
  ManagementFace() : SccFace("iam") {}
  net::Response EncodeError(const Error& error, const net::Request& request,
                            const Context* context) const override;
};

// The form of the data plane: {"errors":[{"code","message","detail"}]}.
class OauthFace final : public Face {
 public:
  std::string_view name() const override { return "oauth"; }
  Audience audience() const override { return Audience::kDataPlane; }
  net::Response EncodeError(const Error& error, const net::Request& request,
                            const Context* context) const override;
  void Decorate(net::Response& response, const net::Request& request) const override;
};

struct IamFaces {
  TokenFace token;            // unrouted prefix "/identity", "/iam/identity"
  ManagementFace management;  // unrouted prefix "/iam"
  OauthFace oauth;            // unrouted prefix "/oauth"
};

// An OpenID provider that people sign in from, and how they become users.
struct OpenidSource {
  domain::oidc::Provider* provider = nullptr;
  domain::Admission admission;
};

// How a token of a trusted issuer is understood: as what `cr_type` says runs where `crn` says, or,
// where that is empty, by its claims alone.
struct WorkloadSource {
  std::string name;  // that of its domain::oidc::TrustedIssuer
  std::string cr_type;
  std::string crn;
};

// Sources of identities that are asked over HTTP; empty where none are configured.
struct OutsideSources {
  std::vector<OpenidSource> providers;
  domain::oidc::Workloads workloads{{}};
  std::vector<WorkloadSource> workload_kinds;
};

// All must outlive the endpoints.
struct IamDeps {
  domain::Credentials& credentials;
  const domain::Tokens& tokens;
  domain::Sessions& sessions;
  domain::SignIn& sign_in;
  domain::AddressGuard& address_guard;
  domain::SettingsService& settings;
  domain::Users& users;
  domain::ServiceIds& service_ids;
  domain::ApiKeys& api_keys;
  domain::AccessGroups& groups;
  domain::Profiles& profiles;
  domain::Policies& policies;
  domain::CustomRoles& custom_roles;
  domain::PolicyWarnings& policy_warnings;
  domain::NetworkZones& zones;
  domain::RestrictionRules& restrictions;
  control::Authorizer& authorizer;
  const OutsideSources& outside;
  const registry::Namespaces& namespaces;  // whose groups the rights on repositories may name
  domain::Activity& activity;
};

// `faces` must outlive them.
std::vector<Endpoint> IamEndpoints(const IamFaces& faces, const IamDeps& deps);

}  // namespace breakwater::api::iam
