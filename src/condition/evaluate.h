// The one evaluator: (condition, parameters, facts) -> verdict with reasons. Pure; what a gate
// refuses and what a scan reports are answers of this function.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "condition/condition.h"
#include "condition/parameters.h"
#include "condition/value.h"
#include "json/json.h"

namespace breakwater::condition {

// kUnable: a fact that decides the outcome is unavailable or of a wrong type. Never a pass.
enum class Outcome { kCompliant, kViolated, kUnable };

std::string_view ToString(Outcome outcome);  // "compliant", "violated", "unable"
Result<Outcome> ParseOutcome(std::string_view text);

enum class LeafOutcome { kHolds, kFails, kUnable };

std::string_view ToString(LeafOutcome outcome);  // "holds", "fails", "unable"

// What one comparison came to.
struct LeafReport {
  std::string path;
  std::string property;
  Operator op = Operator::kIsTrue;
  json::Value required;   // the operator's value, parameters resolved; null if it takes none
  std::string parameter;  // the parameter the value came from, or ""
  json::Value found;      // null if absent or unavailable
  LeafOutcome outcome = LeafOutcome::kUnable;
  std::string reason;  // why it fails or cannot be judged; "" if it holds
  std::string source;  // who said what was found, or ""
  std::optional<Timestamp> observed;

  // {"property","operator","expected_value","found_value","outcome","reason",…}; names of ibm-scc
  // 5.4.
  json::Value ToJson() const;
  friend bool operator==(const LeafReport&, const LeafReport&) = default;
};

struct Verdict {
  Outcome outcome = Outcome::kUnable;
  std::vector<LeafReport> leaves;  // every one, in the order of the document

  // {"outcome","properties":[…]}.
  json::Value ToJson() const;
  // The leaves that do not hold.
  std::vector<const LeafReport*> Failing() const;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// Every leaf is judged and reported, whatever the others say.
Verdict Evaluate(const Condition& condition, const Parameters& parameters, const Facts& facts);

// The outcome alone, by the same comparisons; allocates nothing if facts have the types of the
// catalogue.
Outcome Judge(const Condition& condition, const Parameters& parameters, const Facts& facts);
inline bool Compliant(const Condition& condition, const Parameters& parameters,
                      const Facts& facts) {
  return Judge(condition, parameters, facts) == Outcome::kCompliant;
}

// "is_true", "num_less_than_equals 3".
std::string Requirement(Operator op, const json::Value& required);

}  // namespace breakwater::condition
