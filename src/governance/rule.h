// Rules and attachments as values: what an owner writes, and what makes it acceptable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "condition/condition.h"
#include "condition/target.h"
#include "control/resource.h"
#include "json/json.h"

namespace breakwater::governance {

// What a rule does to a change that leaves a resource in violation. None: it is only monitored.
enum class Action {
  kDisallow,  // the change is refused
  kAuditLog,  // the change is made, and the violation stands in the audit record
};

std::string_view ToString(Action action);  // "disallow", "audit_log"
Result<Action> ParseAction(std::string_view text);

// What the owner decides about a rule.
struct RuleDraft {
  AccountId account;
  std::string name;
  std::string description;
  json::Value target;           // kept as received
  json::Value required_config;  // kept as received
  std::vector<Action> actions;
  std::vector<std::string> labels;
};

struct Rule {
  std::string id;  // "rule-" and a UUID
  RuleDraft definition;
  std::string version;  // another one after each edit
  Timestamp created;
  std::string created_by;
  Timestamp modified;
  std::string modified_by;
  std::int64_t attachments = 0;
};

// ibm-scc 1.3. Names on the wire and in the database.
enum class ScopeType {
  kEnterprise,
  kEnterpriseAccountGroup,
  kEnterpriseAccount,
  kAccount,
  kAccountResourceGroup,
};

std::string_view ToString(ScopeType type);  // "enterprise.account_group", …
Result<ScopeType> ParseScopeType(std::string_view text);

struct Scope {
  ScopeType type = ScopeType::kAccount;
  std::string id;
  std::string note;

  friend bool operator==(const Scope&, const Scope&) = default;
};

struct AttachmentDraft {
  AccountId account;
  Scope included;
  std::vector<Scope> excluded;
};

struct Attachment {
  std::string id;  // "attachment-" and a UUID
  std::string rule_id;
  AttachmentDraft definition;
  std::string version;
};

// ibm-scc 1.12.
struct Limits {
  std::int64_t rules = 100;       // per account
  std::size_t definition = 4096;  // characters of target and required_config
  std::size_t name = 32;
  std::size_t description = 256;
  std::size_t labels = 32;
  std::size_t label = 64;
  std::int64_t attachments = 10;  // per rule
  std::size_t excluded = 8;       // per attachment
  condition::ConditionLimits condition = {};
};

// A rule ready to judge. Immutable; safe to share between threads.
struct CompiledRule {
  condition::Target target;
  condition::Condition condition;
};

// kInvalid with reason "rule_error" if the rule is not acceptable: grammar, limits, or a property
// that cannot be enforced in a rule that disallows.
Result<CompiledRule> Compile(const RuleDraft& draft, const condition::Catalogue& catalogue,
                             const Limits& limits);
// The same for a rule that was accepted before, by whatever limits then held.
Result<CompiledRule> CompileAccepted(const json::Value& target, const json::Value& required_config,
                                     const condition::Catalogue& catalogue);
// kInvalid, reason "attachment_error", unless the scopes exist for the account and the excluded
// ones lie within the included one.
Status Check(const AttachmentDraft& draft, const Limits& limits);

// Is the resource in the included scope and in no excluded one?
bool Covers(const AttachmentDraft& attachment, const control::Resource& resource);

// What an owner should know about an attachment that is acceptable, or "".
std::string WarningOf(const RuleDraft& rule, const AttachmentDraft& attachment);

// Documents for the audit trail: what the owner decided, nothing else.
json::Value ToJson(const RuleDraft& draft);
json::Value ToJson(const AttachmentDraft& draft);
json::Value ToJson(const Scope& scope);
json::Array ActionNames(const std::vector<Action>& actions);

}  // namespace breakwater::governance
