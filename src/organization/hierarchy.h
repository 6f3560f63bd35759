// The tree as those see it whom it scopes (control/hierarchy.h).
#pragma once

#include "control/hierarchy.h"

namespace breakwater::organization {

// Thread-safe.
class Hierarchy final : public control::Hierarchy {
 public:
  Result<control::Place> PlaceOf(db::Transaction& tx, const AccountId& account) const override;
  Result<std::vector<control::Place>> Ruled(db::Transaction& tx,
                                            const AccountId& root) const override;
  Result<std::vector<std::string>> PathTo(db::Transaction& tx, std::string_view enterprise,
                                          std::string_view account_group) const override;
};

}  // namespace breakwater::organization
