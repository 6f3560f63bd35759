// The audit trail under /breakwater/v1/audit: as records, as the reference system's activity
// events, as sealed entries, and what is set for it.
#pragma once

#include <vector>

#include "admin/audit_settings.h"
#include "admin/checks.h"
#include "api/endpoint.h"
#include "api/scc_face.h"
#include "audit/heads.h"
#include "audit/log.h"
#include "audit/segments.h"

namespace breakwater::api::native {

struct AuditDeps {
  const audit::Log& log;
  const audit::Heads& heads;
  const audit::Segments& segments;
  admin::AuditSettings& settings;
  admin::Checks& checks;
  // The installation's own account: the trail is one chain of all accounts, and its settings are
  // everybody's.
  AccountId owner;
};

// What is referred to must outlive the endpoints.
std::vector<Endpoint> AuditEndpoints(AuditDeps deps, const SccFace& face);

}  // namespace breakwater::api::native
