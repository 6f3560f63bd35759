// What goals ask of exceptions: facts of configuration-governance/exception, one resource for each
// that counts.
#pragma once

#include <string_view>
#include <vector>

#include "base/time.h"
#include "control/facts.h"

namespace breakwater::control {

Resource ExceptionResource(const AccountId& account, std::string_view id);

// Thread-safe.
class ExceptionFacts final : public FactSource {
 public:
  explicit ExceptionFacts(const Clock& clock) : clock_(clock) {}

  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<Resource>> List(db::Transaction& tx, const condition::ResourceType& type,
                                     const AccountId& account) override;
  Result<condition::Facts> Read(db::Transaction& tx, const Resource& resource) override;

 private:
  const Clock& clock_;
};

}  // namespace breakwater::control
