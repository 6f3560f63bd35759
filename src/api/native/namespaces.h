// What a namespace has beyond the reference system, under /breakwater/v1/namespaces/{name}: which
// of its tags are immutable.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "registry/namespaces.h"
#include "registry/tag_immutability.h"

namespace breakwater::api::native {

struct NamespaceDeps {
  registry::TagImmutability& tag_immutability;
  const registry::Namespaces& namespaces;
};

// What is referred to must outlive the endpoints.
std::vector<Endpoint> NamespaceEndpoints(NamespaceDeps deps, const SccFace& face);

}  // namespace breakwater::api::native
