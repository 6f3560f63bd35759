// Which images a change asks rules about.
#pragma once

#include <functional>
#include <set>
#include <vector>

#include "base/result.h"
#include "control/resource.h"
#include "db/database.h"
#include "oci/digest.h"
#include "registry/types.h"

namespace breakwater::registry {

// Of the manifests that a change touches, the images that are there and that rules ask about: they
// are judged with it. Asked inside the change's transaction.
using GovernedImages = std::function<Result<std::vector<control::Resource>>(
    db::Transaction& tx, const RepositoryPath& path, const std::set<oci::Digest>& digests)>;

}  // namespace breakwater::registry
