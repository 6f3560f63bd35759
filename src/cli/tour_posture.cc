// Step 4: the eleven goals, from a validation of the profile that holds them.
#include "cli/tour_steps.h"

namespace breakwater::cli {
namespace {

constexpr std::string_view kProfile = "48";
constexpr std::string_view kScope = "1";
constexpr std::size_t kGoals = 11;
constexpr std::chrono::seconds kScanLimit{60};

std::string ActualOf(const json::Value& goal) {
  const auto* resources = At(goal, {"resource_result"}).if_array();
  if (resources == nullptr) return TextAt(goal, {"error"});
  std::string text;
  for (const json::Value& resource : *resources) {
    std::string actual = TextAt(resource, {"actual_value"});
    if (actual.empty()) actual = TextAt(resource, {"results_info"});
    if (!text.empty()) text += "; ";
    if (resources->size() > 1) text += TextAt(resource, {"name"}) + ": ";
    text += actual;
  }
  return text;
}

// "no more than 3 users …" for "Check whether … no more than # users …".
std::string DescriptionOf(const json::Value& goal) {
  constexpr std::string_view kCheck = "Check whether ";
  std::string text = TextAt(goal, {"description"});
  if (text.starts_with(kCheck)) text.erase(0, kCheck.size());
  const auto* parameters = At(goal, {"parameters"}).if_object();
  const std::size_t place = text.find('#');
  if (place == std::string::npos || parameters == nullptr || parameters->empty()) return text;
  return text.replace(place, 1, json::Serialize(parameters->begin()->value()));
}

TourGoal GoalOf(const json::Value& goal) {
  TourGoal read{.id = TextAt(goal, {"id"}),
                .description = DescriptionOf(goal),
                .status = TextAt(goal, {"status"}),
                .expected = "",
                .actual = ActualOf(goal),
                .parameters = At(goal, {"parameters"})};
  const auto* resources = At(goal, {"resource_result"}).if_array();
  if (resources != nullptr && !resources->empty()) {
    read.expected = TextAt(resources->front(), {"display_expected_value"});
  }
  return read;
}

std::vector<TourGoal> GoalsOf(const json::Value& summary) {
  std::vector<TourGoal> goals;
  const auto* controls = At(summary, {"controls"}).if_array();
  if (controls == nullptr) return goals;
  for (const json::Value& control : *controls) {
    const auto* list = At(control, {"goals"}).if_array();
    if (list == nullptr) continue;
    for (const json::Value& goal : *list) goals.push_back(GoalOf(goal));
  }
  return goals;
}

Ink InkOf(const TourGoal& goal) {
  if (goal.passes()) return Ink::kGood;
  return goal.status == "fail" ? Ink::kBad : Ink::kWarn;
}

}  // namespace

Result<std::vector<TourGoal>> Validate(TourContext& tour) {
  const json::Object request{{"scope_id", json::Text(kScope)},
                             {"profile_id", json::Text(kProfile)}};
  BW_TRY(const json::Value accepted,
         tour.client.Must("POST", "/posture/v2/scans/validations", request));
  const std::string path = "/posture/v2/scans/validations/" + TextAt(accepted, {"scan_id"}) +
                           "/summary?profile_id=" + std::string(kProfile);
  json::Value summary;
  BW_TRY_STATUS(WaitUntil(tour, "the validation", kScanLimit, [&]() -> Result<bool> {
    BW_TRY(summary, tour.client.Must("GET", path));
    const std::string status = TextAt(summary, {"status"});
    if (status.starts_with("error") || status.ends_with("aborted")) {
      return Unavailable("the validation ended with the status " + status);
    }
    return status.starts_with("validation_result_posted");
  }));
  std::vector<TourGoal> goals = GoalsOf(summary);
  if (goals.size() == kGoals) return goals;
  return DataCorrupt("the validation answered " + std::to_string(goals.size()) +
                     " goals instead of eleven");
}

void PrintGoals(TourContext& tour, const std::vector<TourGoal>& goals) {
  for (const TourGoal& goal : goals) {
    tour.report.Verdict(goal.passes() ? "pass" : goal.status, InkOf(goal),
                        goal.id + "  " + goal.description);
    tour.report.Detail("expected: " + goal.expected + " | actual: " + goal.actual);
  }
}

Status ShowGoals(TourContext& tour) {
  BW_TRY(const auto goals, Validate(tour));
  PrintGoals(tour, goals);
  return Ok();
}

}  // namespace breakwater::cli
