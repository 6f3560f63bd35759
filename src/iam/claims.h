// What somebody's sign-in says of them, and conditions on it: the rules of access groups and
// trusted profiles, and what a workload's token must say to be exchanged. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/json.h"

namespace breakwater::iam {

enum class ClaimOperator {
  kEquals,
  kEqualsIgnoreCase,
  kNotEquals,
  kNotEqualsIgnoreCase,
  kContains,
  kIn,
};
std::string_view ToString(ClaimOperator op);  // "EQUALS_IGNORE_CASE"; stored and sent
std::optional<ClaimOperator> ParseClaimOperator(std::string_view text);

// One condition (ibm-registry 4.3). `value` is JSON as text: "\"developers\"", "true", and for IN a
// list: "[\"a\",\"b\"]".
struct ClaimCondition {
  // A member of the claims, or, with a slash in front, a JSON pointer (RFC 6901) into them:
  // "/kubernetes.io/namespace".
  std::string claim;
  ClaimOperator op = ClaimOperator::kEquals;
  std::string value;
  friend bool operator==(const ClaimCondition&, const ClaimCondition&) = default;
};

inline constexpr std::size_t kMaxClaimConditions = 20;
inline constexpr std::size_t kMaxClaimOctets = 256;
inline constexpr std::size_t kMaxClaimValueOctets = 4096;

// Whether these are conditions that can hold: 1 to kMaxClaimConditions, each with a claim and a
// value of the right form. kInvalid "invalid_field", naming the condition.
Status CheckConditions(std::span<const ClaimCondition> conditions);

// Whether all of them hold; false without any. A claim that is one value is a list of one, so that
// a provider may send somebody's only group either way; values compare as text (true is "true").
//   EQUALS       the claim has one value, and it is this
//   NOT_EQUALS   it has values, and none is this
//   CONTAINS     one of its values is this: never a part of one
//   IN           it has one value, and that is in the condition's list
// A claim that is absent, null, or an object meets no condition, not even NOT_EQUALS. _IGNORE_CASE
// folds A to Z alone.
bool Holds(std::span<const ClaimCondition> conditions, const json::Object& claims);

// As they are stored and sent: [{"claim","operator","value"}].
json::Value ConditionsToJson(std::span<const ClaimCondition> conditions);
Result<std::vector<ClaimCondition>> ConditionsFromJson(std::string_view text);

}  // namespace breakwater::iam
