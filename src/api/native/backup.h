// What `breakwater backup create` asks a running server for.
#pragma once

#include <vector>

#include "admin/backup_snapshot.h"
#include "api/endpoint.h"
#include "api/scc_face.h"
#include "control/change.h"

namespace breakwater::api::native {

struct BackupDeps {
  admin::BackupSource& source;
  control::ChangePath& changes;
  const AccountId& owner;  // the account whose administrators run the installation
};

// GET /breakwater/v1/backup/snapshot: a tar stream of all rows of one moment
// (admin/backup_format.h); stands in the audit trail. GET /breakwater/v1/backup/blobs/{digest}: one
// of the blobs that they name. A backup is of all accounts: both are the business of the
// installation's own one.
//
// What is referred to must outlive the endpoints.
std::vector<Endpoint> BackupEndpoints(BackupDeps deps, const SccFace& face);

}  // namespace breakwater::api::native
