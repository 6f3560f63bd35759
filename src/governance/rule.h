// Rules and attachments as values: what an owner writes, and what makes it acceptable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "condition/condition.h"
#include "condition/parameters.h"
#include "condition/program.h"
#include "condition/target.h"
#include "governance/attachment.h"
#include "json/json.h"

namespace breakwater::governance {

// What a rule does to a change that leaves a resource in violation. None: it is only monitored.
enum class Action {
  kDisallow,  // the change is refused
  kAuditLog,  // the change is made, and the violation stands in the audit record
  kWarn,      // the same, and whoever made it is told in the answer
};

std::string_view ToString(Action action);  // "disallow", "audit_log", "warn"
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
  // {"parameters": [{name!, type!, …}]} in the shape of ibm-scc 5.3, or null: what attachments may
  // set. Kept as received.
  json::Value import = nullptr;
  // Until then a rule that disallows only observes.
  std::optional<Timestamp> enforced_from = std::nullopt;
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

// ibm-scc 1.12.
struct Limits {
  std::int64_t rules = 100;             // per account
  std::int64_t enterprise_rules = 500;  // per account that founded an enterprise
  std::size_t definition = 4096;        // characters of target and required_config
  std::size_t name = 32;
  std::size_t description = 256;
  std::size_t labels = 32;
  std::size_t label = 64;
  AttachmentLimits attachment = {};
  condition::ConditionLimits condition = {};
};

// A rule ready to judge. Immutable; safe to share between threads.
struct CompiledRule {
  condition::Target target;
  condition::Condition condition;
  std::vector<condition::ParameterDeclaration> parameters;
  condition::Layout layout;  // of the target's type
};

// kInvalid with reason "rule_error" if the rule is not acceptable: grammar, limits, or a property
// that cannot be enforced in a rule that disallows.
Result<CompiledRule> Compile(const RuleDraft& draft, const condition::Catalogue& catalogue,
                             const Limits& limits);
// The same for a rule that was accepted before, by whatever limits then held.
Result<CompiledRule> CompileAccepted(const json::Value& target, const json::Value& required_config,
                                     const json::Value& import,
                                     const condition::Catalogue& catalogue);

// What an owner should know about an attachment that is acceptable, or "".
std::string WarningOf(const RuleDraft& rule, const AttachmentDraft& attachment);

// Document for the audit trail: what the owner decided, nothing else.
json::Value ToJson(const RuleDraft& draft);
json::Array ActionNames(const std::vector<Action>& actions);

}  // namespace breakwater::governance
