// How resources comply with the rules attached to them: kept up to date by reactions to changes,
// with its history.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "condition/catalogue.h"
#include "condition/evaluate.h"
#include "control/facts.h"
#include "control/touched.h"
#include "db/database.h"
#include "governance/attached_rules.h"
#include "governance/related.h"
#include "jobs/jobs.h"

namespace breakwater::governance {

// Emitted when a resource's outcome under a rule changes:
// {account, rule_id, resource, service, kind, registry, before, after}; before and after are
// "compliant", "violated", "unable", or null if the rule did not apply.
inline constexpr std::string_view kResultChanged = "governance.result_changed";

// One resource under one rule.
struct RuleResult {
  AccountId account;  // whose resource it is
  std::string rule_id;
  std::string resource;  // CRN
  condition::ResourceType type;
  condition::Outcome outcome = condition::Outcome::kUnable;
  Timestamp since;       // when the outcome became this
  Timestamp checked;     // last evaluation
  json::Value document;  // {rule_version, registry, region, verdict, facts}
};

struct HistoryEntry {
  Timestamp at;
  std::string outcome;  // also "removed"
  json::Value document;
};

struct HistoryPage {
  std::int64_t total = 0;
  std::vector<HistoryEntry> entries;
};

struct ResultFilter {
  std::optional<std::string> rule_id = {};
  std::optional<std::string> resource = {};
  std::optional<condition::Outcome> outcome = {};
  std::int64_t offset = 0;
  std::int64_t limit = 100;
};

struct ResultPage {
  std::int64_t total = 0;
  std::vector<RuleResult> results;
};

struct ResultsDeps {
  db::Database& database;
  jobs::Jobs& jobs;
  const control::FactSources& facts;
  const condition::Catalogue& catalogue;
  const AttachedRules& rules;
  const control::Hierarchy& hierarchy;
  const Clock& clock;
  std::chrono::hours history_retention{24 * 400};
};

// Thread-safe.
class Results {
 public:
  explicit Results(ResultsDeps deps) : deps_(deps) {}

  // Evaluates all attached rules over the account's resources of a type, in one transaction: facts,
  // rules and results belong together, and of two evaluations at once the later one stands.
  Status EvaluateType(const AccountId& account, const condition::ResourceType& type);
  // The same of several types, and of those whose rules look at one of them.
  Status EvaluateTypes(const AccountId& account, std::set<condition::ResourceType> types);
  // Only what was touched, and what rules judge by looking at it. What is gone loses its results.
  Status EvaluateTouched(const AccountId& account, const control::Touched& touched);
  // Types, in the account and every account below it.
  Status EvaluateBelow(const AccountId& root, const std::set<condition::ResourceType>& types);
  // Everything that has an attached rule there.
  Status EvaluateAllBelow(const AccountId& root);
  // Everything that has an attached rule, and forgets history that is too old.
  Status EvaluateAll();
  // The same of all types but images, of which there may be millions: many facts change as time
  // passes (ages, what expires), and nobody tells.
  Status EvaluateAging();

  // Of the account's resources; and, under its own rules, of those in accounts below.
  Result<ResultPage> Find(const AccountId& account, const ResultFilter& filter) const;
  // Oldest first. kNotFound if the rule never applied to the resource.
  Result<HistoryPage> History(const AccountId& account, const std::string& rule_id,
                              const std::string& resource, std::int64_t offset,
                              std::int64_t limit) const;

 private:
  enum class Which { kAll, kAging };
  Status EvaluateEverywhere(Which which);
  Status EvaluateBelow(const AccountId& root, Which which);
  Status EvaluateEach(const AccountId& account, const std::set<condition::ResourceType>& types);
  Result<std::set<condition::ResourceType>> AttachedTypes(const AccountId& account) const;
  Status EvaluateIn(db::Transaction& tx, const AccountId& account,
                    const condition::ResourceType& type, std::optional<Error>& failure);
  Status EvaluateOneIn(db::Transaction& tx, const AccountId& account, control::Resource resource);
  Result<std::vector<RuleResult>> Evaluate(db::Transaction& tx, const AccountId& account,
                                           const condition::ResourceType& type) const;
  // Adds what the rules say of one resource.
  Status EvaluateOne(const RuleSet& rules, const control::Resource& resource,
                     const condition::Facts& facts, RelatedResources& resources,
                     std::vector<RuleResult>& results) const;
  // Where they could not be read every property is unavailable.
  condition::Facts FactsFrom(const control::Resource& resource,
                             const Result<condition::Facts>& facts) const;
  // By rule and resource.
  using KnownResults = std::map<std::pair<std::string, std::string>, RuleResult>;
  // Writes what there is now in the place of what was known.
  Status Settle(db::Transaction& tx, const AccountId& account, KnownResults known,
                std::vector<RuleResult> now);
  // Writes a result; `known` is what was there before, or null.
  Status Store(db::Transaction& tx, const AccountId& account, RuleResult result,
               const RuleResult* known);
  Status Remove(db::Transaction& tx, const AccountId& account, const RuleResult& known);
  // `outcome` empty: the rule does not apply any more.
  Status Record(db::Transaction& tx, const AccountId& account, const RuleResult& result,
                std::optional<condition::Outcome> before, std::optional<condition::Outcome> outcome,
                Timestamp at);

  ResultsDeps deps_;
};

}  // namespace breakwater::governance
