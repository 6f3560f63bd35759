// Exemptions under /va/api/v3 and /va/api/v4 (ibm-registry 2.2, 2.5): the same in both.
#pragma once

#include <vector>

#include "api/advisor/advisor.h"
#include "api/endpoint.h"

namespace breakwater::api::va {

void AddExemptionEndpoints(const AdvisorFace& face, const AdvisorDeps& deps,
                           std::vector<Endpoint>& out);

}  // namespace breakwater::api::va
