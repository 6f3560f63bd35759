// Configuration Governance v1 (ibm-scc 1.2, 1.3, 1.13): rules, attachments, and the results that
// the reference system never published.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "governance/governance.h"

namespace breakwater::api::governance {

// The governance and the face must outlive the endpoints.
std::vector<Endpoint> Endpoints(breakwater::governance::Governance& governance,
                                const SccFace& face);

}  // namespace breakwater::api::governance
