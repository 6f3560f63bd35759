#include "governance/rule.h"

#include <algorithm>
#include <array>
#include <utility>

namespace breakwater::governance {
namespace {

using json::Text;

constexpr std::array<std::pair<Action, std::string_view>, 2> kActions{{
    {Action::kDisallow, "disallow"},
    {Action::kAuditLog, "audit_log"},
}};

constexpr std::array<std::pair<ScopeType, std::string_view>, 5> kScopeTypes{{
    {ScopeType::kEnterprise, "enterprise"},
    {ScopeType::kEnterpriseAccountGroup, "enterprise.account_group"},
    {ScopeType::kEnterpriseAccount, "enterprise.account"},
    {ScopeType::kAccount, "account"},
    {ScopeType::kAccountResourceGroup, "account.resource_group"},
}};

std::size_t Characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;
  }));
}

Error RuleFault(std::string_view path, std::string_view what) {
  return condition::RuleError(path, nullptr, what, {});
}

Error AttachmentFault(std::string_view path, std::string_view what) {
  return Invalid(std::string(path) + ": " + std::string(what))
      .Reason("attachment_error")
      .Detail("path", std::string(path));
}

Status CheckLength(std::string_view path, std::string_view text, std::size_t most) {
  const std::size_t size = Characters(text);
  if (size >= 1 && size <= most) return Ok();
  return RuleFault(path, "must have 1 to " + std::to_string(most) + " characters");
}

Status CheckLabels(const std::vector<std::string>& labels, const Limits& limits) {
  if (labels.size() > limits.labels) {
    return RuleFault("labels", "must be at most " + std::to_string(limits.labels));
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::string path = "labels[" + std::to_string(i) + "]";
    BW_TRY_STATUS(CheckLength(path, labels[i], limits.label));
    if (labels[i].find_first_of(",/") != std::string::npos) {
      return RuleFault(path, "must have no comma and no slash");
    }
  }
  return Ok();
}

Status CheckActions(const std::vector<Action>& actions) {
  for (auto it = actions.begin(); it != actions.end(); ++it) {
    if (std::find(actions.begin(), it, *it) != it) {
      return RuleFault("enforcement_actions",
                       "names '" + std::string(ToString(*it)) + "' more than once");
    }
  }
  return Ok();
}

Status CheckProperties(const RuleDraft& draft, const condition::Condition& condition,
                       const condition::Catalogue& catalogue) {
  const condition::ResourceConfig& config = *catalogue.Find(condition.type());
  const bool enforced = std::find(draft.actions.begin(), draft.actions.end(), Action::kDisallow) !=
                        draft.actions.end();
  for (const condition::Leaf& leaf : condition.leaves()) {
    const condition::Property& property = *config.Find(leaf.property);
    if (!property.monitored) {
      return RuleFault(leaf.path + ".property", "'" + leaf.property + "' cannot be monitored");
    }
    if (enforced && !property.enforceable) {
      return RuleFault(leaf.path + ".property",
                       "'" + leaf.property +
                           "' can be monitored only; a rule on it cannot have the action disallow");
    }
  }
  return Ok();
}

bool IsIn(const Scope& scope, const AccountId& owner, const control::Resource& resource) {
  switch (scope.type) {
    case ScopeType::kAccount:
    case ScopeType::kEnterpriseAccount: return resource.account.value() == scope.id;
    case ScopeType::kAccountResourceGroup:
      return resource.account == owner && resource.resource_group == scope.id;
    case ScopeType::kEnterprise:
    case ScopeType::kEnterpriseAccountGroup: return false;
  }
  BW_UNREACHABLE();
}

bool IsAccountScope(const Scope& scope) {
  return scope.type == ScopeType::kAccount || scope.type == ScopeType::kEnterpriseAccount;
}

// A scope that an attachment of `account` may name.
Status CheckScope(const Scope& scope, const AccountId& account, const std::string& path) {
  if (scope.id.empty() || Characters(scope.id) > 256 || Characters(scope.note) > 256) {
    return AttachmentFault(path, "scope_id must have 1 to 256 characters, note at most 256");
  }
  if (IsAccountScope(scope)) {
    if (scope.id == account.value()) return Ok();
    return AttachmentFault(
        path, "account '" + scope.id.substr(0, 64) + "' is not the account of the attachment");
  }
  if (scope.type == ScopeType::kAccountResourceGroup) return Ok();
  return AttachmentFault(path, "the account '" + account.value() + "' is in no " +
                                   std::string(ToString(scope.type)) + " '" +
                                   scope.id.substr(0, 64) + "'");
}

}  // namespace

std::string_view ToString(Action action) {
  return kActions[static_cast<std::size_t>(action)].second;
}

Result<Action> ParseAction(std::string_view text) {
  for (const auto& [action, name] : kActions) {
    if (name == text) return action;
  }
  return Invalid("'" + std::string(text.substr(0, 64)) +
                 "' is no enforcement action (allowed: disallow, audit_log)");
}

