// What sub-rules look at, read from the sources of facts when it is asked for.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "condition/evaluate.h"
#include "control/facts.h"
#include "control/resource.h"
#include "db/database.h"

namespace breakwater::governance {

// The resources of the judged resource's account; of its registry alone where both are of one.
// Lives as long as the transaction and one judgement; not thread-safe.
class RelatedResources final : public condition::Related {
 public:
  RelatedResources(db::Transaction& tx, const control::FactSources& sources,
                   const control::Resource& judged)
      : tx_(tx), sources_(sources), judged_(judged) {}

  const std::vector<condition::RelatedResource>* Of(
      const condition::ResourceType& type) const override;

 private:
  using Found = std::optional<std::vector<condition::RelatedResource>>;
  Found Read(const condition::ResourceType& type) const;

  db::Transaction& tx_;
  const control::FactSources& sources_;
  const control::Resource& judged_;
  mutable std::map<condition::ResourceType, Found> read_;
};

}  // namespace breakwater::governance
