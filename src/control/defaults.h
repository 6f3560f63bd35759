// What a new resource starts with, where its account's owners decided it beforehand. Implemented by
// governance; asked by the folder that makes the resource, in the transaction that makes it.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "condition/value.h"
#include "control/resource.h"
#include "db/database.h"

namespace breakwater::control {

// Thread-safe.
class Defaults {
 public:
  using Map = std::map<std::string, condition::Value, std::less<>>;  // by property
  virtual ~Defaults() = default;
  virtual Result<Map> For(db::Transaction& tx, const Resource& resource) const = 0;
};

}  // namespace breakwater::control
