// What retention asks of manifests, read from rows. Internal to registry/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "db/database.h"
#include "oci/digest.h"
#include "registry/retention_rules.h"

namespace breakwater::registry {

inline constexpr std::size_t kCandidatesAtOnce = 500;  // that are read at once
// The next manifests of a repository after a digest, by digest: fewer than `limit` only at its end.
Result<std::vector<RetentionCandidate>> CandidatesAfter(db::Transaction& tx,
                                                        const RegistryName& registry,
                                                        std::string_view name_space,
                                                        const std::string& repository_id,
                                                        std::string_view digest, std::size_t limit);

// Those of `digests` that are there, by digest.
Result<std::vector<RetentionCandidate>> CandidatesAmong(db::Transaction& tx,
                                                        const RegistryName& registry,
                                                        std::string_view name_space,
                                                        const std::string& repository_id,
                                                        std::vector<oci::Digest> digests);

}  // namespace breakwater::registry
