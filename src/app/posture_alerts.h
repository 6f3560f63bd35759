// What is told of goals that were met and are no longer, as the alerts that channels take.
#pragma once

#include "jobs/jobs.h"
#include "posture/posture.h"

namespace breakwater::app {

// The provider of these alerts, as channels name it, and their types: a goal that fails, and one of
// which nobody can tell.
inline constexpr std::string_view kPostureProvider = "posture";
inline constexpr std::string_view kGoalFails = "goal_fails";
inline constexpr std::string_view kGoalUnable = "goal_unable_to_perform";

// Before jobs start. All must outlive them.
void AnnouncePostureAlerts(jobs::Jobs& jobs, db::Database& database,
                           const posture::Profiles& profiles);

}  // namespace breakwater::app
