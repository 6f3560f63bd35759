// Parameters of profiles as documents (control/configuration.h).
#pragma once

#include <string_view>
#include <vector>

#include "control/configuration.h"
#include "posture/posture.h"

namespace breakwater::posture {

// "posture": by the profile's id, what of its parameters on the registry scope is not the default.
class ParametersSection final : public control::ConfigurationSection {
 public:
  explicit ParametersSection(Posture& posture) : posture_(posture) {}

  std::string_view name() const override { return "posture"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  Posture& posture_;
};

}  // namespace breakwater::posture
