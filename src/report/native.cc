// Our own full report: what the assessment holds, under names of its own.
#include "base/time.h"
#include "report/figures.h"
#include "report/formats.h"
#include "report/json_writer.h"

namespace breakwater::report {
namespace {

using json::Text;

json::Value When(Timestamp at) {
  return Text(FormatRfc3339(at));
}

json::Object DocumentOf(const posture::Counters& counters) {
  return {{"pass", counters.pass},
          {"fail", counters.fail},
          {"unable_to_perform", counters.unable_to_perform},
          {"not_applicable", counters.not_applicable},
          {"total", counters.total()}};
}

json::Object DocumentOf(const posture::Score& score) {
  return {{"points", score.points}, {"evaluated", score.evaluated}, {"total", score.total}};
}

json::Object HeadOf(const posture::Assessment& a) {
  json::Object score = DocumentOf(a.score);
  score["formula"] = Text(posture::kScoreFormula);
  return {{"format", "breakwater-posture-report/1"},
          {"installation", Text(a.installation)},
          {"software", Text(a.software)},
          {"account", Text(a.account.value())},
          {"attachment_id", a.attachment_id},
          {"scope",
           {{"id", Text(a.scope_id)},
            {"name", Text(a.scope_name)},
            {"description", Text(a.scope_description)}}},
          {"profile",
           {{"id", Text(a.profile_id)},
            {"name", Text(a.profile_name)},
            {"description", Text(a.profile_description)},
            {"version", a.profile_version},
            {"digest", Text(a.profile_digest)}}},
          {"parameters", a.parameters},
          {"at", When(a.at)},
          {"from", a.from ? When(*a.from) : json::Value()},
          {"checked", When(a.checked)},
          {"score", std::move(score)},
          {"counts",
           {{"goals", DocumentOf(a.goal_counts)},
            {"controls", DocumentOf(a.control_counts)},
            {"resources", DocumentOf(a.resource_counts)}}}};
}

json::Object DocumentOf(const posture::AssessedControl& control, const posture::Assessment& a) {
  json::Array goals;
  for (const std::size_t place : control.goals) goals.push_back(Text(a.goals.at(place).id));
  return {{"id", Text(control.id)},
          {"external_control_id", Text(control.external_control_id)},
          {"title", Text(control.title)},
          {"parent", json::TextOrNull(control.parent)},
          {"goals", std::move(goals)},
          {"status", control.goals.empty() ? json::Value()
                                           : json::Value(Text(posture::ToString(control.status)))}};
}

json::Value DocumentOf(const std::optional<posture::AttestationShown>& attestation) {
  if (!attestation) return nullptr;
  return json::Object{{"owner", Text(attestation->owner)},
                      {"statement", Text(attestation->statement)},
                      {"given", When(attestation->given)},
                      {"expires", When(attestation->expires)}};
}

json::Object DocumentOf(const posture::ExceptionShown& exception) {
  return {{"id", Text(exception.id)},
          {"owner", Text(exception.owner)},
          {"approver", Text(exception.approver)},
          {"ticket", Text(exception.ticket)},
          {"reason", Text(exception.reason)},
          {"crn", json::TextOrNull(exception.crn)},
          {"expires", When(exception.expires)}};
}

json::Object HeadOf(const posture::AssessedGoal& goal) {
  json::Object mappings;
  for (const auto& [framework, ids] : goal.mappings) {
    json::Array list;
    for (const std::string& id : ids) list.push_back(Text(id));
    mappings[framework] = std::move(list);
  }
  json::Array exceptions;
  for (const auto& exception : goal.exceptions) exceptions.push_back(DocumentOf(exception));
  return {{"id", Text(goal.id)},
          {"description", Text(goal.description)},
          {"severity", Text(goal.severity)},
          {"expected", Text(goal.expected)},
          {"reason", Text(goal.reason)},
          {"remedy", Text(goal.remedy)},
          {"is_manual", goal.is_manual},
          {"mappings", std::move(mappings)},
          {"digest", Text(goal.digest)},
          {"document", goal.document},
          {"status", Text(posture::ToString(goal.result.status))},
          {"since", When(goal.since)},
          {"completed", When(goal.result.completed)},
          {"error", json::TextOrNull(goal.result.error)},
          {"parameters", goal.result.parameters},
          {"attestation", DocumentOf(goal.attestation)},
          {"exceptions", std::move(exceptions)},
          {"counts", DocumentOf(goal.resources)},
          {"resources_left_out", LeftOut(goal)}};
}

json::Object DocumentOf(const posture::ResourceResult& r) {
  return {{"name", Text(r.name)},
          {"crn", Text(r.crn)},
          {"type", Text(r.type)},
          {"status", Text(posture::ToString(r.status))},
          {"expected", Text(r.expected)},
          {"actual", Text(r.actual)},
          {"info", json::TextOrNull(r.info)},
          {"exception", json::TextOrNull(r.exception)},
          {"facts", r.facts},
          {"facts_digest", json::TextOrNull(r.facts_digest)}};
}

json::Array DocumentOf(const std::vector<posture::PosturePoint>& trend) {
  json::Array points;
  for (const auto& point : trend) {
    points.push_back(json::Object{{"at", When(point.at)},
                                  {"score", DocumentOf(point.score)},
                                  {"goals", DocumentOf(point.goals)}});
  }
  return points;
}

json::Array DocumentOf(const std::vector<posture::GoalChange>& changes) {
  json::Array list;
  for (const auto& change : changes) {
    list.push_back(
        json::Object{{"at", When(change.at)},
                     {"goal_id", Text(change.goal_id)},
                     {"before", change.before ? json::Value(Text(posture::ToString(*change.before)))
                                              : json::Value()},
                     {"after", Text(posture::ToString(change.after))}});
  }
  return list;
}

}  // namespace

std::string RenderJson(const posture::Assessment& assessment) {
  std::string out;
  JsonWriter writer(out);
  writer.BeginObject();
  writer.Members(HeadOf(assessment));
  writer.Key("controls");
  writer.BeginArray();
  for (const auto& control : assessment.controls) writer.Value(DocumentOf(control, assessment));
  writer.EndArray();
  writer.Key("goals");
  writer.BeginArray();
  for (const auto& goal : assessment.goals) {
    writer.BeginObject();
    writer.Members(HeadOf(goal));
    writer.Key("resources");
    writer.BeginArray();
    for (const auto& resource : goal.result.resources) writer.Value(DocumentOf(resource));
    writer.EndArray();
    writer.EndObject();
  }
  writer.EndArray();
  // What results name by digest, whole, so that the digests can be taken again.
  writer.Key("facts");
  writer.BeginObject();
  for (const auto& [digest, facts] : assessment.facts) writer.Member(digest, facts);
  writer.EndObject();
  writer.Member("trend", DocumentOf(assessment.trend));
  writer.Member("changes", DocumentOf(assessment.changes));
  writer.EndObject();
  out += '\n';
  return out;
}

}  // namespace breakwater::report
