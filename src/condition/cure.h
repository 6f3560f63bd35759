// What would make a violated condition hold: the change that a refusal shows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "condition/condition.h"
#include "condition/parameters.h"
#include "condition/value.h"
#include "json/json.h"

namespace breakwater::condition {

// "set `property` to `value`"; a null value says that the property must be removed or emptied.
struct Assignment {
  std::string property;
  json::Value value;

  friend bool operator==(const Assignment&, const Assignment&) = default;
};

// Assignments after which the condition is compliant, none of which can be left out; each "or" is
// cured by the part that needs the fewest. Empty if it is compliant already; nullopt if no such
// assignments are known: a fact is unavailable, parts contradict each other, or the requirement
// does not determine a value (a pattern with wildcards, say).
std::optional<std::vector<Assignment>> Cure(const Condition& condition,
                                            const Parameters& parameters, const Facts& facts);

// "set private_only to true and direct_policies to 0".
std::string Describe(const std::vector<Assignment>& cure);
// {"private_only": true}.
json::Value ToJson(const std::vector<Assignment>& cure);

}  // namespace breakwater::condition
