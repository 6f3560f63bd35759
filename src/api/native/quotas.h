// Quotas to the byte, under /breakwater/v1: of the account in a registry with their enforcement,
// and of one namespace, which the reference system does not have.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "registry/quotas.h"
#include "registry/traffic.h"

namespace breakwater::api::native {

struct QuotaDeps {
  registry::Quotas& quotas;
  registry::Traffic& traffic;
  db::Database& database;
};

// What is referred to must outlive the endpoints.
std::vector<Endpoint> QuotaEndpoints(QuotaDeps deps, const SccFace& face);

}  // namespace breakwater::api::native
