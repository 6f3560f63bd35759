// Numbers that are never given twice: ids of the reference system are digits.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "db/database.h"

namespace breakwater::posture {

// The first of `count` numbers of a series that begins at `first`.
Result<std::int64_t> TakeNumbers(db::Transaction& tx, std::string_view series, std::int64_t first,
                                 std::int64_t count = 1);

}  // namespace breakwater::posture
