// What sub-rules look at, read from the sources of facts when it is asked for.
#pragma once

#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "condition/evaluate.h"
#include "control/facts.h"
#include "control/resource.h"
#include "db/database.h"

namespace breakwater::governance {

// Whether sub-rules that judge one resource look at the other: of its account; of its registry
// alone where both are of one.
bool IsInSight(const control::Resource& judged, const control::Resource& other);

// Reads each resource once for all that look at it. Lives as long as nothing changes in the
// transaction; not thread-safe.
class RelatedResources {
 public:
  RelatedResources(db::Transaction& tx, const control::FactSources& sources)
      : tx_(tx), sources_(sources) {}

  // Null if they cannot be read.
  const std::vector<condition::RelatedResource>* Of(const control::Resource& judged,
                                                    const condition::ResourceType& type);

 private:
  using Found = std::optional<std::vector<condition::RelatedResource>>;
  // An account, a registry of it or none, and what is there.
  using Key = std::tuple<AccountId, RegistryName, condition::ResourceType>;
  Found Read(const control::Resource& judged, const condition::ResourceType& type);

  db::Transaction& tx_;
  const control::FactSources& sources_;
  std::map<Key, Found> read_;
};

// What one resource's sub-rules look at.
class RelatedTo final : public condition::Related {
 public:
  RelatedTo(RelatedResources& resources, const control::Resource& judged)
      : resources_(resources), judged_(judged) {}

  const std::vector<condition::RelatedResource>* Of(
      const condition::ResourceType& type) const override {
    return resources_.Of(judged_, type);
  }

 private:
  RelatedResources& resources_;
  const control::Resource& judged_;
};

}  // namespace breakwater::governance
