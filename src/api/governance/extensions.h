// What the reference system's governance lacks, under /breakwater/v1/governance: simulation,
// evaluation on demand, break-glass, repair.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "control/change.h"
#include "governance/break_glass.h"
#include "governance/repair.h"
#include "governance/results.h"
#include "governance/simulation.h"

namespace breakwater::api::governance {

struct ExtensionDeps {
  const breakwater::governance::Simulator& simulator;
  breakwater::governance::Results& results;
  breakwater::governance::BreakGlasses& break_glasses;
  breakwater::governance::Repairs& repairs;
  control::Authorizer& authorizer;
  const Clock& clock;
};

// What is referred to must outlive the endpoints.
std::vector<Endpoint> ExtensionEndpoints(ExtensionDeps deps, const SccFace& face);

}  // namespace breakwater::api::governance
