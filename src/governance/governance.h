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
  const condition::Catalogue& catalogue;
  Results& results;
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

  // kInvalid with reason "rule_error" or "limit_exceeded"; nothing is stored then.
  Result<Rule> CreateRule(const control::Caller& caller, const RuleDraft& draft);
  Result<Rule> FindRule(const AccountId& account, const std::string& rule_id) const;
  Result<RulePage> ListRules(const AccountId& account, const RuleFilter& filter) const;
  Result<Rule> ReplaceRule(const control::Caller& caller, const std::string& rule_id,
                           const std::optional<std::string>& expected, const RuleDraft& draft);
  // With its attachments.
  Status DeleteRule(const control::Caller& caller, const AccountId& account,
                    const std::string& rule_id);

  // All of them or none. kInvalid with reason "attachment_error" or "limit_exceeded".
  Result<std::vector<Attachment>> Attach(const control::Caller& caller, const AccountId& account,
                                         const std::string& rule_id,
                                         const std::vector<AttachmentDraft>& drafts);
  // Oldest first.
  Result<std::vector<Attachment>> ListAttachments(const AccountId& account,
                                                  const std::string& rule_id) const;
  Result<Attachment> FindAttachment(const AccountId& account, const std::string& rule_id,
                                    const std::string& attachment_id) const;
  Result<Attachment> ReplaceAttachment(const control::Caller& caller, const std::string& rule_id,
                                       const std::string& attachment_id,
                                       const std::optional<std::string>& expected,
                                       const AttachmentDraft& draft);
  Status Detach(const control::Caller& caller, const AccountId& account, const std::string& rule_id,
                const std::string& attachment_id);

  const Results& results() const { return deps_.results; }
  const Limits& limits() const { return deps_.limits; }

 private:
  Status React(const jobs::Job& job);

  GovernanceDeps deps_;
};

}  // namespace breakwater::governance
