// Demands that no state can meet together: found before they are put in force, when nobody could
// change anything any more.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "condition/condition.h"
#include "condition/parameters.h"

namespace breakwater::condition {

// One of several conditions that are to hold of the same resource.
struct Demand {
  const Condition* condition = nullptr;
  const Parameters* parameters = nullptr;
};

// Why no facts comply with all of them: "private_only: is_true and is_false". Nothing if some do,
// and where it cannot be told (wildcard patterns, addresses, sub-rules, very many alternatives):
// what is reported is certain.
std::optional<std::string> Contradiction(const std::vector<Demand>& demands);

}  // namespace breakwater::condition
