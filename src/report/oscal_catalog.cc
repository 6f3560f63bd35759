// What is to be: goals as an OSCAL catalog, the values in force as a profile, and what implements
// them as a component definition.
#include <map>
#include <set>

#include "report/formats.h"
#include "report/oscal.h"
#include "report/text.h"

namespace breakwater::report {
namespace {

using json::Text;

constexpr int kMaxDepth = 8;

std::string ParameterId(std::string_view name) {
  return TokenOf(name, "parameter-");
}

std::string ValueOf(const json::Value& value) {
  const std::string text =
      value.is_string() ? std::string(json::View(value.as_string())) : json::Serialize(value);
  const std::string line = OneLine(text);
  return line.empty() ? "-" : line;
}

class Catalog {
 public:
  explicit Catalog(OscalDocument& document)
      : document_(document), a_(document.assessment()), shown_(a_.controls.size(), false) {
    std::map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < a_.controls.size(); ++i) {
      places.emplace(a_.controls[i].external_control_id, i);
    }
    children_.resize(a_.controls.size());
    for (std::size_t i = 0; i < a_.controls.size(); ++i) {
      const auto parent = places.find(a_.controls[i].parent);
      if (a_.controls[i].parent.empty() || parent == places.end() || parent->second == i) {
        roots_.push_back(i);
      } else {
        children_[parent->second].push_back(i);
      }
    }
  }

  void Write() {
    json::Array groups;
    json::Array controls;
    for (const std::size_t root : roots_) Put(root, groups, &controls, 0);
    // Whoever is nobody's child within reach: parents in a circle, or too deep.
    for (std::size_t i = 0; i < shown_.size(); ++i) {
      if (!shown_[i]) Put(i, groups, &controls, 0);
    }
    document_.List("groups", std::move(groups));
    document_.List("controls", std::move(controls));
  }

 private:
  bool IsFamily(std::size_t place) const { return a_.controls[place].goals.empty(); }

  void Put(std::size_t place, json::Array& groups, json::Array* controls, int depth) {
    if (shown_[place]) return;
    shown_[place] = true;
    (IsFamily(place) ? groups : *controls).push_back(Tree(place, depth));
  }

  json::Object Tree(std::size_t place, int depth) {
    json::Object node = IsFamily(place) ? Group(place) : Control(place);
    json::Array groups;
    json::Array controls;
    for (const std::size_t child : children_[place]) {
      // A control has no groups in it: such a family goes to the top.
      const bool fits = depth < kMaxDepth && (IsFamily(place) || !IsFamily(child));
      if (fits) Put(child, groups, &controls, depth + 1);
    }
    if (!groups.empty()) node["groups"] = std::move(groups);
    if (!controls.empty()) node["controls"] = std::move(controls);
    return node;
  }

  json::Array Label(std::size_t place) const {
    json::Array properties;
    if (const std::string line = OneLine(a_.controls[place].external_control_id); !line.empty()) {
      properties.push_back(json::Object{{"name", "label"}, {"value", Text(line)}});
    }
    return properties;
  }

  json::Object Group(std::size_t place) const {
    json::Object group{{"id", Text(document_.ids().Control(place))},
                       {"title", Text(MarkupLine(a_.controls[place].title))}};
    if (auto label = Label(place); !label.empty()) group["props"] = std::move(label);
    return group;
  }

  json::Object Control(std::size_t place) {
    const std::string& id = document_.ids().Control(place);
    const auto& control = a_.controls[place];
    json::Array properties = Label(place);
    json::Array parameters;
    json::Array parts = {json::Object{{"id", Text(id + "_smt")},
                                      {"name", "statement"},
                                      {"prose", Text(MarkupProse(control.title))}}};
    for (const std::size_t goal : control.goals) {
      AddGoal(id, a_.goals.at(goal), parts, properties, parameters);
    }
    json::Object out{{"id", Text(id)}, {"title", Text(MarkupLine(control.title))}};
    if (!parameters.empty()) out["params"] = std::move(parameters);
    if (!properties.empty()) out["props"] = std::move(properties);
    out["parts"] = std::move(parts);
    return out;
  }

  void AddGoal(const std::string& control, const posture::AssessedGoal& goal, json::Array& parts,
               json::Array& properties, json::Array& parameters) {
    const std::string id = control + "_obj." + document_.ids().Goal(goal);
    json::Array about;
    AddProperty(about, "goal-id", goal.id);
    AddProperty(about, "severity", goal.severity);
    AddProperty(about, "goal-digest", goal.digest);
    AddProperty(about, "expected", goal.expected);
    json::Object part{{"id", Text(id)},
                      {"name", "assessment-objective"},
                      {"prose", Text(MarkupProse(goal.description))}};
    if (!about.empty()) part["props"] = std::move(about);
    parts.push_back(std::move(part));
    parts.push_back(json::Object{{"id", Text(id + "_gdn")},
                                 {"name", "guidance"},
                                 {"prose", Text(MarkupProse(goal.reason + " " + goal.remedy))}});
    for (const auto& [framework, requirements] : goal.mappings) {
      for (const std::string& requirement : requirements) {
        if (!mapped_.insert(control + "\n" + framework + "\n" + requirement).second) continue;
        AddProperty(properties, "mapping", requirement, TokenOf(framework, "framework-"));
      }
    }
    AddParameters(goal, parameters);
  }

