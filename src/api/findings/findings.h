// Findings v1, the reading part (ibm-scc 3.2), and findings by state under /breakwater/v1.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "insights/findings.h"

namespace breakwater::api::findings {

std::vector<Endpoint> Endpoints(insights::Findings& findings, const SccFace& face);

}  // namespace breakwater::api::findings
