// Named values that a condition leaves open: a goal's "no more than # users", with its default.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "condition/operators.h"
#include "json/json.h"

namespace breakwater::condition {

// In the shape of ibm-scc 5.3, import.parameters. Types: numeric, string, string_list, ip_list.
struct ParameterDeclaration {
  std::string name;
  std::string display_name;
  std::string description;
  PropertyType type = PropertyType::kNumeric;
  json::Value default_value;         // null: none
  std::vector<json::Value> allowed;  // empty: any
};

// Reads an array of {name!, type!, display_name, description, default, allowed}; at most 64. A
// default that its own declaration does not allow is an error. kInvalid with the path.
Result<std::vector<ParameterDeclaration>> ParseDeclarations(const json::Value& array);

// The values for one evaluation. Immutable; safe to share between threads.
class Parameters {
 public:
  // No parameters at all.
  Parameters() = default;

  // The defaults, replaced by the members of `overrides` (an object, or null for none). A name that
  // is not declared or a value that is not allowed is kInvalid with the name.
  static Result<Parameters> Bind(const std::vector<ParameterDeclaration>& declarations,
                                 const json::Value& overrides);

  // Null if it has no value.
  const Operand* Find(std::string_view name) const;
  // {"name": value}, for evidence.
  json::Value ToJson() const;

 private:
  std::map<std::string, Operand, std::less<>> values_;
};

// The operand form a parameter of this type is read by.
OperandForm FormOfParameter(PropertyType type);
// May an operator's value be a parameter of this type?
bool Accepts(Operator op, PropertyType parameter);

}  // namespace breakwater::condition
