// The register of exceptions: asked for by one, approved by another, ended by either or by time.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "base/time.h"
#include "control/exceptions.h"

namespace breakwater::api::native {

// What is referred to must outlive the endpoints.
std::vector<Endpoint> ExceptionEndpoints(control::Exceptions& exceptions, const Clock& clock,
                                         const SccFace& face);

}  // namespace breakwater::api::native
