// The rules that apply to a resource, as a transaction sees them. An account's are read once for
// each version of scopes (control/hierarchy.h) and kept compiled.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "condition/catalogue.h"
#include "condition/evaluate.h"
#include "control/hierarchy.h"
#include "control/resource.h"
#include "db/database.h"
#include "governance/rule.h"

namespace breakwater::governance {

// A rule with the parameters of one attachment. Immutable.
struct AttachedRule {
  std::string id;
  std::string name;
  std::string version;
  AccountId account;  // whose rule it is
  std::vector<Action> actions;
  std::optional<Timestamp> enforced_from;
  std::shared_ptr<const CompiledRule> compiled;  // null: it means nothing to this program any more
  condition::Parameters parameters;
  std::string fault;  // why it means nothing

  bool Has(Action action) const;
};
using AttachedRulePtr = std::shared_ptr<const AttachedRule>;

struct ApplicableRules {
  std::vector<AttachedRulePtr> rules;  // oldest first
  // Names exactly all rules attached where the account is, so that a record can be held against
  // them: "sha256:…" of their ids, versions and parameters.
  std::string digest;
};

// Thread-safe. Catalogue and hierarchy must outlive it.
class AttachedRules {
 public:
  AttachedRules(const condition::Catalogue& catalogue, const control::Hierarchy& hierarchy)
      : catalogue_(catalogue), hierarchy_(hierarchy) {}

  // Rules whose target matches the resource and of which an attachment covers it; one that is
  // attached with other parameters twice is there twice. kConflict, reason "rule_unreadable", if
  // one of them means nothing to this program any more: it cannot be judged, so it must not be
  // passed over.
  Result<ApplicableRules> For(db::Transaction& tx, const control::Resource& resource) const;
  // All that is attached where an account is, its own and what it inherits, whatever its target.
  struct Candidate {
    AttachedRulePtr rule;
    AttachmentDraft attachment;
  };
  Result<std::vector<Candidate>> All(db::Transaction& tx, const AccountId& account) const;
  // Types of resources that rules in the account judge by looking at resources of `type`, too.
  Result<std::vector<condition::ResourceType>> LookingAt(db::Transaction& tx,
                                                         const AccountId& account,
                                                         const condition::ResourceType& type) const;

 private:
  struct OfAccount {
    std::string version;  // of scopes
    control::Place place;
    std::map<condition::ResourceType, std::vector<Candidate>> by_type;
    std::string digest;
  };
  using OfAccountPtr = std::shared_ptr<const OfAccount>;

  Result<OfAccountPtr> Of(db::Transaction& tx, const AccountId& account) const;
  Result<OfAccountPtr> Load(db::Transaction& tx, const AccountId& account,
                            std::string version) const;
  Result<Candidate> CandidateOf(const db::Row& row) const;

  const condition::Catalogue& catalogue_;
  const control::Hierarchy& hierarchy_;
  mutable Mutex mutex_;
  mutable std::map<std::string, OfAccountPtr, std::less<>> by_account_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::governance
