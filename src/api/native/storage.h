// The registry's storage over HTTP: what the stored bytes are, and the collection of garbage.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "control/change.h"
#include "registry/accounting.h"
#include "registry/collector.h"

namespace breakwater::api::native {

struct StorageDeps {
  const registry::Accounting& accounting;
  registry::Collector& collector;
  control::ChangePath& changes;
};

// GET /breakwater/v1/storage: what the account's bytes are, or with ?registry=, ?namespace= and
// ?repository= those of a part. {"scope", "bytes", "states": {"live": {"bytes", "blobs",
// "blob_bytes", "shared_bytes", "manifests", "manifest_bytes"}, "untagged": …, "leased": …,
// "trash": …, "unreferenced": …, "uploading": …}}; the states add up to "bytes". With ?by=registry, namespace
// or repository also "parts": [{"registry", "name", "bytes", "states"}…], a hundred of those after
// ?after_registry= and ?after=, and "more" if there may be others.
// POST /breakwater/v1/garbage-collection: removes the account's blobs that no manifest needs and
// whose leases have run out, now instead of within the hour. With ?dry_run=true it only says what
// it would remove. {"dry_run", "removed": [LINK…], "held": [LINK…], "freed": {"blobs", "bytes"},
// "more"}; a LINK has registry, repository, digest, size, linked, leased_until and reason. "more":
// ask again for what this answer had no room for.
//
// What is referred to must outlive the endpoints.
std::vector<Endpoint> StorageEndpoints(StorageDeps deps, const SccFace& face);

}  // namespace breakwater::api::native
