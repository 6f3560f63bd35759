// The rules that apply to a resource, as a transaction sees them. An account's are read once for
// each version of scopes (control/hierarchy.h) and kept compiled.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "base/sync.h"
#include "condition/catalogue.h"
#include "control/hierarchy.h"
#include "control/resource.h"
#include "db/database.h"
#include "governance/rule_set.h"

namespace breakwater::governance {

// Thread-safe. Catalogue and hierarchy must outlive it.
class AttachedRules {
 public:
  AttachedRules(const condition::Catalogue& catalogue, const control::Hierarchy& hierarchy)
      : catalogue_(catalogue), hierarchy_(hierarchy) {}

  // All that is attached where the account is, as the transaction sees it.
  Result<RuleSetPtr> Of(db::Transaction& tx, const AccountId& account) const;

 private:
  struct Cached {
    std::string version;  // of scopes
    RuleSetPtr rules;
  };

  Result<RuleSetPtr> Load(db::Transaction& tx, const AccountId& account) const;
  Result<Candidate> CandidateOf(const db::Row& row) const;

  const condition::Catalogue& catalogue_;
  const control::Hierarchy& hierarchy_;
  mutable Mutex mutex_;
  mutable std::map<std::string, Cached, std::less<>> by_account_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::governance
