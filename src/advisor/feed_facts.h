// How old the advisories are that images are matched with: facts of container-registry/advisories.
// One feed serves all accounts.
#pragma once

#include "base/time.h"
#include "control/account_facts.h"

namespace breakwater::advisor {

condition::ResourceType FeedType();

// Thread-safe.
class FeedFacts final : public control::AccountFacts {
 public:
  explicit FeedFacts(const Clock& clock) : AccountFacts(FeedType()), clock_(clock) {}

  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  const Clock& clock_;
};

}  // namespace breakwater::advisor
