// The further condition that a v2 policy can have: when it counts, or on what within its resource.
//
// Sources: the reference's policy API (V2PolicyRule) and its documents "Limiting access with
// time-based conditions" and "Resource attribute-based conditions". Times carry an offset from UTC
// of their own; days are 1 (Monday) to 7 (Sunday).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "json/reader.h"

namespace breakwater::iam {

// What a condition looks at.
enum class RuleKey {
  kCurrentTime,      // {{environment.attributes.current_time}}
  kCurrentDate,      // {{environment.attributes.current_date}}
  kCurrentDateTime,  // {{environment.attributes.current_date_time}}
  kDayOfWeek,        // {{environment.attributes.day_of_week}}
  kResourceValue,    // {{resource.attributes.NAME}}
};

enum class Comparison {
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kEqualsAnyOf,  // of a day, or of texts
  kMatchesAnyOf,
  kExists,
};

// A time of day, a date, a day of the week or a moment, as far as `value` goes.
struct RuleTime {
  std::int64_t value = 0;  // microseconds of the day; days since 1970; 1 to 7; Unix microseconds
  std::int64_t offset_seconds = 0;  // from UTC; nothing for a moment
  friend bool operator==(const RuleTime&, const RuleTime&) = default;
};

struct RuleCondition {
  RuleKey key = RuleKey::kCurrentTime;
  std::string attribute;  // kResourceValue: its name
  std::string op;         // as it is written: "timeLessThan"
  Comparison comparison = Comparison::kLess;
  std::vector<std::string> values;  // as they are written; kExists: "true" or "false"
  bool list = false;                // they are written as an array
  std::vector<RuleTime> times;      // the values of all keys but kResourceValue
  friend bool operator==(const RuleCondition&, const RuleCondition&) = default;
};

struct PolicyRule {
  enum class Kind { kCondition, kAnd, kOr };
  Kind kind = Kind::kCondition;
  RuleCondition condition;        // kCondition
  std::vector<PolicyRule> parts;  // kAnd, kOr; at least one
  friend bool operator==(const PolicyRule&, const PolicyRule&) = default;
};

// Bounds of one rule.
inline constexpr std::size_t kMaxRuleConditions = 32;
inline constexpr std::size_t kMaxRuleDepth = 3;
inline constexpr std::size_t kMaxRuleValues = 32;
inline constexpr std::size_t kMaxRuleValueOctets = 1000;

// Names of attributes that a rule can look at: "path" is the repository, "ns/app".
inline constexpr std::array<std::string_view, 6> kRuleAttributes = {
    "region", "registry", "resourceType", "resource", "resourceGroupId", "path"};

// As the wire has it; mistakes are the reader's. The value means nothing after one.
PolicyRule ReadRule(const json::Reader& in);
// kInvalid with the reason "invalid_field".
Result<PolicyRule> ParseRule(std::string_view text);
// What ReadRule read.
json::Value ToJson(const PolicyRule& rule);

// What a rule is held against.
class RuleSubject {
 public:
  virtual ~RuleSubject() = default;
  virtual Timestamp now() const = 0;
  // Of the names in kRuleAttributes; empty: the resource has none.
  virtual std::string_view Value(std::string_view attribute) const = 0;
};
bool Holds(const PolicyRule& rule, const RuleSubject& subject);

// Whether it looks at the resource, or else at the time alone.
bool LooksAtResource(const PolicyRule& rule);
// Whether it is about time, and will never hold again.
bool IsOver(const PolicyRule& rule, Timestamp now);

// Why `pattern` does not name the kind of this rule (null: there is none); empty if it does.
std::string WrongPattern(std::string_view pattern, const PolicyRule* rule);

}  // namespace breakwater::iam
