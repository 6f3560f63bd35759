// An account's whole configuration over HTTP: as one document, what another would change, and that
// change.
#pragma once

#include <vector>

#include "admin/configuration.h"
#include "api/endpoint.h"
#include "api/scc_face.h"
#include "control/change.h"

namespace breakwater::api::native {

struct ConfigurationDeps {
  admin::ConfigurationSections sections;
  control::ChangePath& changes;
  db::Database& database;
};

// GET /breakwater/v1/configuration: the document (admin/configuration.h).
// POST /breakwater/v1/configuration/plan with a document: {"digest", "steps": [{"section", "key",
// "action", "changes": [{"field", "before", "after"}…], "error"}…], "feasible", "not_tried"}.
// Nothing is changed; all steps are tried, and the one that would be refused has the "error".
// "feasible" is null where "not_tried" says why that could not be found out.
//
// POST /breakwater/v1/configuration/apply {"document", "digest", "keep_going"}: does what the plan
// with this digest shows, as one change, or step by step with "keep_going"; 412 "plan_changed" if
// it is another by now. 200 {"digest", "complete", "steps": [{"section", "key", "action",
// "outcome": "done", "refused", "undone" or "not_tried", "error"}…]}. Every step takes the rights,
// and is judged by the rules, of the change it makes.
//
// What is referred to must outlive the endpoints.
std::vector<Endpoint> ConfigurationEndpoints(ConfigurationDeps deps, const SccFace& face);

}  // namespace breakwater::api::native
