// What the program brings along (content/posture/): goals and profiles as data. Adding a goal needs
// no C++ unless it needs a new fact.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "condition/catalogue.h"
#include "posture/profile.h"

namespace breakwater::posture {

// Immutable; safe to share between threads.
class Content {
 public:
  // Every condition is checked against the catalogue, every goal a control names must exist. The
  // error names the place. {"goals": […]} and {"profiles": […]}.
  static Result<Content> Load(std::string_view goals, std::string_view profiles,
                              const condition::Catalogue& catalogue);
  // What the binary carries.
  static const Content& BuiltIn();

  std::shared_ptr<const Goal> FindGoal(std::string_view id) const;        // null if there is none
  std::shared_ptr<const Profile> FindProfile(std::string_view id) const;  // null if there is none
  const std::vector<std::shared_ptr<const Goal>>& goals() const { return goals_; }
  const std::vector<std::shared_ptr<const Profile>>& profiles() const { return profiles_; }

 private:
  std::vector<std::shared_ptr<const Goal>> goals_;
  std::vector<std::shared_ptr<const Profile>> profiles_;
};

}  // namespace breakwater::posture
