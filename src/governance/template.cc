#include "governance/template.h"

#include <limits>
#include <set>

namespace breakwater::governance {
namespace {

using json::Text;

constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

Error Fault(std::string_view path, std::string_view what) {
  return Invalid(std::string(path) + ": " + std::string(what))
      .Reason("template_error")
      .Detail("path", std::string(path));
}

Status CheckLength(std::string_view path, std::string_view text, std::size_t most) {
  const std::size_t size = Characters(text);
  if (size >= 1 && size <= most) return Ok();
  return Fault(path, "must have 1 to " + std::to_string(most) + " characters");
}

// Attributes of a template are {name, value}, meant as equality: ibm-scc 1.3.
Result<json::Value> WithOperators(const json::Value& target) {
  json::Value whole = target;
  json::Value* attributes = nullptr;
  if (whole.is_object())
    attributes = whole.get_object().if_contains("additional_target_attributes");
  if (attributes == nullptr || !attributes->is_array()) return whole;
  for (json::Value& attribute : attributes->get_array()) {
    if (!attribute.is_object()) continue;
    if (attribute.get_object().contains("operator")) {
      return Fault("target.additional_target_attributes",
                   "have a name and a value; a template compares them for equality");
    }
    attribute.get_object()["operator"] = "string_equals";
  }
  return whole;
}

Result<std::pair<std::string, condition::Value>> CompileDefault(
    const CustomizedDefault& one, const condition::ResourceConfig& config, const std::string& path,
    const std::vector<const control::Remedy*>& remedies) {
  const condition::Property* property = config.Find(one.property);
  if (property == nullptr || !property->templated) {
    std::vector<std::string> allowed;
    for (const condition::Property& known : config.properties) {
      if (known.templated) allowed.push_back(known.name);
    }
    Error error =
        condition::RuleError(path + ".property", nullptr,
                             "'" + one.property.substr(0, 64) + "' is no property that a new " +
                                 config.type.kind + " can start with",
                             allowed);
    return std::move(error).Reason("template_error");
  }
  auto value = condition::ValueFromJson(property->type, one.value);
  if (!value.ok()) return Fault(path + ".value", value.error().message());
  for (const control::Remedy* remedy : remedies) {
    if (remedy->Type() != config.type || !remedy->CanSet(one.property)) continue;
    const Status fits = remedy->Check(one.property, *value);
    if (!fits.ok()) return Fault(path + ".value", fits.error().message());
  }
  return std::pair(one.property, *std::move(value));
}

}  // namespace

Result<CompiledTemplate> Compile(const TemplateDraft& draft, const condition::Catalogue& catalogue,
                                 const TemplateLimits& limits) {
  BW_TRY_STATUS(CheckLength("name", draft.name, limits.name));
  BW_TRY_STATUS(CheckLength("description", draft.description, limits.description));
  BW_TRY(const json::Value target, WithOperators(draft.target));
  CompiledTemplate compiled;
  auto parsed = condition::Target::Parse(target, catalogue);
  if (!parsed.ok()) return std::move(parsed).error().Reason("template_error");
  compiled.target = *std::move(parsed);
  if (draft.defaults.empty() || draft.defaults.size() > limits.properties) {
    return Fault("customized_defaults",
                 "must be 1 to " + std::to_string(limits.properties) + " properties");
  }
  const condition::ResourceConfig& config = *catalogue.Find(compiled.target.type());
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < draft.defaults.size(); ++i) {
    const CustomizedDefault& one = draft.defaults[i];
    const std::string path = "customized_defaults[" + std::to_string(i) + "]";
    if (!seen.insert(one.property).second) {
      return Fault(path + ".property", "'" + one.property + "' is there more than once");
    }
    BW_TRY(auto value, CompileDefault(one, config, path, limits.remedies));
    compiled.defaults.push_back(std::move(value));
  }
  const std::size_t size = Characters(json::Serialize(draft.target)) +
                           Characters(json::Serialize(DefaultsJson(draft.defaults)));
  if (size > limits.definition) {
    return Fault("customized_defaults", "target and customized_defaults must have at most " +
                                            std::to_string(limits.definition) + " characters");
  }
  return compiled;
}

Result<CompiledTemplate> CompileAccepted(const TemplateDraft& draft,
                                         const condition::Catalogue& catalogue) {
  return Compile(draft, catalogue,
                 {.definition = kUnlimited,
                  .name = kUnlimited,
                  .description = kUnlimited,
                  .properties = kUnlimited});
}

json::Array DefaultsJson(const std::vector<CustomizedDefault>& defaults) {
  json::Array array;
  for (const CustomizedDefault& one : defaults) {
    array.push_back(json::Object{{"property", Text(one.property)}, {"value", one.value}});
  }
  return array;
}

json::Value ToJson(const TemplateDraft& draft) {
  json::Object object;
  object["name"] = Text(draft.name);
  object["description"] = Text(draft.description);
  object["target"] = draft.target;
  object["customized_defaults"] = DefaultsJson(draft.defaults);
  return object;
}

}  // namespace breakwater::governance