  // Goals may share a parameter; it is told where it comes first.
  void AddParameters(const posture::AssessedGoal& goal, json::Array& out) {
    const json::Value* declared = json::Find(goal.document, "parameters");
    if (declared == nullptr || !declared->is_array()) return;
    for (const auto& parameter : declared->as_array()) {
      const std::string id = ParameterId(json::FindText(parameter, "name"));
      if (!parameters_.insert(id).second) continue;
      json::Object shown{{"id", Text(id)},
                         {"label", Text(MarkupLine(json::FindText(parameter, "display_name")))}};
      if (const json::Value* value = json::Find(parameter, "default")) {
        shown["values"] = json::Array{Text(ValueOf(*value))};
      }
      out.push_back(std::move(shown));
    }
  }

  OscalDocument& document_;
  const posture::Assessment& a_;
  std::vector<bool> shown_;
  std::vector<std::size_t> roots_;
  std::vector<std::vector<std::size_t>> children_;
  std::set<std::string> mapped_;
  std::set<std::string> parameters_;
};

// As trestle reads rules: properties that belong together have the same remarks.
void AddRule(json::Array& properties, std::string_view set, std::string_view name,
             std::string_view value) {
  const std::string line = OneLine(value);
  if (line.empty()) return;
  properties.push_back(json::Object{{"name", Text(name)},
                                    {"ns", Text(kTrestleNamespace)},
                                    {"value", Text(line)},
                                    {"remarks", Text(set)}});
}

json::Array RulesOf(const OscalDocument& document) {
  json::Array properties;
  const auto& a = document.assessment();
  AddProperty(properties, "version", a.software);
  for (const auto& goal : a.goals) {
    const std::string id = document.ids().Goal(goal);
    const std::string set = "rule_set_" + id;
    AddRule(properties, set, "Rule_Id", id);
    AddRule(properties, set, "Rule_Description", goal.description);
    AddRule(properties, set, "Check_Id", id);
    AddRule(properties, set, "Check_Description", goal.expected);
    if (!goal.result.parameters.is_object()) continue;
    int number = 0;
    for (const auto& member : goal.result.parameters.as_object()) {
      const std::string suffix = number == 0 ? "" : "_" + std::to_string(number);
      ++number;
      AddRule(properties, set, "Parameter_Id" + suffix, ParameterId(member.key()));
      AddRule(properties, set, "Parameter_Description" + suffix, std::string(member.key()));
      AddRule(properties, set, "Parameter_Value_Default" + suffix, ValueOf(member.value()));
    }
  }
  return properties;
}

json::Array RequirementsOf(const OscalDocument& document) {
  json::Array requirements;
  const auto& a = document.assessment();
  for (std::size_t i = 0; i < a.controls.size(); ++i) {
    const auto& control = a.controls[i];
    if (control.goals.empty()) continue;
    const std::string& id = document.ids().Control(i);
    json::Array rules;
    for (const std::size_t goal : control.goals) {
      rules.push_back(json::Object{{"name", "Rule_Id"},
                                   {"ns", Text(kTrestleNamespace)},
                                   {"value", Text(document.ids().Goal(a.goals.at(goal)))}});
    }
    requirements.push_back(
        json::Object{{"uuid", Text(document.ids().Uuid({"implemented-requirement", id}))},
                     {"control-id", Text(id)},
                     {"description", Text(MarkupProse(control.title))},
                     {"props", std::move(rules)}});
  }
  return requirements;
}

}  // namespace

Result<std::string> RenderOscalCatalog(const posture::Assessment& a, const Options& options) {
  OscalDocument document(a, Format::kOscalCatalog, options, "catalog", "Catalog");
  Catalog(document).Write();
  return document.Finish();
}

Result<std::string> RenderOscalProfile(const posture::Assessment& a, const Options& options) {
  OscalDocument document(a, Format::kOscalProfile, options, "profile", "Profile");
  document.KnowControls();
  json::Array ids;
  for (std::size_t i = 0; i < a.controls.size(); ++i) {
    if (!a.controls[i].goals.empty()) ids.push_back(Text(document.ids().Control(i)));
  }
  json::Object import{{"href", Text(document.HrefOf(Format::kOscalCatalog))}};
  if (ids.empty()) {
    import["include-all"] = json::Object();
  } else {
    import["include-controls"] = json::Array{json::Object{{"with-ids", std::move(ids)}}};
  }
  document.Member("imports", json::Array{std::move(import)});
  document.Member("merge", json::Object{{"as-is", true}});
  json::Array values;
  std::set<std::string> set;
  if (a.parameters.is_object()) {
    for (const auto& member : a.parameters.as_object()) {
      const std::string id = ParameterId(member.key());
      if (!set.insert(id).second) continue;
      values.push_back(json::Object{{"param-id", Text(id)},
                                    {"values", json::Array{Text(ValueOf(member.value()))}}});
    }
  }
  if (!values.empty()) {
    document.Member("modify", json::Object{{"set-parameters", std::move(values)}});
  }
  return document.Finish();
}

Result<std::string> RenderOscalComponentDefinition(const posture::Assessment& a,
                                                   const Options& options) {
  OscalDocument document(a, Format::kOscalComponentDefinition, options, "component-definition",
                         "Component definition");
  document.KnowControls();
  json::Object component{{"uuid", Text(document.tool())},
                         {"type", "software"},
                         {"title", Text(MarkupLine(a.software))},
                         {"description", "A container registry with audit, rules and posture."}};
  if (auto rules = RulesOf(document); !rules.empty()) component["props"] = std::move(rules);
  if (auto requirements = RequirementsOf(document); !requirements.empty()) {
    component["control-implementations"] = json::Array{
        json::Object{{"uuid", Text(document.ids().Uuid({"control-implementation"}))},
                     {"source", Text(document.HrefOf(Format::kOscalProfile))},
                     {"description", "How the registry meets each control: by what is evaluated."},
                     {"implemented-requirements", std::move(requirements)}}};
  }
  document.Member("components", json::Array{std::move(component)});
  return document.Finish();
}

}  // namespace breakwater::report
