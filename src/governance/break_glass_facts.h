// What goals ask of break-glass: facts of configuration-governance/break-glass, one resource of
// each account.
#pragma once

#include <vector>

#include "base/time.h"
#include "control/facts.h"

namespace breakwater::governance {

condition::ResourceType BreakGlassType();

// Thread-safe.
class BreakGlassFacts final : public control::FactSource {
 public:
  explicit BreakGlassFacts(const Clock& clock) : clock_(clock) {}

  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  const Clock& clock_;
};

}  // namespace breakwater::governance
