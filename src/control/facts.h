// Where facts about resources come from. One source for the gate, for scans and for what-if, so
// what is refused in front of a change and what is reported behind it cannot disagree.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "condition/catalogue.h"
#include "condition/value.h"
#include "control/resource.h"
#include "db/database.h"

namespace breakwater::control {

// Implemented where the facts live (registry, iam, notify, …). Thread-safe. Reads only through the
// transaction it is given, so that it sees a change that is not committed yet.
class FactSource {
 public:
  virtual ~FactSource() = default;
  // The types it knows, e.g. {container-registry, service}.
  virtual std::vector<condition::ResourceType> Types() const = 0;
  // The account's resources of a type there are now.
  virtual Result<std::vector<Resource>> List(db::Transaction& tx,
                                             const condition::ResourceType& type,
                                             const AccountId& account) = 0;
  // Adds what the coordinates of an event leave out and List tells: the resource group. Leaves as
  // it is what is not there.
  virtual Status Complete(db::Transaction&, Resource&) { return Ok(); }
  // All properties of one resource. A property that cannot be read is an unavailable fact with the
  // reason; an error means that nothing could be read.
  virtual Result<condition::Facts> Read(db::Transaction& tx, const Resource& resource) = 0;
};

// All sources, by type. Filled at start, immutable after.
class FactSources {
 public:
  void Add(FactSource& source);
  // Null if no source knows the type.
  FactSource* For(const condition::ResourceType& type) const;

 private:
  std::vector<std::pair<condition::ResourceType, FactSource*>> sources_;
};

}  // namespace breakwater::control
