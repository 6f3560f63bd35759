// Making a repository's link to a blob, with all that comes of it where sparse images wait for the
// blob (registry/absent_layers.h): it is counted as stored, so hard quotas are kept to, and who
// waits for whole images is told.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "oci/digest.h"
#include "registry/admission.h"
#include "registry/types.h"

namespace breakwater::registry {

struct BlobLinks {
  jobs::Jobs* jobs = nullptr;            // null: nobody is told
  const Admission* admission = nullptr;  // null: there are no quotas

  // The hard limits of what is linked into the repository; asked outside of the transaction.
  Result<Admission::Terms> TermsOf(const RepositoryPath& path) const;
  // Links an existing blob, or prolongs the lease of its link. kQuota "storage_quota_exceeded" if
  // images wait for it and would be too large with it.
  Status Link(db::Transaction& tx, const RepositoryPath& path, const std::string& repository_id,
              const oci::Digest& digest, Timestamp now, const Admission::Terms& terms) const;
};

}  // namespace breakwater::registry
