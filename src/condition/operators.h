// The 16 comparisons of configuration rules (ibm-scc 1.5) and the later ones (5.3), what each may
// be compared with, and the one function that compares a fact.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "condition/value.h"
#include "json/json.h"

namespace breakwater::condition {

enum class Operator {
  kIsEmpty,
  kIsNotEmpty,
  kIsTrue,
  kIsFalse,
  kStringEquals,
  kStringNotEquals,
  kStringMatch,
  kStringNotMatch,
  kStringContains,
  kStringNotContains,
  kStringsInList,
  kStringsAllowed,
  kStringsRequired,
  kIpsInRange,
  kIpsEquals,
  kIpsNotEquals,
  kNumEquals,
  kNumNotEquals,
  kNumLessThan,
  kNumLessThanEquals,
  kNumGreaterThan,
  kNumGreaterThanEquals,
  kDaysLessThan,
};

// The forms of the value beside an operator.
enum class OperandForm {
  kNone,      // ignored if given
  kTexts,     // a string, or an array: any of
  kTextList,  // an array; or a string holding a JSON array or a comma-separated list
  kNetworks,  // the same, of addresses and CIDR blocks
  kNumbers,   // a number or numeric string, or an array: any of
  kNumber,    // one number or numeric string
  kDays,      // one whole number of days, 0 to 100,000
};

std::string_view ToString(Operator op);  // "is_true", …
Result<Operator> ParseOperator(std::string_view name);
const std::vector<std::string>& OperatorNames();
OperandForm FormOf(Operator op);
bool AppliesTo(Operator op, PropertyType type);
// Names of the operators for properties of a type.
std::vector<std::string> OperatorsFor(PropertyType type);
// The operator with the opposite outcome for every fact that is present or absent, if there is one.
// is_true and is_false are no such pair: an absent property is neither.
const Operator* NegationOf(Operator op);

// The value beside an operator, ready to compare; at most one of the lists is filled.
struct Operand {
  json::Value given;  // as it was written
  StringList texts;
  IpList networks;
  std::vector<Number> numbers;
};

// kInvalid, saying what is allowed, without a path. `max_values` bounds lists.
Result<Operand> CompileOperand(OperandForm form, const json::Value& given, std::size_t max_values);

// Kleene's logic: "and" is the least of its parts, "or" the greatest.
enum class Truth { kFalse, kUnknown, kTrue };

// Why a comparison could not be made.
enum class Problem {
  kNone,
  kUnavailable,
  kWrongType,
  kNotNumeric,
  kNotAddress,
  kNotTimestamp,
  kNoParameter
};

struct Comparison {
  Truth truth = Truth::kUnknown;
  Problem problem = Problem::kNone;  // kNone exactly if truth is known
};

// Compares a fact; null is a property nobody said anything of. Allocates nothing when the fact has
// the operator's type.
Comparison Compare(Operator op, const Operand& operand, const Fact* fact);

// Krauss wildcards over the whole text: '*' any run, '?' exactly one character (UTF-8), no escape.
bool WildcardMatch(std::string_view pattern, std::string_view text);

}  // namespace breakwater::condition
