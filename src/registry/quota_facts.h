// What goals ask of quotas: facts of container-registry/quota. One for each registry of the
// account, and one for each namespace that has a quota of its own.
#pragma once

#include <vector>

#include "control/facts.h"
#include "control/registries.h"
#include "registry/quotas.h"

namespace breakwater::registry {

// Thread-safe.
class QuotaFacts final : public control::FactSource {
 public:
  QuotaFacts(const control::Registries& registries, const Quotas& quotas, const Clock& clock)
      : registries_(registries), quotas_(quotas), clock_(clock) {}

  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  const control::Registries& registries_;
  const Quotas& quotas_;
  const Clock& clock_;
};

// The type of them all, for events.
condition::ResourceType QuotaType();
// The one of a registry, or of a namespace in it.
control::Resource QuotaResource(const AccountId& account, const RegistryName& registry,
                                const std::string& region, std::string name_space);

}  // namespace breakwater::registry
