// What `breakwater backup create` asks a running server for.
#pragma once

#include <vector>

#include "admin/backup_snapshot.h"
#include "admin/checks.h"
#include "api/endpoint.h"
#include "api/scc_face.h"
#include "control/change.h"

namespace breakwater::api::native {

struct BackupDeps {
  admin::BackupSource& source;
  control::ChangePath& changes;
  admin::Checks& checks;
  const AccountId& owner;  // the account whose administrators run the installation
};

// GET /breakwater/v1/backup/snapshot: a tar stream of all rows of one moment
// (admin/backup_format.h); stands in the audit trail. GET /breakwater/v1/backup/blobs/{digest}: one
// of the blobs that they name, or a range of it; HEAD keeps all of them held. POST
// /breakwater/v1/backup/reports: who took a backup, or read one back, says that it is whole;
// posture asks how long ago that was. A backup is of all accounts: all of it is the business of the
// installation's own one.
//
// What is referred to must outlive the endpoints.
std::vector<Endpoint> BackupEndpoints(BackupDeps deps, const SccFace& face);

}  // namespace breakwater::api::native
