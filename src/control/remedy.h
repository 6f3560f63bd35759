// Setting properties by name: how the cure of a violated rule is carried out. Implemented where the
// properties live; each Set is a change of its own, along the one path.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "condition/catalogue.h"
#include "condition/value.h"
#include "control/caller.h"
#include "control/resource.h"

namespace breakwater::control {

// Thread-safe.
class Remedy {
 public:
  using Assignments = std::vector<std::pair<std::string, condition::Value>>;
  virtual ~Remedy() = default;
  // The type whose resources it can set.
  virtual condition::ResourceType Type() const = 0;
  // Whether a property of that type can be set like this.
  virtual bool CanSet(std::string_view property) const = 0;
  // kInvalid if a property that can be set takes no such value, whatever the resource.
  virtual Status Check(std::string_view property, const condition::Value& value) const = 0;
  // All of them in one change; kInvalid if one cannot be set to that value.
  virtual Status Set(const Caller& caller, const Resource& resource,
                     const Assignments& assignments) = 0;
};

}  // namespace breakwater::control
