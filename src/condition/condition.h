// A condition: a tree of comparisons over the properties of one kind of resource, compiled once.
// A governance rule is a condition with a target, a posture goal is a condition with parameters.
//
// Grammar (ibm-scc 1.4, nesting as in 5.3):
//   C = {description?, property, operator, value?}
//     | {description?, and: [C+]}
//     | {description?, or: [C+]}
//     | {description?, Q: {target, required_config: C}}, a sub-rule over related resources; Q is
//       any, all, any_ifexists or all_ifexists. Sub-rules hold no sub-rules.
// A value may be a parameter: "${name}" or {"parameter": "name"}.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "condition/catalogue.h"
#include "condition/operators.h"
#include "condition/parameters.h"
#include "condition/target.h"
#include "json/json.h"

namespace breakwater::condition {

// ibm-scc 1.12. A condition in the sense of that table is one and/or group (or the lone property of
// a rule without any); its properties are the comparisons directly in it.
struct ConditionLimits {
  std::size_t max_depth = 16;  // groups within groups
  std::size_t max_conditions = 16;
  std::size_t max_properties = 24;
  std::size_t max_values = 256;  // elements of one value list
};

// One comparison.
struct Leaf {
  std::string path;  // "required_config.and[1]"
  std::string description;
  std::string property;
  PropertyType type = PropertyType::kBoolean;
  Operator op = Operator::kIsTrue;
  Operand operand;        // empty if it is a parameter
  std::string parameter;  // empty if the value is written in the condition
};

class Condition;

// A requirement on the related resources that its target selects.
struct SubRule {
  // kAny: one of them complies. kAll: each does. Without any such resource both are violated,
  // unless the name says "if exists".
  enum class Quantifier : std::uint8_t { kAny, kAll };
  std::string path;  // "required_config.and[0].any"
  std::string description;
  Quantifier quantifier = Quantifier::kAny;
  bool if_exists = false;
  Target target;
  std::shared_ptr<const Condition> condition;

  std::string Name() const;  // "any", "all_ifexists", …
};

// One step of the tree in pre-order: its parts begin behind it and end before `end`.
struct Node {
  enum class Kind : std::uint8_t { kLeaf, kAnd, kOr, kSubRule };
  Kind kind = Kind::kLeaf;
  std::uint32_t leaf = 0;  // index into leaves() for kLeaf, into sub_rules() for kSubRule
  std::uint32_t end = 0;   // index of the first node that is not part of it
};

// Immutable; safe to share between threads.
class Condition {
 public:
  // Errors are kInvalid with reason "rule_error"; the message and the details "path", "value" and
  // "allowed" say where, what was found and what may stand there. `path` names the document's root
  // in them. A parameter must be among `declared`.
  static Result<Condition> Parse(const json::Value& required_config, const Catalogue& catalogue,
                                 const ResourceType& type, const ConditionLimits& limits = {},
                                 const std::vector<ParameterDeclaration>& declared = {},
                                 std::string_view path = "required_config");

  // The document as it was given.
  const json::Value& source() const { return source_; }
  const ResourceType& type() const { return type_; }
  // In the order of the document.
  const std::vector<Leaf>& leaves() const { return leaves_; }
  const std::vector<SubRule>& sub_rules() const { return sub_rules_; }
  // Never empty.
  const std::vector<Node>& nodes() const { return nodes_; }
  // Distinct, in the order of their first mention; not those of sub-rules.
  std::vector<std::string> Properties() const;
  // What sub-rules look at.
  bool LooksAt(const ResourceType& type) const;

 private:
  friend class ConditionParser;
  json::Value source_;
  ResourceType type_;
  std::vector<Leaf> leaves_;
  std::vector<SubRule> sub_rules_;
  std::vector<Node> nodes_;
};

// A mistake in a rule: "PATH: WHAT (found VALUE; allowed: …)", kInvalid with reason "rule_error".
// `allowed` may be empty.
Error RuleError(std::string_view path, const json::Value* found, std::string_view what,
                const std::vector<std::string>& allowed);

// "; did you mean 'x'?" or nothing.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& known);

}  // namespace breakwater::condition
