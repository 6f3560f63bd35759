#include "condition/parameters.h"

#include <algorithm>

#include "base/strings.h"
#include "json/reader.h"

namespace breakwater::condition {
namespace {

constexpr std::size_t kMaxDeclarations = 64;
constexpr std::size_t kMaxValues = 256;

bool IsParameterType(PropertyType type) {
  return type != PropertyType::kBoolean && type != PropertyType::kTimestamp;
}

Result<Operand> CompileFor(const ParameterDeclaration& declaration, const json::Value& value) {
  if (declaration.type == PropertyType::kString && value.is_array()) {
    return Invalid("must be one string, not a list");
  }
  BW_TRY(auto operand, CompileOperand(FormOfParameter(declaration.type), value, kMaxValues));
  const auto& allowed = declaration.allowed;
  if (allowed.empty()) return operand;
  for (const json::Value& choice : allowed) {
    BW_TRY(const Operand other,
           CompileOperand(FormOfParameter(declaration.type), choice, kMaxValues));
    if (other.texts == operand.texts && other.numbers == operand.numbers &&
        other.networks == operand.networks) {
      return operand;
    }
  }
  std::vector<std::string> texts;
  for (const json::Value& choice : allowed) texts.push_back(json::Serialize(choice));
  return Invalid("must be one of " + Join(texts, ", "));
}

ParameterDeclaration ReadDeclaration(const json::Reader& reader) {
  reader.OnlyFields({"name", "type", "display_name", "description", "default", "allowed"});
  ParameterDeclaration declaration;
  declaration.name = reader.Field("name").String();
  declaration.display_name = reader.String("display_name", declaration.name);
  declaration.description = reader.String("description", "");
  const json::Reader type = reader.Field("type");
  const auto parsed = ParsePropertyType(type.String());
  if (!parsed.ok() || !IsParameterType(*parsed)) {
    type.Fail("must be numeric, string, string_list or ip_list");
    return declaration;
  }
  declaration.type = *parsed;
  if (const auto allowed = reader.Optional("allowed")) {
    for (const auto& item : allowed->Items(kMaxValues)) {
      declaration.allowed.push_back(item.value());
      const auto operand =
          CompileOperand(FormOfParameter(declaration.type), item.value(), kMaxValues);
      if (!operand.ok()) item.Fail(operand.error().message());
    }
  }
  if (const auto fallback = reader.Optional("default")) {
    declaration.default_value = fallback->value();
    const auto operand = CompileFor(declaration, fallback->value());
    if (!operand.ok()) fallback->Fail(operand.error().message());
  }
  return declaration;
}

}  // namespace

OperandForm FormOfParameter(PropertyType type) {
  switch (type) {
    case PropertyType::kNumeric: return OperandForm::kNumber;
    case PropertyType::kString: return OperandForm::kTexts;
    case PropertyType::kStringList: return OperandForm::kTextList;
    case PropertyType::kIpList: return OperandForm::kNetworks;
    case PropertyType::kBoolean:
    case PropertyType::kTimestamp: return OperandForm::kNone;
  }
  BW_UNREACHABLE();
}

bool Accepts(Operator op, PropertyType parameter) {
  switch (FormOf(op)) {
    case OperandForm::kNone: return false;
    case OperandForm::kTexts:
      return parameter == PropertyType::kString || parameter == PropertyType::kStringList;
    case OperandForm::kTextList: return parameter == PropertyType::kStringList;
    case OperandForm::kNetworks: return parameter == PropertyType::kIpList;
    case OperandForm::kNumbers:
    case OperandForm::kNumber:
    case OperandForm::kDays: return parameter == PropertyType::kNumeric;
  }
  BW_UNREACHABLE();
}

Result<std::vector<ParameterDeclaration>> ParseDeclarations(const json::Value& array) {
  const json::Reader reader(array);
  std::vector<ParameterDeclaration> declarations;
  for (const auto& item : reader.Items(kMaxDeclarations)) {
    ParameterDeclaration declaration = ReadDeclaration(item);
    const bool known = std::any_of(declarations.begin(), declarations.end(),
                                   [&](const auto& d) { return d.name == declaration.name; });
    if (known) item.Fail("declares '" + declaration.name.substr(0, 64) + "' again");
    declarations.push_back(std::move(declaration));
  }
  BW_TRY_STATUS(reader.Finish());
  return declarations;
}

Result<Parameters> Parameters::Bind(const std::vector<ParameterDeclaration>& declarations,
                                    const json::Value& overrides) {
  const json::Reader given(overrides);
  if (!overrides.is_null()) {
    std::vector<std::string> names;
    for (const auto& declaration : declarations) names.push_back(declaration.name);
    given.OnlyFields(names);
    BW_TRY_STATUS(given.Finish());
  }
  Parameters parameters;
  for (const auto& declaration : declarations) {
    const json::Value* value = json::Find(overrides, declaration.name);
    if (value == nullptr || value->is_null()) value = &declaration.default_value;
    if (value->is_null()) continue;
    auto operand = CompileFor(declaration, *value);
    if (!operand.ok()) {
      return Invalid(declaration.name + ": " + operand.error().message())
          .Reason("invalid_parameter")
          .Detail("parameter", declaration.name)
          .Detail("value", json::Serialize(*value));
    }
    parameters.values_.emplace(declaration.name, *std::move(operand));
  }
  return parameters;
}

const Operand* Parameters::Find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

json::Value Parameters::ToJson() const {
  json::Object object;
  for (const auto& [name, operand] : values_) object[name] = operand.given;
  return object;
}

}  // namespace breakwater::condition
