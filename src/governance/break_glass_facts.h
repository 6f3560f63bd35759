// What goals ask of break-glass: facts of configuration-governance/break-glass, one resource of
// each account.
#pragma once

#include "base/time.h"
#include "control/account_facts.h"

namespace breakwater::governance {

condition::ResourceType BreakGlassType();

// Thread-safe.
class BreakGlassFacts final : public control::AccountFacts {
 public:
  explicit BreakGlassFacts(const Clock& clock) : AccountFacts(BreakGlassType()), clock_(clock) {}

  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  const Clock& clock_;
};

}  // namespace breakwater::governance
