#include "posture/profile.h"

#include <algorithm>
#include <set>

#include "crypto/hash.h"
#include "json/reader.h"
#include "posture/texts.h"

namespace breakwater::posture {
namespace {

using json::Text;

constexpr std::size_t kMaxTexts = 100;  // tags, ids of a framework

bool IsSeverity(std::string_view text) {
  return text == "Critical" || text == "High" || text == "Medium" || text == "Low";
}

std::string Digest(const json::Value& document) {
  return "sha256:" + crypto::Sha256Hex(json::Canonical(document));
}

Mappings MappingsOf(const json::Reader& in) {
  Mappings mappings;
  const auto given = in.Optional("mappings");
  if (!given) return mappings;
  const json::Object* object = given->value().if_object();
  if (object == nullptr) {
    given->Fail("must be an object");
    return mappings;
  }
  for (const auto& member : *object) {
    const std::string name(member.key());
    mappings[name] = given->Field(name).Strings(kMaxTexts);
  }
  return mappings;
}

Control ControlOf(const json::Reader& in) {
  Control control{.id = in.Field("id").String(),
                  .external_control_id = in.Field("external_control_id").String(),
                  .description = in.String("description", ""),
                  .parent = in.String("parent", ""),
                  .tags = {},
                  .goals = in.Field("goals").Strings(kMaxGoals)};
  if (const auto tags = in.Optional("tags")) control.tags = tags->Strings(kMaxTexts);
  return control;
}

json::Value ToDocument(const Control& control) {
  return {{"id", Text(control.id)},
          {"external_control_id", Text(control.external_control_id)},
          {"description", Text(control.description)},
          {"parent", Text(control.parent)},
          {"tags", Texts(control.tags)},
          {"goals", Texts(control.goals)}};
}

}  // namespace

Result<std::shared_ptr<const Goal>> ParseGoal(const json::Value& document,
                                              const condition::Catalogue& catalogue) {
  const json::Reader in(document);
  const std::string id = in.Field("id").String();
  const std::string severity = in.Field("severity").String();
  if (!IsSeverity(severity)) in.Field("severity").Fail("must be Critical, High, Medium or Low");
  const condition::ResourceType type{in.Field("service").String(), in.Field("kind").String()};
  const json::Value& required = in.Field("condition").value();
  std::vector<condition::ParameterDeclaration> parameters;
  if (const auto declared = in.Optional("parameters")) {
    BW_TRY(parameters, condition::ParseDeclarations(declared->value()).Context("goal " + id));
  }
  Goal goal{.id = id,
            .description = in.Field("description").String(),
            .severity = severity,
            .expected = in.Field("expected").String(),
            .reason = in.Field("reason").String(),
            .remedy = in.Field("remedy").String(),
            .type = type,
            .condition = {},
            .applies = {},
            .attainable = {},
            .parameters = std::move(parameters),
            .mappings = MappingsOf(in),
            .document = document,
            .digest = Digest(document)};
  BW_TRY_STATUS(in.Finish());
  BW_TRY(goal.condition,
         condition::Condition::Parse(required, catalogue, type, {}, goal.parameters, "condition")
             .Context("goal " + id));
  const auto read = [&](const char* field, std::optional<condition::Condition>& into) -> Status {
    const auto given = in.Optional(field);
    if (!given) return Ok();
    BW_TRY(into,
           condition::Condition::Parse(given->value(), catalogue, type, {}, goal.parameters, field)
               .Context("goal " + id));
    return Ok();
  };
  BW_TRY_STATUS(read("applies", goal.applies));
  BW_TRY_STATUS(read("attainable", goal.attainable));
  return std::make_shared<const Goal>(std::move(goal));
}

std::vector<std::string> Goal::Properties() const {
  std::vector<std::string> properties = condition.Properties();
  for (const auto* also : {&applies, &attainable}) {
    if (!*also) continue;
    for (std::string& property : (*also)->Properties()) {
      if (std::find(properties.begin(), properties.end(), property) == properties.end()) {
        properties.push_back(std::move(property));
      }
    }
  }
  return properties;
}

std::string Control::Title(const Profile& profile) const {
  if (!description.empty()) return description;
  constexpr std::string_view kCheck = "Check whether ";
  const Goal* goal = goals.empty() ? nullptr : profile.FindGoal(goals.front());
  if (goal == nullptr) return external_control_id;
  if (!goal->description.starts_with(kCheck)) return goal->description;
  return "Ensure " + goal->description.substr(kCheck.size());
}

const Goal* Profile::FindGoal(std::string_view goal_id) const {
  const auto found = std::find_if(goals.begin(), goals.end(),
                                  [&](const auto& goal) { return goal->id == goal_id; });
  return found == goals.end() ? nullptr : found->get();
}

std::vector<const Goal*> Profile::GoalsOn(const condition::ResourceType& type) const {
  std::vector<const Goal*> on;
  for (const auto& goal : goals) {
    if (goal->type == type) on.push_back(goal.get());
  }
  return on;
}

std::vector<condition::ResourceType> Profile::Types() const {
  std::set<condition::ResourceType> types;
  for (const auto& goal : goals) types.insert(goal->type);
  return {types.begin(), types.end()};
}

const condition::ParameterDeclaration* Profile::FindParameter(std::string_view parameter) const {
  for (const auto& goal : goals) {
    for (const auto& declaration : goal->parameters) {
      if (declaration.name == parameter) return &declaration;
    }
  }
  return nullptr;
}

json::Value ToDocument(const Profile& profile) {
  json::Array controls;
  for (const Control& control : profile.controls) controls.push_back(ToDocument(control));
  json::Array goals;
  for (const auto& goal : profile.goals) goals.push_back(goal->document);
  return {{"id", Text(profile.id)},
          {"name", Text(profile.name)},
          {"description", Text(profile.description)},
          {"version", profile.version},
          {"origin", profile.origin == ProfileOrigin::kCustom ? "custom" : "predefined"},
          {"base_profile", Text(profile.base_profile)},
          {"controls", std::move(controls)},
          {"goals", std::move(goals)}};
}

std::string DigestOf(const Profile& profile) {
  return Digest(ToDocument(profile));
}

Result<std::shared_ptr<const Profile>> ProfileFromDocument(const json::Value& document,
                                                           const condition::Catalogue& catalogue) {
  const json::Reader in(document);
  Profile profile{.id = in.Field("id").String(),
                  .name = in.Field("name").String(),
                  .description = in.Field("description").String(),
                  .version = in.Field("version").Int(),
                  .origin = in.String("origin", "predefined") == "custom"
                                ? ProfileOrigin::kCustom
                                : ProfileOrigin::kPredefined,
                  .base_profile = in.String("base_profile", ""),
                  .controls = {},
                  .goals = {}};
  for (const json::Reader& control : in.Field("controls").Items(kMaxControls)) {
    profile.controls.push_back(ControlOf(control));
  }
  std::map<std::string, std::shared_ptr<const Goal>, std::less<>> goals;
  for (const json::Reader& goal : in.Field("goals").Items(kMaxGoals)) {
    BW_TRY(auto parsed, ParseGoal(goal.value(), catalogue));
    const std::string id = parsed->id;
    if (!goals.emplace(id, std::move(parsed)).second) goal.Fail("repeats the id " + id);
  }
  BW_TRY_STATUS(in.Finish());
  BW_TRY_STATUS(ResolveGoals(profile, [&](std::string_view id) {
    const auto found = goals.find(id);
    return found == goals.end() ? nullptr : found->second;
  }));
  return std::make_shared<const Profile>(std::move(profile));
}

Status ResolveGoals(Profile& profile, const FindGoalById& find) {
  std::set<std::string, std::less<>> ids;
  std::set<std::string, std::less<>> external;
  std::set<std::string, std::less<>> taken;
  profile.goals.clear();
  std::size_t references = 0;
  for (const Control& control : profile.controls) {
    const auto wrong = [&](const std::string& what) {
      return Invalid("control " + control.external_control_id + " " + what).Reason("invalid_field");
    };
    if (control.tags.size() > kMaxTexts) return wrong("has more than 100 tags");
    references += control.goals.size();
    if (references > kMaxGoals) return wrong("is one goal too many: a profile names at most 5000");
    if (std::set<std::string>(control.goals.begin(), control.goals.end()).size() !=
        control.goals.size()) {
      return wrong("names a goal twice");
    }
    if (!ids.insert(control.id).second) return wrong("repeats the id " + control.id);
    if (!external.insert(control.external_control_id).second) return wrong("is there twice");
    if (!control.parent.empty() && !external.contains(control.parent)) {
      return wrong("names the parent " + control.parent + ", which must stand before it");
    }
    for (const std::string& id : control.goals) {
      auto goal = find(id);
      if (goal == nullptr) return wrong("names the unknown goal " + id);
      if (taken.insert(id).second) profile.goals.push_back(std::move(goal));
    }
  }
  return Ok();
}

}  // namespace breakwater::posture
