// What the reference system lacks, under /breakwater/v1: who am I, which registries.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "condition/catalogue.h"
#include "control/registries.h"

namespace breakwater::api::native {

struct NativeDeps {
  const control::Registries& registries;
  const condition::Catalogue& catalogue;
};

// What is referred to must outlive the endpoints.
std::vector<Endpoint> NativeEndpoints(NativeDeps deps, const SccFace& face);

}  // namespace breakwater::api::native
