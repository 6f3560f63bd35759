// Who may do what, and why: /breakwater/v1/access/explain and …/who-can.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "iam/access_explainer.h"
#include "iam/api_keys.h"
#include "iam/policies.h"
#include "iam/policy_warnings.h"
#include "registry/namespaces.h"

namespace breakwater::api::iam {

// All must outlive the endpoints.
struct AccessDeps {
  ::breakwater::iam::AccessExplainer& explainer;
  ::breakwater::iam::Policies& policies;
  ::breakwater::iam::PolicyWarnings& warnings;
  ::breakwater::iam::ApiKeys& api_keys;
  control::Authorizer& authorizer;
  const registry::Namespaces& namespaces;
};

std::vector<Endpoint> AccessEndpoints(const AccessDeps& deps, const SccFace& face);

}  // namespace breakwater::api::iam
