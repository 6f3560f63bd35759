// What is known of images, as facts for goals and rules: kind container-registry/image.
#pragma once

#include <string>
#include <vector>

#include "advisor/locations.h"
#include "base/time.h"
#include "control/facts.h"
#include "control/registries.h"

namespace breakwater::advisor {

// Images alone: neither lists of images, whose parts stand for themselves, nor other artifacts.
// Thread-safe.
class ImageFacts final : public control::FactSource {
 public:
  ImageFacts(const control::Registries& registries, const Clock& clock)
      : registries_(registries), clock_(clock) {}

  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  Status Complete(db::Transaction& tx, control::Resource& resource) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

  // Whether Read knows it.
  Result<bool> IsImage(db::Transaction& tx, const control::Resource& resource) const;

 private:
  const control::Registries& registries_;
  const Clock& clock_;
};

// The image as a resource, without its namespace's resource group: what facts are read of.
control::Resource ImageResource(const Location& location);

}  // namespace breakwater::advisor
