// Configuration Governance v1 (ibm-scc 1.2, 1.3, 1.13): rules, templates, attachments, and the
// results that the reference system never published.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "governance/governance.h"
#include "governance/templates.h"

namespace breakwater::api::governance {

// What is referred to must outlive the endpoints.
std::vector<Endpoint> Endpoints(breakwater::governance::Governance& governance,
                                breakwater::governance::Templates& templates, const SccFace& face);

}  // namespace breakwater::api::governance
