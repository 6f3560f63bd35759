// What is known of repositories, as facts for goals and rules: kind container-registry/repository.
// One for each that holds something.
#pragma once

#include <string>
#include <vector>

#include "control/facts.h"
#include "control/registries.h"
#include "registry/types.h"

namespace breakwater::registry {

// Thread-safe.
class RepositoryFacts final : public control::FactSource {
 public:
  RepositoryFacts(const control::Registries& registries, const Clock& clock)
      : registries_(registries), clock_(clock) {}

  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  const control::Registries& registries_;
  const Clock& clock_;
};

condition::ResourceType RepositoryType();

}  // namespace breakwater::registry
