// Goals and profiles as data (content/posture/): adding a goal needs no C++ unless it needs a new
// fact.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "condition/catalogue.h"
#include "condition/condition.h"

namespace breakwater::posture {

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
  std::vector<condition::ParameterDeclaration> parameters;
};

struct Control {
  std::string id;                   // digits, within all profiles
  std::string external_control_id;  // "5.3"
  std::vector<std::string> goals;   // goal ids
};

struct Profile {
  std::string id;  // digits
  std::string name;
  std::string description;
  std::int64_t version = 1;
  std::vector<Control> controls;
};

// Immutable; safe to share between threads.
class Content {
 public:
  // Every condition is checked against the catalogue, every goal a control names must exist. The
  // error names the place.
  static Result<Content> Load(std::string_view goals, std::string_view profiles,
                              const condition::Catalogue& catalogue);
  // What the binary carries.
  static const Content& BuiltIn();

  const Goal* FindGoal(std::string_view id) const;        // null if there is none
  const Profile* FindProfile(std::string_view id) const;  // null if there is none
  // A profile's goals in the order of its controls.
  std::vector<const Goal*> GoalsOf(const Profile& profile) const;
  const std::vector<Goal>& goals() const { return goals_; }
  const std::vector<Profile>& profiles() const { return profiles_; }

 private:
  std::vector<Goal> goals_;
  std::vector<Profile> profiles_;
};

}  // namespace breakwater::posture
