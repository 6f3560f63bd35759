// How an account's settings in a registry begin: by what templates say, where something new comes
// into being. That is an account, in all registries; or, as the program starts with a registry that
// it did not have before, this one for every account.
#pragma once

#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "control/defaults.h"
#include "control/registries.h"
#include "db/database.h"

namespace breakwater::registry {

// Thread-safe. All it is given must outlive it.
class Beginnings {
 public:
  Beginnings(db::Database& database, const Clock& clock, const control::Registries& registries,
             control::ChangePath& changes, const control::Defaults& defaults)
      : database_(database),
        clock_(clock),
        registries_(registries),
        changes_(changes),
        defaults_(defaults) {}

  // Part of the change that makes an account, which has its place in the tree by then. What rules
  // judge of it: its settings in every registry.
  Result<std::vector<control::Resource>> OfAccount(db::Transaction& tx,
                                                   const AccountId& account) const;
  // At start, of all accounts there are. Where rules refuse what a template says, which is on
  // record, the settings begin without it: the registry is there all the same.
  Status OfNewRegistries(const std::vector<AccountId>& accounts) const;

 private:
  Status BeginIn(const control::RegistryInfo& registry,
                 const std::vector<AccountId>& accounts) const;
  Status BeginByTemplate(const control::Resource& service) const;

  db::Database& database_;
  const Clock& clock_;
  const control::Registries& registries_;
  control::ChangePath& changes_;
  const control::Defaults& defaults_;
};

}  // namespace breakwater::registry
