// The tree of enterprise, account groups and accounts, and an account's resource groups, over HTTP
// as the reference's SDK speaks (enterprise-management v1 with the service URL
// https://HOST/breakwater/v1, resource-manager v2 with https://HOST/breakwater).
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "organization/organization.h"
#include "organization/resource_groups.h"

namespace breakwater::api::native {

struct EnterpriseDeps {
  organization::Organization& organization;
  organization::ResourceGroups& resource_groups;
};

// What is referred to must outlive the endpoints.
std::vector<Endpoint> EnterpriseEndpoints(EnterpriseDeps deps, const SccFace& face);
std::vector<Endpoint> ResourceGroupEndpoints(EnterpriseDeps deps, const SccFace& face);

}  // namespace breakwater::api::native
