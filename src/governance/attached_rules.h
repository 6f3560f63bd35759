// The rules that apply to a resource, as a transaction sees them, compiled once for each version.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "condition/catalogue.h"
#include "control/resource.h"
#include "db/database.h"
#include "governance/rule.h"

namespace breakwater::governance {

struct AttachedRule {
  std::string id;
  std::string name;
  std::string version;
  std::vector<Action> actions;
  std::shared_ptr<const CompiledRule> compiled;

  bool Has(Action action) const;
};

// Thread-safe. The catalogue must outlive it.
class AttachedRules {
 public:
  explicit AttachedRules(const condition::Catalogue& catalogue) : catalogue_(catalogue) {}

  // Rules whose target matches the resource and of which an attachment covers it, oldest first.
  // kConflict, reason "rule_unreadable", if one of them means nothing to this program any more:
  // it cannot be judged, so it must not be passed over.
  Result<std::vector<AttachedRule>> For(db::Transaction& tx,
                                        const control::Resource& resource) const;

 private:
  using CompiledPtr = std::shared_ptr<const CompiledRule>;

  Result<AttachedRule> RuleOf(const db::Row& row) const;
  CompiledPtr Cached(const std::string& version) const;
  void Keep(const std::string& version, CompiledPtr compiled) const;

  const condition::Catalogue& catalogue_;
  mutable Mutex mutex_;
  mutable std::map<std::string, CompiledPtr> by_version_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::governance
