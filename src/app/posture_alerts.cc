#include "app/posture_alerts.h"

#include "insights/raised.h"
#include "json/reader.h"

namespace breakwater::app {
namespace {

using json::Text;
using posture::ResultStatus;

constexpr std::string_view kJob = "app.posture_alert";

struct GoalChanged {
  std::string account;
  std::int64_t attachment_id = 0;
  std::string profile_id;
  std::string goal_id;
  std::string before;  // empty: evaluated for the first time
  ResultStatus after = ResultStatus::kNotApplicable;
};

Result<GoalChanged> ChangeOf(const json::Value& payload) {
  const json::Reader in(payload);
  GoalChanged change{.account = in.Field("account").String(),
                     .attachment_id = in.Field("attachment_id").Int(),
                     .profile_id = in.Field("profile_id").String(),
                     .goal_id = in.Field("goal_id").String(),
                     .before = in.String("before", ""),
                     .after = {}};
  const std::string after = in.Field("after").String();
  BW_TRY_STATUS(in.Finish());
  BW_TRY(change.after, posture::ParseResultStatus(after));
  return change;
}

// What fails from the first look on is told by whoever attached the profile.
bool IsNews(const GoalChanged& change) {
  const bool was_met =
      !change.before.empty() && change.before != posture::ToString(ResultStatus::kFail);
  return was_met &&
         (change.after == ResultStatus::kFail || change.after == ResultStatus::kUnableToPerform);
}

// `job`: one alert for each change, however often its job runs.
insights::Raised AlertOf(const GoalChanged& change, const posture::Goal& goal,
                         insights::Severity severity, std::int64_t job) {
  const bool fails = change.after == ResultStatus::kFail;
  const std::string name = "goal/" + std::to_string(change.attachment_id) + "/" + goal.id;
  return {.account = AccountId(change.account),
          .provider = std::string(kPostureProvider),
          .finding_type = std::string(fails ? kGoalFails : kGoalUnable),
          .severity = severity,
          .group = name + "/" + std::to_string(job),
          .finding_name = change.account + "/providers/" + std::string(kPostureProvider) +
                          "/occurrences/" + name,
          .payload = {
              {"short_description",
               Text((fails ? "No longer met: " : "Nobody can tell any more: ") + goal.description)},
              {"remediation", Text(goal.remedy)},
              {"attachment_id", Text(std::to_string(change.attachment_id))},
              {"profile_id", Text(change.profile_id)},
              {"goal_id", Text(goal.id)},
              {"before", Text(change.before)},
              {"after", Text(posture::ToString(change.after))}}};
}

}  // namespace

void AnnouncePostureAlerts(jobs::Jobs& jobs, db::Database& database,
                           const posture::Profiles& profiles) {
  jobs.Register(
      std::string(kJob), {}, [&jobs, &database, &profiles](const jobs::Job& job) -> Status {
        BW_TRY(const GoalChanged change, ChangeOf(job.payload));
        const auto goal = profiles.FindGoal(change.goal_id);
        if (goal == nullptr || !IsNews(change)) return Ok();
        BW_TRY(const auto severity, insights::ParseSeverity(goal->severity));
        return database.Write([&](db::Transaction& tx) {
          return jobs.Emit(tx, insights::ToEvent(AlertOf(change, *goal, severity, job.id)));
        });
      });
  jobs.Subscribe(std::string(posture::kGoalChanged), std::string(kJob));
}

}  // namespace breakwater::app
