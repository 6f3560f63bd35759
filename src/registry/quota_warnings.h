// Warnings that a quota is nearly used up (ibm-registry 5, row 23).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "registry/stored_bytes.h"

namespace breakwater::registry {

namespace event {
// The use of a quota has passed a threshold: account, registry, namespace (empty: the account's
// quota), quota ("storage" or "traffic"), percent (80, 95 or 100), used, limit.
inline constexpr std::string_view kQuotaWarning = "quota.warning";
}  // namespace event

// The highest threshold that `used` has reached: 0, 80, 95 or 100 per cent of the limit.
std::int64_t ThresholdOf(std::int64_t used, std::int64_t limit);

jobs::Event QuotaWarning(const BookKey& key, std::string_view quota, std::int64_t percent,
                         std::int64_t used, std::int64_t limit);

// Folds what pushes and deletions have changed into the sums of what is stored, and warns. Run it
// about once a second.
class Quotas;
Status FoldAndWarn(db::Database& database, const Quotas& quotas, jobs::Jobs& jobs);

}  // namespace breakwater::registry
