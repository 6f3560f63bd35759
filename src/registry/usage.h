// What accounts use and may use, for their platform metrics (ibm-registry 3.12).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "registry/quotas.h"

namespace breakwater::registry {

struct Usage {
  AccountId account;
  RegistryName registry;
  Limits limits;
  std::int64_t storage_bytes = 0;  // each layer and config once, however many images share it
  std::int64_t traffic_bytes = 0;  // pulled over public connections in the month of `now`
};

// Of every account and registry whose setting platform_metrics is on.
Result<std::vector<Usage>> PublishedUsage(db::Database& database, const Quotas& quotas,
                                          Timestamp now);

struct NamespaceUsage {
  AccountId account;
  RegistryName registry;
  std::string name_space;
  std::int64_t storage_bytes = 0;  // as of the last second or two
  std::int64_t traffic_bytes = 0;
};

// Of at most `limit` namespaces of those accounts and registries.
Result<std::vector<NamespaceUsage>> PublishedNamespaceUsage(db::Database& database, Timestamp now,
                                                            std::size_t limit);

}  // namespace breakwater::registry
