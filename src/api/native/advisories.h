// Advisory feeds over HTTP: what is in use, and a new one in its place.
#pragma once

#include <vector>

#include "advisor/advisor.h"
#include "advisor/importer.h"
#include "api/endpoint.h"
#include "api/scc_face.h"
#include "control/change.h"

namespace breakwater::api::native {

struct AdvisoriesDeps {
  advisor::Advisor& advisor;
  advisor::Importer& importer;
  control::ChangePath& changes;
};

// GET /breakwater/v1/advisories: {"feed": {…}}, null before the first import.
// POST /breakwater/v1/advisories?source=NAME: a tar of OSV records (plain, gzip or zstd) replaces
// the feed; one record as application/json is added to it. With ?sample=true and no body, the
// program's own sample replaces it.
//
// What is referred to must outlive the endpoints.
std::vector<Endpoint> AdvisoriesEndpoints(AdvisoriesDeps deps, const SccFace& face);

}  // namespace breakwater::api::native
