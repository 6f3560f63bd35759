// Evaluating goals over observed facts. Pure: the reading was done before.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "condition/parameters.h"
#include "control/resource.h"
#include "posture/content.h"
#include "posture/results.h"

namespace breakwater::posture {

struct ObservedResource {
  control::Resource resource;
  Result<condition::Facts> facts;  // an error: nothing of it could be read
};

// What is known of all of an account's resources of one type.
struct Observation {
  std::optional<Error> failure;  // the list itself could not be read
  std::vector<ObservedResource> resources;
};

// Lack of data is "unable to perform", no resource is "not applicable"; neither is ever a pass.
GoalResult Evaluate(const Goal& goal, const condition::Parameters& parameters,
                    const Observation& observation, Timestamp now);

// The goal's text with each "#" replaced by its parameters' values in order.
std::string WithParameters(std::string_view text, const Goal& goal,
                           const condition::Parameters& parameters);

}  // namespace breakwater::posture