std::string_view ToString(ScopeType type) {
  return kScopeTypes[static_cast<std::size_t>(type)].second;
}

Result<ScopeType> ParseScopeType(std::string_view text) {
  for (const auto& [type, name] : kScopeTypes) {
    if (name == text) return type;
  }
  return Invalid("'" + std::string(text.substr(0, 64)) +
                 "' is no scope type (allowed: enterprise, enterprise.account_group, "
                 "enterprise.account, account, account.resource_group)");
}

Result<CompiledRule> Compile(const RuleDraft& draft, const condition::Catalogue& catalogue,
                             const Limits& limits) {
  BW_TRY_STATUS(CheckLength("name", draft.name, limits.name));
  BW_TRY_STATUS(CheckLength("description", draft.description, limits.description));
  BW_TRY_STATUS(CheckLabels(draft.labels, limits));
  BW_TRY_STATUS(CheckActions(draft.actions));
  BW_TRY(auto target, condition::Target::Parse(draft.target, catalogue));
  BW_TRY(auto condition, condition::Condition::Parse(draft.required_config, catalogue,
                                                     target.type(), limits.condition));
  const std::size_t size = Characters(json::Serialize(draft.target)) +
                           Characters(json::Serialize(draft.required_config));
  if (size > limits.definition) {
    return RuleFault("required_config", "target and required_config must have at most " +
                                            std::to_string(limits.definition) + " characters");
  }
  BW_TRY_STATUS(CheckProperties(draft, condition, catalogue));
  return CompiledRule{std::move(target), std::move(condition)};
}

Result<CompiledRule> CompileAccepted(const json::Value& target, const json::Value& required_config,
                                     const condition::Catalogue& catalogue) {
  constexpr condition::ConditionLimits kNone{
      .max_depth = 1000, .max_conditions = 10'000, .max_properties = 10'000, .max_values = 100'000};
  BW_TRY(auto parsed, condition::Target::Parse(target, catalogue));
  BW_TRY(auto condition,
         condition::Condition::Parse(required_config, catalogue, parsed.type(), kNone));
  return CompiledRule{std::move(parsed), std::move(condition)};
}

Status Check(const AttachmentDraft& draft, const Limits& limits) {
  BW_TRY_STATUS(CheckScope(draft.included, draft.account, "included_scope"));
  if (draft.excluded.size() > limits.excluded) {
    return AttachmentFault("excluded_scopes", "must be at most " + std::to_string(limits.excluded));
  }
  for (std::size_t i = 0; i < draft.excluded.size(); ++i) {
    const Scope& scope = draft.excluded[i];
    const std::string path = "excluded_scopes[" + std::to_string(i) + "]";
    BW_TRY_STATUS(CheckScope(scope, draft.account, path));
    // The only thing strictly within an account is a resource group of it.
    if (IsAccountScope(draft.included) && scope.type == ScopeType::kAccountResourceGroup) continue;
    return AttachmentFault(path, "does not lie within the included scope");
  }
  return Ok();
}

bool Covers(const AttachmentDraft& attachment, const control::Resource& resource) {
  const auto holds = [&](const Scope& scope) { return IsIn(scope, attachment.account, resource); };
  return holds(attachment.included) &&
         std::none_of(attachment.excluded.begin(), attachment.excluded.end(), holds);
}

std::string WarningOf(const RuleDraft& rule, const AttachmentDraft& attachment) {
  const std::string_view kind = json::FindText(rule.target, "resource_kind");
  const bool of_account = kind == "service" || kind == "access" || kind == "alerts";
  if (!of_account || attachment.included.type != ScopeType::kAccountResourceGroup) return "";
  return "resources of kind '" + std::string(kind) +
         "' belong to the account as a whole; an attachment to a resource group matches none";
}

json::Array ActionNames(const std::vector<Action>& actions) {
  json::Array names;
  for (const Action action : actions) names.emplace_back(Text(ToString(action)));
  return names;
}

json::Value ToJson(const RuleDraft& draft) {
  json::Array labels;
  for (const std::string& label : draft.labels) labels.emplace_back(Text(label));
  json::Object object;
  object["name"] = Text(draft.name);
  object["description"] = Text(draft.description);
  object["target"] = draft.target;
  object["required_config"] = draft.required_config;
  object["enforcement_actions"] = ActionNames(draft.actions);
  object["labels"] = std::move(labels);
  return object;
}

json::Value ToJson(const Scope& scope) {
  json::Object object;
  if (!scope.note.empty()) object["note"] = Text(scope.note);
  object["scope_id"] = Text(scope.id);
  object["scope_type"] = Text(ToString(scope.type));
  return object;
}

json::Value ToJson(const AttachmentDraft& draft) {
  json::Array excluded;
  for (const Scope& scope : draft.excluded) excluded.push_back(ToJson(scope));
  json::Object object;
  object["account_id"] = Text(draft.account.value());
  object["included_scope"] = ToJson(draft.included);
  object["excluded_scopes"] = std::move(excluded);
  return object;
}

}  // namespace breakwater::governance
