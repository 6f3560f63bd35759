// Configuration governance: rules and attachments, changed along the one path for change, and the
// results of evaluating them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "condition/catalogue.h"
#include "control/change.h"
#include "db/database.h"
#include "governance/attached_rules.h"
#include "governance/attachments.h"
#include "governance/results.h"
#include "governance/rule.h"
#include "jobs/jobs.h"

namespace breakwater::governance {

// Emitted with each change of rules or attachments: {account, rule_id, governed: [{service,
// kind}]}.
inline constexpr std::string_view kRulesChanged = "governance.rules_changed";

struct GovernanceDeps {
  db::Database& database;
  jobs::Jobs& jobs;
  control::ChangePath& changes;
  control::Authorizer& authorizer;
  const condition::Catalogue& catalogue;
  Results& results;
  const AttachedRules& attached;
  const control::Hierarchy& hierarchy;
  const Clock& clock;
  Limits limits;
};

struct RuleFilter {
  std::optional<bool> attached = {};
  std::vector<std::string> labels = {};  // the rule carries all of them
  std::vector<std::string> scopes = {};  // an attachment includes one of these scope ids
  std::int64_t offset = 0;
  std::int64_t limit = 100;
};

struct RulePage {
  std::int64_t total = 0;
  std::vector<Rule> rules;  // oldest first
};

// Thread-safe. Everything is found only by the account that owns it; what is another's is
// kNotFound. `expected` is the version a replacement is based on, nullopt for any;
// kPrecondition if it is another one by now.
class Governance {
 public:
  // Registers its jobs: before jobs start.
  explicit Governance(GovernanceDeps deps);

  // kInvalid with reason "rule_error" or "limit_exceeded"; nothing is stored then. Of a rule that
  // is attached, a replacement may fail as attaching it does.
  Result<Rule> CreateRule(const control::Caller& caller, const RuleDraft& draft);
  Result<Rule> FindRule(const AccountId& account, const std::string& rule_id) const;
  Result<RulePage> ListRules(const AccountId& account, const RuleFilter& filter) const;
  Result<Rule> ReplaceRule(const control::Caller& caller, const std::string& rule_id,
                           const std::optional<std::string>& expected, const RuleDraft& draft);
  // With its attachments.
  Status DeleteRule(const control::Caller& caller, const AccountId& account,
                    const std::string& rule_id);

  Attachments& attachments() { return attachments_; }
  const Results& results() const { return deps_.results; }
  const Limits& limits() const { return deps_.limits; }

 private:
  Status React(const jobs::Job& job);
  Status ReactToImage(const jobs::Job& job);
  Attachments::Kind AttachmentKind() const;
  Status Accept(db::Transaction& tx, const std::string& rule_id,
                const std::vector<AttachmentDraft>& drafts, const std::string& replaced) const;
  Result<std::int64_t> RoomFor(db::Transaction& tx, const AccountId& account) const;

  GovernanceDeps deps_;
  Attachments attachments_;
};

}  // namespace breakwater::governance
