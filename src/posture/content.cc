#include "posture/content.h"

#include <algorithm>
#include <span>

#include "base/check.h"
#include "base/embedded.h"
#include "json/reader.h"

namespace breakwater::posture {

extern const std::span<const EmbeddedFile> kContentFiles;

namespace {

constexpr std::size_t kMaxGoals = 10'000;
constexpr std::size_t kMaxProfiles = 1'000;
constexpr json::Limits kContentLimits{.max_bytes = 16U << 20, .max_depth = 32};

bool IsSeverity(std::string_view text) {
  return text == "Critical" || text == "High" || text == "Medium" || text == "Low";
}

Result<Goal> ParseGoal(const json::Reader& in, const condition::Catalogue& catalogue) {
  const std::string id = in.Field("id").String();
  const std::string severity = in.Field("severity").String();
  if (!IsSeverity(severity)) in.Field("severity").Fail("must be Critical, High, Medium or Low");
  const condition::ResourceType type{in.Field("service").String(), in.Field("kind").String()};
  const json::Value& required = in.Field("condition").value();
  std::vector<condition::ParameterDeclaration> parameters;
  if (const auto declared = in.Optional("parameters")) {
    BW_TRY(parameters, condition::ParseDeclarations(declared->value()).Context("goal " + id));
  }
  BW_TRY(auto condition,
         condition::Condition::Parse(required, catalogue, type, {}, parameters, "condition")
             .Context("goal " + id));
  return Goal{.id = id,
              .description = in.Field("description").String(),
              .severity = severity,
              .expected = in.Field("expected").String(),
              .reason = in.Field("reason").String(),
              .remedy = in.Field("remedy").String(),
              .type = type,
              .condition = std::move(condition),
              .parameters = std::move(parameters)};
}

Profile ParseProfile(const json::Reader& in, const Content& content) {
  Profile profile{.id = in.Field("id").String(),
                  .name = in.Field("name").String(),
                  .description = in.Field("description").String(),
                  .version = in.Field("version").Int(),
                  .controls = {}};
  for (const json::Reader& control : in.Field("controls").Items(kMaxGoals)) {
    const json::Reader goals = control.Field("goals");
    for (const std::string& goal : goals.Strings(kMaxGoals)) {
      if (content.FindGoal(goal) == nullptr) goals.Fail("names the unknown goal " + goal);
    }
    profile.controls.push_back(
        {.id = control.Field("id").String(),
         .external_control_id = control.Field("external_control_id").String(),
         .goals = goals.Strings(kMaxGoals)});
  }
  return profile;
}

template <class T>
const T* FindById(const std::vector<T>& all, std::string_view id) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const T& one) { return one.id == id; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

Result<Content> Content::Load(std::string_view goals, std::string_view profiles,
                              const condition::Catalogue& catalogue) {
  Content content;
  BW_TRY(const json::Value goals_document, json::Parse(goals, kContentLimits));
  const json::Reader goals_in(goals_document);
  for (const json::Reader& goal : goals_in.Field("goals").Items(kMaxGoals)) {
    BW_TRY(auto parsed, ParseGoal(goal, catalogue));
    if (content.FindGoal(parsed.id) != nullptr) goal.Fail("repeats the id " + parsed.id);
    content.goals_.push_back(std::move(parsed));
  }
  BW_TRY_STATUS(goals_in.Finish());

  BW_TRY(const json::Value profiles_document, json::Parse(profiles, kContentLimits));
  const json::Reader profiles_in(profiles_document);
  for (const json::Reader& profile : profiles_in.Field("profiles").Items(kMaxProfiles)) {
    content.profiles_.push_back(ParseProfile(profile, content));
  }
  BW_TRY_STATUS(profiles_in.Finish());
  return content;
}

const Content& Content::BuiltIn() {
  static const Content kBuiltIn = [] {
    BW_CHECK(kContentFiles.size() == 2);
    auto loaded =
        Load(kContentFiles[0].bytes, kContentFiles[1].bytes, condition::Catalogue::BuiltIn());
    if (!loaded.ok()) Fatal(__FILE__, __LINE__, loaded.error().message().c_str());
    return *std::move(loaded);
  }();
  return kBuiltIn;
}

const Goal* Content::FindGoal(std::string_view id) const {
  return FindById(goals_, id);
}
const Profile* Content::FindProfile(std::string_view id) const {
  return FindById(profiles_, id);
}

std::vector<const Goal*> Content::GoalsOf(const Profile& profile) const {
  std::vector<const Goal*> goals;
  for (const Control& control : profile.controls) {
    for (const std::string& id : control.goals) goals.push_back(FindGoal(id));
  }
  return goals;
}

}  // namespace breakwater::posture
