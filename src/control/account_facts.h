// Facts of which each account has one resource, the account's own, whether or not anything is
// there.
#pragma once

#include <vector>

#include "control/facts.h"

namespace breakwater::control {

// Thread-safe if Read of the class derived from it is.
class AccountFacts : public FactSource {
 public:
  explicit AccountFacts(condition::ResourceType type) : type_(std::move(type)) {}

  std::vector<condition::ResourceType> Types() const final { return {type_}; }
  Result<std::vector<Resource>> List(db::Transaction&, const condition::ResourceType& type,
                                     const AccountId& account) final {
    Resource resource = AccountResource(account, type.kind);
    resource.service = type.service;
    return std::vector<Resource>{std::move(resource)};
  }

 private:
  condition::ResourceType type_;
};

}  // namespace breakwater::control
