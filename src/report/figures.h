// What several reports tell in their own ways.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "posture/assessment.h"

namespace breakwater::report {

inline constexpr std::array<std::string_view, 4> kSeverities = {"Critical", "High", "Medium",
                                                                "Low"};
// 0 for Critical to 3 for Low; 4 for any other word.
std::size_t RankOf(std::string_view severity);

// "Pass", "Fail", "Unable to perform", "Not applicable".
std::string_view Label(posture::ResultStatus status);

// Score's colour bands (ibm-scc 2.4): to 33 % red, to 66 % yellow, else green.
enum class Band { kRed, kYellow, kGreen };
Band BandOf(const posture::Score& score);

// Places in Assessment::goals, the gravest first, then in the profile's order.
std::vector<std::size_t> GoalsWith(const posture::Assessment& assessment,
                                   posture::ResultStatus status);
// Goals that fail, by RankOf; unknown words count as Low.
std::array<std::int64_t, 4> FailuresBySeverity(const posture::Assessment& assessment);
// For each goal, the external ids of the controls it is part of.
std::vector<std::vector<std::string>> ControlsOfGoals(const posture::Assessment& assessment);

// Resources that were counted but are not in the assessment.
std::int64_t LeftOut(const posture::AssessedGoal& goal);
// The exception that a result names, or null.
const posture::ExceptionShown* ExceptionOf(const posture::AssessedGoal& goal,
                                           const posture::ResourceResult& resource);
// Each exception once, with the goals it covers.
struct ExceptionRow {
  const posture::ExceptionShown* exception = nullptr;
  std::vector<const posture::AssessedGoal*> goals;
};
std::vector<ExceptionRow> Exceptions(const posture::Assessment& assessment);

}  // namespace breakwater::report
