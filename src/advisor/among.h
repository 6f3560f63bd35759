// Rows of some digests, with one statement for many of them. Internal to advisor/.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/database.h"
#include "oci/digest.h"

namespace breakwater::advisor {

// Digests that one statement names.
inline constexpr std::size_t kDigestsAmong = 100;

// `select` ends with the column that is to be one of `digests`; `params` are its parameters from $1
// on. At most `at_once` digests, up to kDigestsAmong, are asked for together: on PostgreSQL their
// rows are in memory at once. Rows come in no order.
Status QueryAmong(db::Transaction& tx, std::string_view select,
                  const std::vector<db::Param>& params, const std::vector<oci::Digest>& digests,
                  const db::Transaction::RowCallback& row, std::size_t at_once = kDigestsAmong);

}  // namespace breakwater::advisor
