#include "report/figures.h"

#include <algorithm>
#include <map>

namespace breakwater::report {

using posture::ResultStatus;

std::size_t RankOf(std::string_view severity) {
  const auto found = std::find(kSeverities.begin(), kSeverities.end(), severity);
  return static_cast<std::size_t>(found - kSeverities.begin());
}

std::string_view Label(ResultStatus status) {
  switch (status) {
    case ResultStatus::kPass: return "Pass";
    case ResultStatus::kFail: return "Fail";
    case ResultStatus::kUnableToPerform: return "Unable to perform";
    case ResultStatus::kNotApplicable: return "Not applicable";
  }
  return "Unable to perform";
}

Band BandOf(const posture::Score& score) {
  if (score.points <= 330) return Band::kRed;
  return score.points <= 660 ? Band::kYellow : Band::kGreen;
}

std::vector<std::size_t> GoalsWith(const posture::Assessment& assessment, ResultStatus status) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < assessment.goals.size(); ++i) {
    if (assessment.goals[i].result.status == status) places.push_back(i);
  }
  std::stable_sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
    return RankOf(assessment.goals[a].severity) < RankOf(assessment.goals[b].severity);
  });
  return places;
}

std::array<std::int64_t, 4> FailuresBySeverity(const posture::Assessment& assessment) {
  std::array<std::int64_t, 4> counts{};
  for (const auto& goal : assessment.goals) {
    if (goal.result.status != ResultStatus::kFail) continue;
    ++counts.at(std::min<std::size_t>(RankOf(goal.severity), 3));
  }
  return counts;
}

std::vector<std::vector<std::string>> ControlsOfGoals(const posture::Assessment& assessment) {
  std::vector<std::vector<std::string>> controls(assessment.goals.size());
  for (const auto& control : assessment.controls) {
    for (const std::size_t goal : control.goals) {
      if (goal < controls.size()) controls[goal].push_back(control.external_control_id);
    }
  }
  return controls;
}

std::int64_t LeftOut(const posture::AssessedGoal& goal) {
  const auto named = static_cast<std::int64_t>(goal.result.resources.size());
  return std::max<std::int64_t>(0, goal.resources.total() - named);
}

const posture::ExceptionShown* ExceptionOf(const posture::AssessedGoal& goal,
                                           const posture::ResourceResult& resource) {
  if (resource.exception.empty()) return nullptr;
  const auto found = std::find_if(goal.exceptions.begin(), goal.exceptions.end(),
                                  [&](const auto& e) { return e.id == resource.exception; });
  return found == goal.exceptions.end() ? nullptr : &*found;
}

std::vector<ExceptionRow> Exceptions(const posture::Assessment& assessment) {
  std::vector<ExceptionRow> rows;
  std::map<std::string_view, std::size_t> places;
  for (const auto& goal : assessment.goals) {
    for (const auto& exception : goal.exceptions) {
      const auto [place, is_new] = places.emplace(exception.id, rows.size());
      if (is_new) rows.push_back({.exception = &exception, .goals = {}});
      auto& goals = rows[place->second].goals;
      if (goals.empty() || goals.back() != &goal) goals.push_back(&goal);
    }
  }
  return rows;
}

}  // namespace breakwater::report
