// Posture Management v1 and v2 (ibm-scc 2.7 to 2.9; misspellings included), and what it lacks under
// /breakwater/v1/posture.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "audit/heads.h"
#include "posture/posture.h"

namespace breakwater::api::posture {

// The posture, the heads and the face must outlive the endpoints.
std::vector<Endpoint> Endpoints(breakwater::posture::Posture& posture, const audit::Heads& heads,
                                const SccFace& face);

}  // namespace breakwater::api::posture
