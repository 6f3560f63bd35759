// What accounts use, for their platform metrics (ibm-registry 3.12).
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "db/database.h"

namespace breakwater::registry {

struct Usage {
  AccountId account;
  RegistryName registry;
  std::int64_t storage_bytes = 0;  // each layer and config once, however many images share it
};

// Of every account and registry whose setting platform_metrics is on.
Result<std::vector<Usage>> PublishedUsage(db::Database& database);

}  // namespace breakwater::registry
