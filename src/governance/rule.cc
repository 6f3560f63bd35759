#include "governance/rule.h"

#include <algorithm>
#include <array>
#include <utility>

namespace breakwater::governance {
namespace {

using json::Text;

constexpr std::array<std::pair<Action, std::string_view>, 3> kActions{{
    {Action::kDisallow, "disallow"},
    {Action::kAuditLog, "audit_log"},
    {Action::kWarn, "warn"},
}};

Error RuleFault(std::string_view path, std::string_view what) {
  return condition::RuleError(path, nullptr, what, {});
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
  for (const condition::SubRule& sub_rule : condition.sub_rules()) {
    BW_TRY_STATUS(CheckProperties(draft, *sub_rule.condition, catalogue));
  }
  return Ok();
}

Result<std::vector<condition::ParameterDeclaration>> ParametersOf(const json::Value& import) {
  if (import.is_null()) return std::vector<condition::ParameterDeclaration>{};
  const json::Value* declared = import.is_object() ? json::Find(import, "parameters") : nullptr;
  if (declared == nullptr || import.get_object().size() != 1) {
    return condition::RuleError("import", &import, "must be an object with one member",
                                {"parameters"});
  }
  auto parameters = condition::ParseDeclarations(*declared);
  if (!parameters.ok()) return RuleFault("import.parameters", parameters.error().message());
  return parameters;
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
                 "' is no enforcement action (allowed: disallow, audit_log, warn)");
}

Result<CompiledRule> Compile(const RuleDraft& draft, const condition::Catalogue& catalogue,
                             const Limits& limits) {
  BW_TRY_STATUS(CheckLength("name", draft.name, limits.name));
  BW_TRY_STATUS(CheckLength("description", draft.description, limits.description));
  BW_TRY_STATUS(CheckLabels(draft.labels, limits));
  BW_TRY_STATUS(CheckActions(draft.actions));
  BW_TRY(auto target, condition::Target::Parse(draft.target, catalogue));
  BW_TRY(auto parameters, ParametersOf(draft.import));
  BW_TRY(auto condition, condition::Condition::Parse(draft.required_config, catalogue,
                                                     target.type(), limits.condition, parameters));
  const std::size_t size = Characters(json::Serialize(draft.target)) +
                           Characters(json::Serialize(draft.required_config));
  if (size > limits.definition) {
    return RuleFault("required_config", "target and required_config must have at most " +
                                            std::to_string(limits.definition) + " characters");
  }
  if (!draft.import.is_null() && Characters(json::Serialize(draft.import)) > limits.definition) {
    return RuleFault("import",
                     "must have at most " + std::to_string(limits.definition) + " characters");
  }
  BW_TRY_STATUS(CheckProperties(draft, condition, catalogue));
  condition::Layout layout(*catalogue.Find(target.type()));
  return CompiledRule{std::move(target), std::move(condition), std::move(parameters),
                      std::move(layout)};
}

Result<CompiledRule> CompileAccepted(const json::Value& target, const json::Value& required_config,
                                     const json::Value& import,
                                     const condition::Catalogue& catalogue) {
  constexpr condition::ConditionLimits kNone{
      .max_depth = 1000, .max_conditions = 10'000, .max_properties = 10'000, .max_values = 100'000};
  BW_TRY(auto parsed, condition::Target::Parse(target, catalogue));
  BW_TRY(auto parameters, ParametersOf(import));
  BW_TRY(auto condition,
         condition::Condition::Parse(required_config, catalogue, parsed.type(), kNone, parameters));
  condition::Layout layout(*catalogue.Find(parsed.type()));
  return CompiledRule{std::move(parsed), std::move(condition), std::move(parameters),
                      std::move(layout)};
}

std::string WarningOf(const RuleDraft& rule, const AttachmentDraft& attachment) {
  const std::string_view kind = json::FindText(rule.target, "resource_kind");
  const bool of_account = kind != "namespace" && kind != "repository" && kind != "image";
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
  if (!draft.import.is_null()) object["import"] = draft.import;
  if (draft.enforced_from) object["enforced_from"] = Text(FormatRfc3339(*draft.enforced_from));
  return object;
}

}  // namespace breakwater::governance
