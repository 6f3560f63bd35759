// Findings v1 (ibm-scc 3.2), and findings by state under /breakwater/v1.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "insights/findings.h"
#include "insights/notes.h"
#include "insights/occurrences.h"

namespace breakwater::api::findings {

struct Deps {
  const insights::Findings& findings;
  insights::Notes& notes;
  insights::Occurrences& occurrences;
};

std::vector<Endpoint> Endpoints(const Deps& deps, const SccFace& face);

}  // namespace breakwater::api::findings
