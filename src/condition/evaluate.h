// The one evaluator: (condition, parameters, facts) -> verdict with reasons. Pure; what a gate
// refuses and what a scan reports are answers of this function.
#pragma once

#include <map>
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

// A resource that a sub-rule may look at.
struct RelatedResource {
  std::string name;  // its CRN
  std::map<std::string, std::string> attributes;
  Facts facts;
};

// The resources beside the one that is judged, as far as sub-rules ask for them.
class Related {
 public:
  virtual ~Related() = default;
  // Null if they cannot be read: the sub-rule is then unable to be judged.
  virtual const std::vector<RelatedResource>* Of(const ResourceType& type) const = 0;
};

// What one comparison came to, or one sub-rule: then `property` is the type it looks at,
// `quantifier` its name, `required` its condition, and `found` counts the resources.
struct LeafReport {
  std::string path;
  std::string property;
  Operator op = Operator::kIsTrue;
  std::string quantifier;  // empty: a comparison
  json::Value required;    // the operator's value, parameters resolved; null if it takes none
  std::string parameter;   // the parameter the value came from, or ""
  json::Value found;       // null if absent or unavailable
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
  std::vector<LeafReport> leaves;  // all comparisons, then all sub-rules; in the document's order

  // {"outcome","properties":[…]}.
  json::Value ToJson() const;
  // The leaves that do not hold.
  std::vector<const LeafReport*> Failing() const;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// Every leaf is judged and reported, whatever the others say. Without `related` a sub-rule is
// unable to be judged.
Verdict Evaluate(const Condition& condition, const Parameters& parameters, const Facts& facts,
                 const Related* related = nullptr);

// The outcome alone, by the same comparisons; allocates nothing if facts have the types of the
// catalogue.
Outcome Judge(const Condition& condition, const Parameters& parameters, const Facts& facts,
              const Related* related = nullptr);
// The same of one sub-rule.
Truth TruthOf(const SubRule& sub_rule, const Parameters& parameters, const Related* related);
inline bool Compliant(const Condition& condition, const Parameters& parameters,
                      const Facts& facts) {
  return Judge(condition, parameters, facts) == Outcome::kCompliant;
}

// "is_true", "num_less_than_equals 3".
std::string Requirement(Operator op, const json::Value& required);

}  // namespace breakwater::condition
