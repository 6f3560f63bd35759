// How old the advisories are that images are matched with: facts of container-registry/advisories.
// One feed serves all accounts.
#pragma once

#include <vector>

#include "base/time.h"
#include "control/facts.h"

namespace breakwater::advisor {

condition::ResourceType FeedType();

// Thread-safe.
class FeedFacts final : public control::FactSource {
 public:
  explicit FeedFacts(const Clock& clock) : clock_(clock) {}

  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  const Clock& clock_;
};

}  // namespace breakwater::advisor
