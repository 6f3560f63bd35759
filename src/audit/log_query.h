// The statements that ask for records of the trail. Apart from their execution, so that tests can
// see by which index each finds its way.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log.h"
#include "db/database.h"

namespace breakwater::audit {

// Refers to the texts of what it is made from.
struct Statement {
  std::string sql;  // of (row, sequence, time, document)
  std::vector<db::Param> params;
};

// Records that match, in the order of their positions: behind `filter.after`, and up to `to`.
Statement SelectRecords(const Filter& filter, const std::optional<Position>& to = {});

// Records that match, in the order in which they were sealed: behind `filter.after->sealed` and up
// to `filter.sealed_until`, with a time of at most kLate before `filter.after`, and not after it.
// All of these are there.
Statement SelectLate(const Filter& filter);

// How much later than its time a record is sealed, and is listed by who went by it meanwhile.
inline constexpr std::chrono::hours kLate{24};

// A target as it is compared, by an index: bounded, since an index holds no long texts, and of what
// every database takes.
std::string ComparedTarget(std::string_view name);

}  // namespace breakwater::audit
