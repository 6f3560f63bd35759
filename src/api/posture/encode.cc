#include "api/posture/encode.h"

#include <map>

namespace breakwater::api::posture {
namespace {

using breakwater::posture::Content;
using breakwater::posture::Control;
using breakwater::posture::Counters;
using breakwater::posture::Goal;
using breakwater::posture::GoalResult;
using breakwater::posture::GoalState;
using breakwater::posture::Profile;
using breakwater::posture::ResourceResult;
using breakwater::posture::ResultStatus;
using breakwater::posture::Scan;
using json::Text;

// 12 characters of the scope's name joined with 12 of the profile's (ibm-scc 2.9).
constexpr std::size_t kNamePart = 12;
constexpr std::string_view kScopeName = "registry";

std::string ScanName(const Profile& profile) {
  return std::string(kScopeName.substr(0, kNamePart)) + "_" + profile.name.substr(0, kNamePart);
}

json::Value TimeOrNull(const std::optional<Timestamp>& time) {
  return time ? json::Value(Text(FormatRfc3339(*time))) : json::Value(nullptr);
}

json::Object EncodeResource(const ResourceResult& r) {
  const bool inapplicable = r.status == ResultStatus::kNotApplicable;
  return {{"name", Text(r.name)},
          {"types", Text(r.type)},
          {"status", Text(ToString(r.status))},
          {"display_expected_value", Text(r.expected)},
          {"actual_value", Text(r.actual)},
          {"results_info", Text(r.info)},
          {"not_applicable_reason", Text(inapplicable ? r.info : "")},
          {"crn", Text(r.crn)},
          {"evidence", {{"facts", r.facts}, {"facts_digest", Text(r.facts_digest)}}}};
}

json::Object EncodeGoal(const GoalResult& result, const Goal& goal) {
  json::Array resources;
  for (const ResourceResult& resource : result.resources) {
    resources.push_back(EncodeResource(resource));
  }
  return {{"description", Text(goal.description)},
          {"id", Text(result.goal_id)},
          {"status", Text(ToString(result.status))},
          {"severity", Text(goal.severity)},
          {"completed_time", Text(FormatRfc3339(result.completed))},
          {"error", Text(result.error)},
          {"resource_result", std::move(resources)},
          {"applicability_criteria",
           {{"environment", {"ibm"}},
            {"resource", {Text(goal.type.service)}},
            {"resource_type", {Text(goal.type.kind)}}}},
          {"parameters", result.parameters},
          {"remedy", Text(goal.remedy)}};
}

json::Object EncodeCounters(std::string_view level, const Counters& counters) {
  const std::string prefix = std::string(level);
  return {{prefix + "_pass_count", counters.pass},
          {prefix + "_unable_to_perform_count", counters.unable_to_perform},
          {prefix + "_not_applicable_count", counters.not_applicable},
          {prefix + "_fail_count", counters.fail},
          {prefix + "_total_count", counters.total()}};
}

using ResultsByGoal = std::map<std::string, const GoalResult*, std::less<>>;

ResultsByGoal ByGoal(const std::vector<GoalResult>& results) {
  ResultsByGoal by_goal;
  for (const GoalResult& result : results) by_goal.emplace(result.goal_id, &result);
  return by_goal;
}

ResultStatus StatusOf(const Control& control, const ResultsByGoal& results) {
  std::vector<ResultStatus> statuses;
  for (const std::string& goal : control.goals) {
    if (const auto found = results.find(goal); found != results.end()) {
      statuses.push_back(found->second->status);
    }
  }
  return breakwater::posture::RollUp(statuses);
}

json::Object EncodeResultCounts(const Scan& scan, const Profile& profile) {
  Counters goals;
  for (const GoalResult& result : scan.goals) goals.Add(result.status);
  Counters controls;
  const ResultsByGoal results = ByGoal(scan.goals);
  for (const Control& control : profile.controls) controls.Add(StatusOf(control, results));
  json::Object counts = EncodeCounters("goals", goals);
  for (auto& member : EncodeCounters("controls", controls)) {
    counts[member.key()] = member.value();
  }
  return counts;
}

// A control's title is its goal's text with "Ensure" for "Check whether" (ibm-scc 2.5).
std::string TitleOf(const Control& control, const Content& content) {
  constexpr std::string_view kCheck = "Check whether ";
  const Goal* goal = control.goals.empty() ? nullptr : content.FindGoal(control.goals.front());
  if (goal == nullptr) return control.external_control_id;
  if (!goal->description.starts_with(kCheck)) return goal->description;
  return "Ensure " + goal->description.substr(kCheck.size());
}

}  // namespace

json::Object EncodeProfile(const Profile& profile) {
  return {
      {"id", Text(profile.id)},
      {"name", Text(profile.name)},
      {"description", Text(profile.description)},
      {"version", profile.version},
      {"created_by", ""},
      {"modified_by", ""},
      {"reason_for_delete", ""},
      {"base_profile", ""},
      {"type", "predefined"},
      {"no_of_controls", profile.controls.size()},
      {"created_at", "2022-03-21T00:00:00Z"},
      {"updated_at", "2022-03-21T00:00:00Z"},
      {"enabled", true},
      {"applicability_criteria", {{"environment", {"ibm"}}, {"resource", {"container-registry"}}}}};
}

json::Object EncodeControl(const Control& control, const Content& content) {
  json::Array goals;
  for (const std::string& id : control.goals) {
    const Goal& goal = *content.FindGoal(id);
    goals.push_back({{"description", Text(goal.description)},
                     {"id", Text(goal.id)},
                     {"severity", Text(goal.severity)},
                     {"is_manual", false},
                     {"is_remediable", false},
                     {"is_reversible", false},
                     {"is_automatable", true},
                     {"is_auto_remediable", false}});
  }
  return {{"id", Text(control.id)},
          {"description", Text(TitleOf(control, content))},
          {"external_control_id", Text(control.external_control_id)},
          {"goals", std::move(goals)}};
}

json::Object EncodeScanItem(const Scan& scan, const Content& content) {
  const Profile* profile = content.FindProfile(scan.profile_id);
  json::Object item{{"scan_id", Text(std::to_string(scan.id))},
                    {"id", Text(std::to_string(scan.id))},
                    {"scope_id", Text(scan.scope_id)},
                    {"scope_name", Text(kScopeName)},
                    {"group_profile_id", Text(scan.group_profile_id)},
                    {"group_profile_name", ""},
                    {"report_run_by", Text(scan.requested_by)},
                    {"start_time", TimeOrNull(scan.started)},
                    {"end_time", TimeOrNull(scan.ended)},
                    {"status", Text(scan.status)},
                    {"report_setting_id", Text(scan.profile_id)}};
  if (profile == nullptr) return item;  // a profile of an older version
  const std::string name = ScanName(*profile);
  const json::Object counts = EncodeResultCounts(scan, *profile);
  item["scan_name"] = Text(name);
  item["name"] = Text(name);
  item["result"] = counts;
  item["profiles"] = json::Array{json::Object{{"id", Text(profile->id)},
                                              {"name", Text(profile->name)},
                                              {"type", "standard"},
                                              {"validation_result", counts}}};
  item["group_profiles"] = json::Array{};
  item["score"] = EncodeScore(scan.goals, content);
  return item;
}

json::Object EncodeSummary(const Scan& scan, const Profile& profile, const Content& content) {
  const ResultsByGoal results = ByGoal(scan.goals);
  json::Array controls;
  for (const Control& control : profile.controls) {
    json::Array goals;
    Counters resources;
    for (const std::string& id : control.goals) {
      const auto result = results.find(id);
      if (result == results.end()) continue;
      for (const auto& resource : result->second->resources) resources.Add(resource.status);
      goals.push_back(EncodeGoal(*result->second, *content.FindGoal(id)));
    }
    controls.push_back({{"id", Text(control.id)},
                        {"status", Text(ToString(StatusOf(control, results)))},
                        {"external_control_id", Text(control.external_control_id)},
                        {"description", Text(TitleOf(control, content))},
                        {"goals", std::move(goals)},
                        {"resource_statistics",
                         {{"pass_count", resources.pass},
                          {"fail_count", resources.fail},
                          {"unable_to_perform_count", resources.unable_to_perform},
                          {"not_applicable_count", resources.not_applicable}}}});
  }
  return {{"id", Text(std::to_string(scan.id))},
          {"discover_id", Text(std::to_string(scan.id))},
          {"profile_id", Text(profile.id)},
          {"profile_name", Text(profile.name)},
          {"scope_id", Text(scan.scope_id)},
          {"status", Text(scan.status)},
          {"score", EncodeScore(scan.goals, content)},
          {"controls", std::move(controls)}};
}

json::Object EncodeState(const GoalState& state, const Goal& goal) {
  json::Object encoded = EncodeGoal(state.result, goal);
  encoded["since"] = Text(FormatRfc3339(state.since));
  encoded["reason"] = Text(goal.reason);
  return encoded;
}

json::Object EncodeScore(const std::vector<GoalResult>& results, const Content& content) {
  std::vector<breakwater::posture::Weighted> weighted;
  for (const GoalResult& result : results) {
    const Goal* goal = content.FindGoal(result.goal_id);
    weighted.push_back({goal == nullptr ? "Low" : std::string_view(goal->severity), result.status});
  }
  const auto score = breakwater::posture::ScoreOf(weighted);
  return {{"points", score.points},
          {"of", 1000},
          {"evaluated_goals", score.evaluated},
          {"total_goals", score.total},
          {"formula", Text(breakwater::posture::kScoreFormula)}};
}

}  // namespace breakwater::api::posture
