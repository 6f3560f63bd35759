#include "api/posture/encode.h"

#include <algorithm>
#include <initializer_list>

namespace breakwater::api::posture {
namespace {

using breakwater::posture::AssessedControl;
using breakwater::posture::AssessedGoal;
using breakwater::posture::Assessment;
using breakwater::posture::Control;
using breakwater::posture::Counters;
using breakwater::posture::FoundProfile;
using breakwater::posture::Goal;
using breakwater::posture::Profile;
using breakwater::posture::ResourceResult;
using breakwater::posture::ResultStatus;
using breakwater::posture::Scan;
using breakwater::posture::ScanCounts;
using breakwater::posture::Score;
using json::Text;

// 12 characters of the scope's name joined with 12 of the profile's (ibm-scc 2.9).
constexpr std::size_t kNamePart = 12;

// Without half a character at the end.
std::string ScanName(std::string_view scope, const Profile& profile) {
  return Beginning(scope, kNamePart) + "_" + Beginning(profile.name, kNamePart);
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

json::Object EncodeGoal(const AssessedGoal& goal) {
  json::Array resources;
  for (const ResourceResult& resource : goal.result.resources) {
    resources.push_back(EncodeResource(resource));
  }
  return {{"description", Text(goal.description)},
          {"id", Text(goal.id)},
          {"status", Text(ToString(goal.result.status))},
          {"severity", Text(goal.severity)},
          {"completed_time", Text(FormatRfc3339(goal.result.completed))},
          {"error", Text(goal.result.error)},
          {"resource_result", std::move(resources)},
          {"applicability_criteria",
           {{"environment", {"ibm"}},
            {"resource", {Text(json::FindText(goal.document, "service"))}},
            {"resource_type", {Text(json::FindText(goal.document, "kind"))}}}},
          {"parameters", goal.result.parameters},
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

json::Object EncodeCounts(const Counters& counters) {
  return {{"pass_count", counters.pass},
          {"fail_count", counters.fail},
          {"unable_to_perform_count", counters.unable_to_perform},
          {"not_applicable_count", counters.not_applicable}};
}

json::Object EncodeResultCounts(const ScanCounts& scan) {
  json::Object counts = EncodeCounters("goals", scan.goals);
  for (auto& member : EncodeCounters("controls", scan.controls)) {
    counts[member.key()] = member.value();
  }
  return counts;
}

struct NewName {
  std::string_view from;
  std::string_view to;
};

void Rename(json::Object& object, std::initializer_list<NewName> names) {
  for (const auto& [from, to] : names) {
    json::Value value = std::move(object[from]);
    object.erase(from);
    object[to] = std::move(value);
  }
}

}  // namespace

std::string Beginning(std::string_view text, std::size_t octets) {
  std::size_t end = std::min(text.size(), octets);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return std::string(text.substr(0, end));
}

json::Object EncodeProfile(const FoundProfile& found) {
  const auto& [entry, profile] = found;
  return {
      {"id", Text(profile->id)},
      {"name", Text(profile->name)},
      {"description", Text(profile->description)},
      {"version", profile->version},
      {"created_by", Text(entry.created_by)},
      {"modified_by", Text(entry.modified_by)},
      {"reason_for_delete", Text(entry.reason_for_delete)},
      {"base_profile", Text(profile->base_profile)},
      {"type", entry.account.empty() ? "predefined" : "custom"},
      {"no_of_controls", profile->controls.size()},
      {"created_at", Text(FormatRfc3339(entry.created))},
      {"updated_at", Text(FormatRfc3339(entry.modified))},
      {"enabled", entry.enabled},
      {"applicability_criteria", {{"environment", {"ibm"}}, {"resource", {"container-registry"}}}}};
}

json::Object EncodeControl(const Control& control, const Profile& profile) {
  json::Array goals;
  for (const std::string& id : control.goals) {
    const Goal& goal = *profile.FindGoal(id);
    goals.push_back({{"description", Text(goal.description)},
                     {"id", Text(goal.id)},
                     {"severity", Text(goal.severity)},
                     {"is_manual", goal.is_manual()},
                     {"is_remediable", false},
                     {"is_reversible", false},
                     {"is_automatable", !goal.is_manual()},
                     {"is_auto_remediable", false}});
  }
  return {{"id", Text(control.id)},
          {"description", Text(control.Title(profile))},
          {"external_control_id", Text(control.external_control_id)},
          {"goals", std::move(goals)}};
}

namespace {

std::string_view TypeOf(const ScanNames& names) {
  return names.custom ? "custom" : "standard";
}

// The group by which the scan was asked for, as a profile with the result.
json::Array EncodeGroupOf(const Scan& scan, const ScanNames& names, const json::Object& counts) {
  if (scan.group_profile_id.empty()) return {};
  // Misspelt on the wire.
  return {{{"id", Text(scan.group_profile_id)},
           {"name", Text(names.group)},
           {"type", "temmplategroup"},
           {"validation_result", counts}}};
}

}  // namespace

json::Object EncodeScanItem(const Scan& scan, const Profile& profile, const ScanNames& names) {
  const std::string name = ScanName(names.scope, profile);
  const json::Object counts = EncodeResultCounts(scan.counts.value_or(ScanCounts{}));
  // Both times are required of an item (ibm-scc 2.9): of a scan that waits or runs they are as of
  // now, when it was asked for and begun, and its status says that it has not ended.
  const Timestamp began = scan.started.value_or(scan.created);
  return {{"scan_id", Text(std::to_string(scan.id))},
          {"id", Text(std::to_string(scan.id))},
          {"scan_name", Text(name)},
          {"name", Text(name)},
          {"scope_id", Text(scan.scope_id)},
          {"scope_name", Text(names.scope)},
          {"group_profile_id", Text(scan.group_profile_id)},
          {"group_profile_name", Text(names.group)},
          {"report_run_by", Text(scan.requested_by)},
          {"start_time", Text(FormatRfc3339(began))},
          {"end_time", Text(FormatRfc3339(scan.ended.value_or(began)))},
          {"status", Text(scan.status)},
          {"report_setting_id", Text(std::to_string(scan.attachment_id))},
          {"result", counts},
          {"profiles",
           {{{"id", Text(profile.id)},
             {"name", Text(profile.name)},
             {"type", Text(TypeOf(names))},
             {"validation_result", counts}}}},
          {"group_profiles", EncodeGroupOf(scan, names, counts)},
          {"score", scan.counts ? json::Value(EncodeScore(scan.counts->score)) : json::Value()}};
}

json::Object EncodeSummary(const Scan& scan, const Assessment& assessment) {
  json::Array controls;
  for (const AssessedControl& control : assessment.controls) {
    json::Array goals;
    Counters resources;
    for (const std::size_t place : control.goals) {
      const AssessedGoal& goal = assessment.goals[place];
      resources += goal.resources;
      goals.push_back(EncodeGoal(goal));
    }
    controls.push_back({{"id", Text(control.id)},
                        {"status", Text(ToString(control.status))},
                        {"external_control_id", Text(control.external_control_id)},
                        {"description", Text(control.title)},
                        // So it is read by the reference's clients of version 2.
                        {"desciption", Text(control.title)},
                        {"goals", std::move(goals)},
                        {"resource_statistics", EncodeCounts(resources)}});
  }
  return {
      {"id", Text(std::to_string(scan.id))},       {"discover_id", Text(std::to_string(scan.id))},
      {"profile_id", Text(assessment.profile_id)}, {"profile_name", Text(assessment.profile_name)},
      {"scope_id", Text(scan.scope_id)},           {"status", Text(scan.status)},
      {"score", EncodeScore(assessment.score)},    {"controls", std::move(controls)}};
}

json::Object EncodeState(const Assessment& assessment) {
  json::Array goals;
  for (const AssessedGoal& goal : assessment.goals) {
    json::Object encoded = EncodeGoal(goal);
    encoded["since"] = Text(FormatRfc3339(goal.since));
    encoded["reason"] = Text(goal.reason);
    encoded["digest"] = Text(goal.digest);
    encoded["resource_counts"] = EncodeCounts(goal.resources);
    goals.push_back(std::move(encoded));
  }
  return {{"attachment_id", Text(std::to_string(assessment.attachment_id))},
          {"profile_id", Text(assessment.profile_id)},
          {"profile_name", Text(assessment.profile_name)},
          {"profile_version", assessment.profile_version},
          {"profile_digest", Text(assessment.profile_digest)},
          {"scope_id", Text(assessment.scope_id)},
          {"at", Text(FormatRfc3339(assessment.at))},
          {"checked", Text(FormatRfc3339(assessment.checked))},
          {"parameters", assessment.parameters},
          {"score", EncodeScore(assessment.score)},
          {"goal_counts", EncodeCounts(assessment.goal_counts)},
          {"control_counts", EncodeCounts(assessment.control_counts)},
          {"goals", std::move(goals)}};
}

json::Object EncodeHistory(const Assessment& assessment) {
  json::Array trend;
  for (const auto& point : assessment.trend) {
    trend.push_back({{"at", Text(FormatRfc3339(point.at))},
                     {"score", EncodeScore(point.score)},
                     {"goal_counts", EncodeCounts(point.goals)}});
  }
  json::Array changes;
  for (const auto& change : assessment.changes) {
    changes.push_back(
        {{"at", Text(FormatRfc3339(change.at))},
         {"goal_id", Text(change.goal_id)},
         {"before", change.before ? json::Value(Text(ToString(*change.before))) : json::Value()},
         {"after", Text(ToString(change.after))}});
  }
  return {{"attachment_id", Text(std::to_string(assessment.attachment_id))},
          {"from", TimeOrNull(assessment.from)},
          {"to", Text(FormatRfc3339(assessment.at))},
          {"trend", std::move(trend)},
          {"changes", std::move(changes)}};
}

json::Object EncodeProfileV1(const FoundProfile& found) {
  json::Object v1 = EncodeProfile(found);
  Rename(v1, {{"id", "profile_id"},
              {"type", "profile_type"},
              {"created_at", "created_time"},
              {"updated_at", "modified_time"}});
  v1.erase("no_of_controls");
  return v1;
}

json::Object EncodeScanItemV1(const Scan& scan, const Profile& profile, const ScanNames& names) {
  json::Object v1 = EncodeScanItem(scan, profile, names);
  for (const char* later : {"id", "name", "profiles", "group_profiles", "report_setting_id"}) {
    v1.erase(later);
  }
  v1["profile_id"] = Text(profile.id);
  v1["profile_name"] = Text(profile.name);
  v1["profile_type"] = Text(TypeOf(names));
  return v1;
}

json::Object EncodeSummaryItemV1(const Scan& scan, const Profile& profile, const ScanNames& names) {
  json::Object v1 = EncodeScanItem(scan, profile, names);
  const json::Object counts = EncodeResultCounts(scan.counts.value_or(ScanCounts{}));
  for (const char* later : {"id", "name", "profiles", "report_setting_id", "result"}) {
    v1.erase(later);
  }
  v1["profile"] = {{"profile_id", Text(profile.id)},
                   {"profile_name", Text(profile.name)},
                   {"profile_type", Text(TypeOf(names))},
                   {"validation_result", counts}};
  json::Array members;
  if (!scan.group_profile_id.empty()) members.push_back(v1["profile"]);
  v1["group_profiles"] = {{"group_profile_id", Text(scan.group_profile_id)},
                          {"group_profile_name", Text(names.group)},
                          {"profiles", std::move(members)}};
  return v1;
}

json::Object EncodeSummaryV1(const Scan& scan, const Assessment& assessment) {
  json::Object v1 = EncodeSummary(scan, assessment);
  Rename(v1, {{"id", "scan_id"}});
  for (json::Value& control_value : v1["controls"].as_array()) {
    json::Object& control = control_value.as_object();
    // Misspelt on the wire.
    control.erase("desciption");
    Rename(control, {{"id", "control_id"}, {"description", "control_desciption"}});
    Rename(control["resource_statistics"].as_object(),
           {{"pass_count", "resource_pass_count"},
            {"fail_count", "resource_fail_count"},
            {"unable_to_perform_count", "resource_unable_to_perform_count"},
            {"not_applicable_count", "resource_not_applicable_count"}});
    for (json::Value& goal_value : control["goals"].as_array()) {
      json::Object& goal = goal_value.as_object();
      Rename(goal, {{"id", "goal_id"},
                    {"description", "goal_description"},
                    {"applicability_criteria", "goal_applicability_criteria"}});
      for (json::Value& resource : goal["resource_result"].as_array()) {
        Rename(resource.as_object(), {{"name", "resource_name"},
                                      {"types", "resource_types"},
                                      {"status", "resource_status"}});
      }
    }
  }
  return v1;
}

json::Object EncodeScore(const Score& score) {
  return {{"points", score.points},
          {"of", 1000},
          {"evaluated_goals", score.evaluated},
          {"total_goals", score.total},
          {"formula", Text(breakwater::posture::kScoreFormula)}};
}

}  // namespace breakwater::api::posture
