// Goals, controls and profiles. A profile's version is one document that holds the goals it is made
// of, so what an auditor was shown can be evaluated again, whatever became of the goals since.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "condition/catalogue.h"
#include "condition/condition.h"
#include "json/json.h"

namespace breakwater::posture {

inline constexpr std::size_t kMaxControls = 1'200;  // of a profile (ibm-scc 5.7)
inline constexpr std::size_t kMaxGoals = 5'000;

// Framework -> ids of its requirements: {"nist-800-53-r5": ["AC-2", "AC-6"]}. Identifiers only.
using Mappings = std::map<std::string, std::vector<std::string>>;

// What a goal that no fact can answer is evaluated on: one resource for each such goal, whose facts
// are what was attested.
inline constexpr std::string_view kAttestationService = "posture";
inline constexpr std::string_view kAttestationKind = "attestation";

// One check over one kind of resource. "#" in texts stands for its parameters in order.
struct Goal {
  std::string id;           // "3000623"
  std::string description;  // "Check whether …"
  std::string severity;     // Critical, High, Medium or Low
  std::string expected;
  std::string reason;
  std::string remedy;
  condition::ResourceType type;
  condition::Condition condition;
  // Where it does not hold, the goal does not apply; absent: it applies to every resource.
  std::optional<condition::Condition> applies;
  // Where it does not hold, nobody can meet the goal (attainable.h); absent: nothing is known.
  std::optional<condition::Condition> attainable;
  std::vector<condition::ParameterDeclaration> parameters;
  Mappings mappings;
  json::Value document;  // as it was read
  std::string digest;    // sha256:… of the canonical document

  // Answered by attestation, not by looking.
  bool is_manual() const { return type.service == kAttestationService; }
  // All that it looks at, each once.
  std::vector<std::string> Properties() const;
};

// The document's errors are kInvalid and name the place; the condition is checked against the
// catalogue.
Result<std::shared_ptr<const Goal>> ParseGoal(const json::Value& document,
                                              const condition::Catalogue& catalogue);

struct Control {
  std::string id;                   // digits, within all profiles
  std::string external_control_id;  // "5.3", "AC-6"
  std::string description;          // empty: said by its goals
  std::string parent;               // external id of the family it belongs to; may be empty
  std::vector<std::string> tags;
  std::vector<std::string> goals;  // goal ids; none: a family

  // What people read: its description, or its first goal's with "Ensure" for "Check whether"
  // (ibm-scc 2.5).
  std::string Title(const struct Profile& profile) const;
};

enum class ProfileOrigin { kPredefined, kCustom };

// One version. Immutable; safe to share between threads.
struct Profile {
  std::string id;  // digits
  std::string name;
  std::string description;
  std::int64_t version = 1;
  ProfileOrigin origin = ProfileOrigin::kPredefined;
  std::string base_profile;  // the profile it was made from, or ""
  std::vector<Control> controls;
  // Those its controls name, each once, in the order of the controls.
  std::vector<std::shared_ptr<const Goal>> goals;

  const Goal* FindGoal(std::string_view id) const;  // null if it has none of that id
  // Its goals on one kind of resource, in its order.
  std::vector<const Goal*> GoalsOn(const condition::ResourceType& type) const;
  std::vector<condition::ResourceType> Types() const;
  // Null if no goal declares it.
  const condition::ParameterDeclaration* FindParameter(std::string_view name) const;
};

json::Value ToDocument(const Profile& profile);
// sha256:… of the canonical document.
std::string DigestOf(const Profile& profile);
// What ToDocument wrote.
Result<std::shared_ptr<const Profile>> ProfileFromDocument(const json::Value& document,
                                                           const condition::Catalogue& catalogue);

// Where goals come from when a profile is put together.
using FindGoalById = std::function<std::shared_ptr<const Goal>(std::string_view id)>;
// Fills `goals` with what the controls name. kInvalid names a goal there is not, a parent there is
// not, and an external id or a control that comes twice.
Status ResolveGoals(Profile& profile, const FindGoalById& find);

}  // namespace breakwater::posture
