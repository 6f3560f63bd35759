// What was looked at and found: OSCAL assessment plan and assessment results. OSCAL knows satisfied
// and not satisfied; what could not be looked at is never satisfied, and a property says which.
#include <unordered_set>

#include "report/figures.h"
#include "report/formats.h"
#include "report/oscal.h"
#include "report/text.h"

namespace breakwater::report {
namespace {

using json::Text;
using posture::ResultStatus;

// Line separators are the only characters of canonical JSON that a property may not hold.
std::string FactsLine(const json::Value& facts) {
  std::string out;
  const std::string text = json::Canonical(facts);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = std::string_view(text).substr(at, 3);
    if (rest == "\xE2\x80\xA8" || rest == "\xE2\x80\xA9") {
      out += rest == "\xE2\x80\xA8" ? "\\u2028" : "\\u2029";
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

json::Array ActorOf(const OscalDocument& document) {
  json::Object actor{{"type", "tool"}, {"actor-uuid", Text(document.tool())}};
  return {json::Object{{"actors", json::Array{std::move(actor)}}}};
}

std::string ItemOf(const OscalDocument& document, std::string_view crn) {
  return document.ids().Uuid({"inventory-item", crn});
}

json::Object Observation(const OscalDocument& document, const posture::AssessedGoal& goal,
                         std::string_view crn, ResultStatus status, std::string_view told) {
  json::Array properties;
  AddProperty(properties, "assessment-rule-id", document.ids().Goal(goal));
  AddProperty(properties, "result", posture::ToString(status));
  AddProperty(properties, "severity", goal.severity);
  json::Object observation{{"uuid", Text(ObservationOf(document, goal, crn))},
                           {"title", Text(MarkupLine(goal.description))},
                           {"description", Text(MarkupProse(told))},
                           {"props", std::move(properties)},
                           {"methods", json::Array{goal.is_manual ? "EXAMINE" : "TEST"}},
                           {"types", json::Array{"control-objective"}},
                           {"origins", ActorOf(document)},
                           {"collected", Text(OscalTime(goal.result.completed))}};
  if (goal.attestation) observation["expires"] = Text(OscalTime(goal.attestation->expires));
  return observation;
}

json::Object ResourceObservation(const OscalDocument& document, const posture::AssessedGoal& goal,
                                 const posture::ResourceResult& r) {
  std::string told = r.name + ": expected " + r.expected + ".";
  if (!r.actual.empty()) told += " Found " + r.actual + ".";
  if (!r.info.empty()) told += " " + r.info;
  json::Object observation = Observation(document, goal, r.crn, r.status, told);
  json::Array& properties = observation["props"].as_array();
  AddProperty(properties, "exception", r.exception);
  observation["subjects"] = json::Array{
      json::Object{{"subject-uuid", Text(ItemOf(document, r.crn))}, {"type", "inventory-item"}}};
  if (!r.facts.is_null()) {
    json::Array evidence;
    AddProperty(evidence, "facts-digest", r.facts_digest);
    evidence.push_back(json::Object{
        {"name", "facts"}, {"ns", Text(kOscalNamespace)}, {"value", Text(FactsLine(r.facts))}});
    observation["relevant-evidence"] = json::Array{
        json::Object{{"description",
                      "The facts that were used, with their sources and times, as canonical JSON."},
                     {"props", std::move(evidence)}}};
  }
  return observation;
}

void WriteObservations(OscalDocument& document) {
  const auto& goals = document.assessment().goals;
  if (goals.empty()) return;
  document.BeginList("observations");
  for (const auto& goal : goals) {
    for (const auto& resource : goal.result.resources) {
      document.Element(ResourceObservation(document, goal, resource));
    }
    if (goal.result.resources.empty()) {
      document.Element(Observation(document, goal, "", goal.result.status,
                                   goal.result.error.empty()
                                       ? "There is no resource of this kind, or none is named here."
                                       : goal.result.error));
    }
  }
  document.EndList();
}

void WriteItems(OscalDocument& document) {
  std::unordered_set<std::string_view> seen;
  for (const auto& goal : document.assessment().goals) {
    for (const auto& r : goal.result.resources) {
      if (!seen.insert(r.crn).second) continue;
      if (seen.size() == 1) document.BeginList("inventory-items");
      json::Array properties;
      AddProperty(properties, "crn", r.crn);
      AddProperty(properties, "resource-type", r.type);
      json::Object item{{"uuid", Text(ItemOf(document, r.crn))},
                        {"description", Text(MarkupProse(r.name))}};
      if (!properties.empty()) item["props"] = std::move(properties);
      document.Element(item);
    }
  }
  if (!seen.empty()) document.EndList();
}

json::Array ObservationsOf(const OscalDocument& document, const posture::AssessedControl& control) {
  json::Array related;
  const auto add = [&](const posture::AssessedGoal& goal, std::string_view crn) {
    related.push_back(json::Object{{"observation-uuid", Text(ObservationOf(document, goal, crn))}});
  };
  for (const std::size_t place : control.goals) {
    const auto& goal = document.assessment().goals.at(place);
    for (const auto& r : goal.result.resources) add(goal, r.crn);
    if (goal.result.resources.empty()) add(goal, "");
  }
  return related;
}

json::Array RiskPointers(const OscalDocument& document, const posture::AssessedControl& control) {
  json::Array related;
  for (const std::size_t place : control.goals) {
    const auto& goal = document.assessment().goals.at(place);
    if (goal.result.status != ResultStatus::kFail) continue;
    related.push_back(json::Object{{"risk-uuid", Text(document.ids().Uuid({"risk", goal.id}))}});
  }
  return related;
}

bool HasException(const OscalDocument& document, const posture::AssessedControl& control) {
  for (const std::size_t place : control.goals) {
    for (const auto& r : document.assessment().goals.at(place).result.resources) {
      if (!r.exception.empty()) return true;
    }
  }
  return false;
}

// A control that does not apply has no finding, unless it is an exception that says so.
void WriteFindings(OscalDocument& document) {
  const auto& controls = document.assessment().controls;
  bool begun = false;
  for (std::size_t i = 0; i < controls.size(); ++i) {
    const auto& control = controls[i];
    const bool told =
        control.status != ResultStatus::kNotApplicable || HasException(document, control);
    if (control.goals.empty() || !told) continue;
    if (!std::exchange(begun, true)) document.BeginList("findings");
    const bool passed = control.status == ResultStatus::kPass;
    const bool failed = control.status == ResultStatus::kFail;
    const std::string& id = document.ids().Control(i);
    json::Array properties;
    AddProperty(properties, "result", posture::ToString(control.status));
    json::Object status{{"state", passed ? "satisfied" : "not-satisfied"},
                        {"reason", passed   ? "pass"
                                   : failed ? "fail"
                                            : "other"}};
    json::Object finding{{"uuid", Text(document.ids().Uuid({"finding", id}))},
                         {"title", Text(MarkupLine(control.title))},
                         {"description", Text(MarkupProse(control.external_control_id + ": " +
                                                          std::string(Label(control.status))))},
                         {"props", std::move(properties)},
                         {"target",
                          {{"type", "statement-id"},
                           {"target-id", Text(id + "_smt")},
                           {"status", std::move(status)}}},
                         {"related-observations", ObservationsOf(document, control)}};
    if (auto risks = RiskPointers(document, control); !risks.empty()) {
      finding["related-risks"] = std::move(risks);
    }
    document.Element(finding);
  }
  if (begun) document.EndList();
}

json::Array AttestationsOf(const posture::Assessment& a) {
  json::Array attestations;
  for (const auto& goal : a.goals) {
    if (!goal.attestation) continue;
    json::Array properties;
    AddProperty(properties, "goal-id", goal.id);
    AddProperty(properties, "owner", goal.attestation->owner);
    AddProperty(properties, "given", OscalTime(goal.attestation->given));
    AddProperty(properties, "expires", OscalTime(goal.attestation->expires));
    attestations.push_back(json::Object{
        {"parts",
         json::Array{json::Object{{"name", "statement"},
                                  {"title", Text(MarkupLine(goal.description))},
                                  {"props", std::move(properties)},
                                  {"prose", Text(MarkupProse(goal.attestation->statement))}}}}});
  }
  return attestations;
}

json::Array ResultProperties(const posture::Assessment& a) {
  json::Array properties;
  AddProperty(properties, "score", std::to_string(a.score.points));
  AddProperty(properties, "score-formula", posture::kScoreFormula);
  AddProperty(properties, "goals-evaluated", std::to_string(a.score.evaluated));
  AddProperty(properties, "goals-total", std::to_string(a.score.total));
  AddProperty(properties, "profile-id", a.profile_id);
  AddProperty(properties, "profile-digest", a.profile_digest);
  AddProperty(properties, "scope", a.scope_name);
  return properties;
}

}  // namespace

Result<std::string> RenderOscalAssessmentPlan(const posture::Assessment& a,
                                              const Options& options) {
  OscalDocument document(a, Format::kOscalAssessmentPlan, options, "assessment-plan",
                         "Assessment plan");
  document.KnowControls();
  const std::string system = document.ids().Uuid({"system-security-plan"});
  document.Member("import-ssp", json::Object{{"href", Text("#" + system)}});
  document.Member("reviewed-controls", ReviewedControls(document));
  document.Member("assessment-assets", AssessmentAssets(document));
  document.Member("tasks",
                  json::Array{json::Object{
                      {"uuid", Text(document.ids().Uuid({"task"}))},
                      {"type", "action"},
                      {"title", "Evaluate every goal after each change and by schedule"}}});
  document.Member(
      "back-matter",
      json::Object{{"resources",
                    json::Array{json::Object{
                        {"uuid", Text(system)},
                        {"title", Text(MarkupLine(a.scope_name))},
                        {"description",
                         Text(MarkupProse("The system that is assessed. No system security plan is "
                                          "part of this export. " +
                                          a.scope_description))}}}}});
  return document.Finish();
}

Result<std::string> RenderOscalAssessmentResults(const posture::Assessment& a,
                                                 const Options& options) {
  OscalDocument document(a, Format::kOscalAssessmentResults, options, "assessment-results",
                         "Assessment results");
  document.KnowControls();
  document.Member("import-ap",
                  json::Object{{"href", Text(document.HrefOf(Format::kOscalAssessmentPlan))}});
  document.BeginList("results");
  document.BeginElement();
  document.Member("uuid", Text(document.ids().Uuid({"result", FormatRfc3339(a.at)})));
  document.Member("title", Text(MarkupLine("Posture of " + a.scope_name)));
  document.Member("description", Text(MarkupProse(a.profile_name + " on " + a.scope_name +
                                                  ", as of " + FormatMoment(a.at))));
  document.Member("start", Text(OscalTime(a.from.value_or(a.at))));
  document.Member("end", Text(OscalTime(a.at)));
  document.Member("props", ResultProperties(a));
  document.BeginObject("local-definitions");
  document.Member("assessment-assets", AssessmentAssets(document));
  WriteItems(document);
  document.EndObject();
  document.Member("reviewed-controls", ReviewedControls(document));
  document.List("attestations", AttestationsOf(a));
  WriteObservations(document);
  document.List("risks", RisksOf(document, /*with_observations=*/true));
  WriteFindings(document);
  document.EndObject();
  document.EndList();
  return document.Finish();
}

}  // namespace breakwater::report
