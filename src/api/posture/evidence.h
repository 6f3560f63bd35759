// Evidence that is kept as OCI artifacts, in our own words: /breakwater/v1/posture/….
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "evidence/archive.h"

namespace breakwater::api::posture {

// All of them must outlive the endpoints.
std::vector<Endpoint> EvidenceEndpoints(const evidence::Archive& archive,
                                        breakwater::posture::Posture& posture, const SccFace& face);

}  // namespace breakwater::api::posture
