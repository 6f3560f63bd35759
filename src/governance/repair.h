// Repair: what would cure a violated rule is shown, and done on demand, as a governed change of the
// one who asks for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "condition/cure.h"
#include "control/facts.h"
#include "control/remedy.h"
#include "governance/attached_rules.h"

namespace breakwater::governance {

struct RepairStep {
  std::string property;
  json::Value now;        // null if absent or unknown
  json::Value wanted;     // null: to be cleared
  bool possible = false;  // it can be set from here
};

struct RepairPlan {
  std::string rule_id;
  std::string resource;  // CRN
  bool compliant = false;
  std::vector<RepairStep> steps;  // empty if compliant, or if no cure is known
  std::string obstacle;           // why it cannot be done from here, or ""
};

struct RepairsDeps {
  db::Database& database;
  const control::FactSources& facts;
  const AttachedRules& rules;
  std::vector<control::Remedy*> remedies;
};

// Thread-safe.
class Repairs {
 public:
  explicit Repairs(RepairsDeps deps) : deps_(std::move(deps)) {}

  // kNotFound if the rule does not apply to a resource of the account with this CRN.
  Result<RepairPlan> Plan(const AccountId& account, const std::string& rule_id,
                          const std::string& resource) const;
  // Does what a plan shows, if that is still what is to be done: kConflict "plan_changed"
  // otherwise, kConflict "no_remedy" if there is an obstacle; or the refusal of the change. What
  // was done.
  Result<RepairPlan> Apply(const control::Caller& caller, const AccountId& account,
                           const RepairPlan& shown);

 private:
  struct Found;
  Result<Found> Find(const AccountId& account, const std::string& rule_id,
                     const std::string& resource) const;
  RepairPlan PlanOf(const Found& found) const;
  control::Remedy* RemedyFor(const control::Resource& resource) const;

  const RepairsDeps deps_;
};

}  // namespace breakwater::governance
