#include "posture/content.h"

#include <algorithm>
#include <span>

#include "base/check.h"
#include "base/embedded.h"
#include "json/reader.h"

namespace breakwater::posture {

extern const std::span<const EmbeddedFile> kContentFiles;

namespace {

constexpr std::size_t kMaxProfiles = 1'000;
constexpr json::Limits kContentLimits{.max_bytes = 16U << 20, .max_depth = 32};

template <class T>
std::shared_ptr<const T> FindById(const std::vector<std::shared_ptr<const T>>& all,
                                  std::string_view id) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one->id == id; });
  return found == all.end() ? nullptr : *found;
}

// In the files a profile names its goals; a version's document holds them.
Result<std::shared_ptr<const Profile>> ReadProfile(const json::Reader& in, const Content& content,
                                                   const condition::Catalogue& catalogue) {
  json::Value document = in.value();
  if (!document.is_object()) return Invalid("must be an object").Context(in.path());
  document.as_object()["goals"] = json::Array();
  json::Array goals;
  for (const json::Reader& control : in.Field("controls").Items(kMaxControls)) {
    for (const std::string& id : control.Field("goals").Strings(kMaxGoals)) {
      const auto goal = content.FindGoal(id);
      if (goal == nullptr) {
        control.Field("goals").Fail("names the unknown goal " + id);
        continue;
      }
      if (std::find(goals.begin(), goals.end(), goal->document) == goals.end()) {
        goals.push_back(goal->document);
      }
    }
  }
  BW_TRY_STATUS(in.Finish());
  document.as_object()["goals"] = std::move(goals);
  return ProfileFromDocument(document, catalogue).Context(in.path());
}

}  // namespace

Result<Content> Content::Load(std::string_view goals, std::string_view profiles,
                              const condition::Catalogue& catalogue) {
  Content content;
  BW_TRY(const json::Value goals_document, json::Parse(goals, kContentLimits));
  const json::Reader goals_in(goals_document);
  for (const json::Reader& goal : goals_in.Field("goals").Items(kMaxGoals)) {
    BW_TRY(auto parsed, ParseGoal(goal.value(), catalogue).Context(goal.path()));
    if (content.FindGoal(parsed->id) != nullptr) goal.Fail("repeats the id " + parsed->id);
    content.goals_.push_back(std::move(parsed));
  }
  BW_TRY_STATUS(goals_in.Finish());

  BW_TRY(const json::Value profiles_document, json::Parse(profiles, kContentLimits));
  const json::Reader profiles_in(profiles_document);
  for (const json::Reader& profile : profiles_in.Field("profiles").Items(kMaxProfiles)) {
    BW_TRY(auto read, ReadProfile(profile, content, catalogue));
    if (content.FindProfile(read->id) != nullptr) profile.Fail("repeats the id " + read->id);
    content.profiles_.push_back(std::move(read));
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

std::shared_ptr<const Goal> Content::FindGoal(std::string_view id) const {
  return FindById(goals_, id);
}
std::shared_ptr<const Profile> Content::FindProfile(std::string_view id) const {
  return FindById(profiles_, id);
}

}  // namespace breakwater::posture
