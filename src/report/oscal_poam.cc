// What is to be done: risks, and OSCAL's plan of action and milestones.
#include <array>

#include "report/figures.h"
#include "report/formats.h"
#include "report/oscal.h"
#include "report/text.h"

namespace breakwater::report {
namespace {

using json::Text;
using posture::ResultStatus;

json::Array FacetsOf(std::string_view severity) {
  static constexpr std::array<std::string_view, 5> kImpact = {"high", "high", "moderate", "low",
                                                              "moderate"};
  static constexpr std::array<std::string_view, 5> kLikelihood = {"high", "moderate", "moderate",
                                                                  "low", "moderate"};
  const auto facet = [](std::string_view name, std::string_view value) {
    return json::Object{
        {"name", Text(name)}, {"system", "http://csrc.nist.gov/ns/oscal"}, {"value", Text(value)}};
  };
  return {facet("likelihood", kLikelihood.at(RankOf(severity))),
          facet("impact", kImpact.at(RankOf(severity)))};
}

json::Array CharacterizationsOf(const OscalDocument& document, std::string_view severity) {
  json::Object actor{{"type", "tool"}, {"actor-uuid", Text(document.tool())}};
  return {json::Object{{"origin", json::Object{{"actors", json::Array{std::move(actor)}}}},
                       {"facets", FacetsOf(severity)}}};
}

json::Object RiskOf(const OscalDocument& document, const posture::AssessedGoal& goal,
                    bool with_observations) {
  json::Object risk{
      {"uuid", Text(document.ids().Uuid({"risk", goal.id}))},
      {"title", Text(MarkupLine(goal.description))},
      {"description", Text(MarkupProse("Expected: " + goal.expected))},
      {"statement", Text(MarkupProse(goal.reason))},
      {"status", "open"},
      {"characterizations", CharacterizationsOf(document, goal.severity)},
      {"remediations",
       json::Array{json::Object{{"uuid", Text(document.ids().Uuid({"remediation", goal.id}))},
                                {"lifecycle", "recommendation"},
                                {"title", Text(MarkupLine(goal.expected))},
                                {"description", Text(MarkupProse(goal.remedy))}}}}};
  if (!with_observations) return risk;
  json::Array related;
  for (const auto& r : goal.result.resources) {
    if (r.status != ResultStatus::kFail) continue;
    related.push_back(
        json::Object{{"observation-uuid", Text(ObservationOf(document, goal, r.crn))}});
  }
  if (!related.empty()) risk["related-observations"] = std::move(related);
  return risk;
}

json::Object RiskOf(const OscalDocument& document, const ExceptionRow& row) {
  const auto& exception = *row.exception;
  json::Array properties;
  AddProperty(properties, "exception", exception.id);
  AddProperty(properties, "owner", exception.owner);
  AddProperty(properties, "approver", exception.approver);
  AddProperty(properties, "ticket", exception.ticket);
  AddProperty(properties, "crn", exception.crn);
  json::Object risk{
      {"uuid", Text(document.ids().Uuid({"exception", exception.id}))},
      {"title",
       Text(MarkupLine("Exception " + exception.id + ": " + row.goals.front()->description))},
      {"description", Text(MarkupProse(exception.reason))},
      {"statement", Text(MarkupProse(row.goals.front()->reason))},
      {"status", "deviation-approved"},
      {"characterizations", CharacterizationsOf(document, row.goals.front()->severity)},
      {"deadline", Text(OscalTime(exception.expires))}};
  if (!properties.empty()) risk["props"] = std::move(properties);
  return risk;
}

json::Object Item(const OscalDocument& document, std::string_view kind, std::string_view id,
                  std::string_view title, std::string_view description) {
  json::Array properties;
  AddProperty(properties, "kind", kind);
  AddProperty(properties, "subject", id);
  return {{"uuid", Text(document.ids().Uuid({"poam-item", kind, id}))},
          {"title", Text(MarkupLine(title))},
          {"description", Text(MarkupProse(description))},
          {"props", std::move(properties)}};
}

json::Array RiskPointer(const std::string& uuid) {
  return {json::Object{{"risk-uuid", Text(uuid)}}};
}

json::Array ItemsOf(const OscalDocument& document) {
  const auto& a = document.assessment();
  json::Array items;
  for (const std::size_t place : GoalsWith(a, ResultStatus::kFail)) {
    const auto& goal = a.goals[place];
    json::Object item = Item(document, "failure", goal.id, goal.description, goal.remedy);
    item["related-risks"] = RiskPointer(document.ids().Uuid({"risk", goal.id}));
    items.push_back(std::move(item));
  }
  for (const std::size_t place : GoalsWith(a, ResultStatus::kUnableToPerform)) {
    const auto& goal = a.goals[place];
    items.push_back(Item(
        document, "unable", goal.id, goal.description,
        "It could not be checked: make the facts readable, or attest to it. " + goal.result.error));
  }
  for (const auto& row : Exceptions(a)) {
    json::Object item = Item(document, "exception", row.exception->id,
                             "Exception " + row.exception->id, row.exception->reason);
    item["related-risks"] = RiskPointer(document.ids().Uuid({"exception", row.exception->id}));
    items.push_back(std::move(item));
  }
  // The standard has no plan without an item.
  if (items.empty()) {
    items.push_back(Item(document, "nothing", "open", "Nothing is open",
                         "As of " + FormatMoment(a.at) +
                             " no goal fails, none was beyond checking, "
                             "and no exception is in force."));
  }
  return items;
}

}  // namespace

json::Array RisksOf(const OscalDocument& document, bool with_observations) {
  const auto& a = document.assessment();
  json::Array risks;
  for (const std::size_t place : GoalsWith(a, ResultStatus::kFail)) {
    risks.push_back(RiskOf(document, a.goals[place], with_observations));
  }
  for (const auto& row : Exceptions(a)) risks.push_back(RiskOf(document, row));
  return risks;
}

Result<std::string> RenderOscalPoam(const posture::Assessment& a, const Options& options) {
  OscalDocument document(a, Format::kOscalPoam, options, "plan-of-action-and-milestones",
                         "Open items");
  document.Member("system-id", json::Object{{"identifier-type", "http://ietf.org/rfc/rfc4122"},
                                            {"id", Text(document.ids().Uuid({"system"}))}});
  document.Member("local-definitions",
                  json::Object{{"components", json::Array{ToolComponent(document)}}});
  document.List("risks", RisksOf(document, /*with_observations=*/false));
  document.Member("poam-items", ItemsOf(document));
  return document.Finish();
}

}  // namespace breakwater::report
