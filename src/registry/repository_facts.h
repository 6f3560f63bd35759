// What is known of repositories, as facts for goals and rules: kind container-registry/repository.
// One for each that holds something: of others there is nothing to read (kNotFound).
#pragma once

#include <string>
#include <string_view>
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
  Status Complete(db::Transaction& tx, control::Resource& resource) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  const control::Registries& registries_;
  const Clock& clock_;
};

condition::ResourceType RepositoryType();
// What rules judge of a repository.
control::Resource RepositoryResource(const RepositoryPath& path);

Result<bool> HoldsSomething(db::Transaction& tx, const RegistryName& registry,
                            std::string_view repository);
// Those of the path's namespace that hold something, by name.
Result<std::vector<control::Resource>> RepositoriesIn(db::Transaction& tx,
                                                      const RepositoryPath& path);

}  // namespace breakwater::registry
