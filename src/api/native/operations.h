// What operators and probes ask: liveness, readiness, metrics, the API's own description.
#pragma once

#include <functional>
#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "base/secret.h"
#include "observe/metrics.h"

namespace breakwater::api::native {

// Who may read /metrics. Both may be asked for.
struct MetricsAccess {
  bool private_only = false;  // what does not come by private connections is refused
  Secret token = {};          // to be shown as a bearer token; empty: none is needed
};

struct Operations {
  const observe::Metrics& metrics;
  // OK when requests can be served now; the error's message says what is missing.
  std::function<Status()> ready;
  // The OpenAPI document; asked for at each request, since it is made from the finished table.
  std::function<json::Value()> openapi;
  MetricsAccess metrics_access = {};
};

std::vector<Endpoint> OperationsEndpoints(Operations operations, const SccFace& face);

}  // namespace breakwater::api::native
