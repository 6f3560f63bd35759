// What goals and rules ask of identities: an account's settings for them, its API keys, and each of
// its policies.
#pragma once

#include <vector>

#include "control/facts.h"
#include "iam/account_settings.h"
#include "iam/model.h"

namespace breakwater::iam {

// The governed resources: iam-identity/settings, iam-identity/apikey, iam-access-management/policy.
control::Resource GovernedSettings(const AccountId& account);
control::Resource GovernedApiKey(const ApiKey& key);
control::Resource GovernedPolicy(const Policy& policy);

// Pure. What is left to the installation is absent.
condition::Facts FactsOf(const AccountSettings& settings, Timestamp now);
condition::Facts FactsOf(const ApiKey& key, Timestamp now);
condition::Facts FactsOf(const Policy& policy, Timestamp now);

// Thread-safe.
class IdentityFacts final : public control::FactSource {
 public:
  explicit IdentityFacts(const Clock& clock) : clock_(clock) {}

  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  const Clock& clock_;
};

}  // namespace breakwater::iam
