#include "posture/results.h"

#include <algorithm>

#include "base/check.h"
#include "json/reader.h"

namespace breakwater::posture {
namespace {

using json::Text;

constexpr std::size_t kMaxResources = 100'000;

std::int64_t WeightOf(std::string_view severity) {
  if (severity == "Critical") return 10;
  if (severity == "High") return 6;
  if (severity == "Medium") return 3;
  return 1;
}

json::Value ToJson(const ResourceResult& r) {
  return {{"name", Text(r.name)},
          {"crn", Text(r.crn)},
          {"type", Text(r.type)},
          {"status", Text(ToString(r.status))},
          {"expected", Text(r.expected)},
          {"actual", Text(r.actual)},
          {"info", Text(r.info)},
          {"facts", r.facts},
          {"facts_digest", Text(r.facts_digest)}};
}

ResultStatus StatusAt(const json::Reader& at) {
  auto status = ParseResultStatus(at.String());
  if (!status.ok()) at.Fail(status.error().message());
  return std::move(status).value_or(ResultStatus::kUnableToPerform);
}

}  // namespace

std::string_view ToString(ResultStatus status) {
  switch (status) {
    case ResultStatus::kPass: return "pass";
    case ResultStatus::kFail: return "fail";
    case ResultStatus::kUnableToPerform: return "unable_to_perform";
    case ResultStatus::kNotApplicable: return "not_applicable";
  }
  BW_UNREACHABLE();
}

Result<ResultStatus> ParseResultStatus(std::string_view text) {
  for (const auto status : {ResultStatus::kPass, ResultStatus::kFail,
                            ResultStatus::kUnableToPerform, ResultStatus::kNotApplicable}) {
    if (ToString(status) == text) return status;
  }
  return Invalid("must be pass, fail, unable_to_perform or not_applicable");
}

ResultStatus RollUp(const std::vector<ResultStatus>& parts) {
  for (const auto status :
       {ResultStatus::kFail, ResultStatus::kUnableToPerform, ResultStatus::kPass}) {
    if (std::find(parts.begin(), parts.end(), status) != parts.end()) return status;
  }
  return ResultStatus::kNotApplicable;
}

json::Value ToJson(const GoalResult& result) {
  json::Array resources;
  for (const ResourceResult& resource : result.resources) resources.push_back(ToJson(resource));
  return {{"goal_id", Text(result.goal_id)},
          {"status", Text(ToString(result.status))},
          {"completed", Text(FormatRfc3339(result.completed))},
          {"error", Text(result.error)},
          {"parameters", result.parameters},
          {"resources", std::move(resources)}};
}

Result<GoalResult> GoalResultFromJson(const json::Value& document) {
  const json::Reader in(document);
  GoalResult result;
  result.goal_id = in.Field("goal_id").String();
  result.status = StatusAt(in.Field("status"));
  const std::string completed = in.Field("completed").String();
  result.error = in.Field("error").String();
  result.parameters = in.Field("parameters").value();
  for (const json::Reader& r : in.Field("resources").Items(kMaxResources)) {
    ResourceResult resource;
    resource.name = r.Field("name").String();
    resource.crn = r.Field("crn").String();
    resource.type = r.Field("type").String();
    resource.status = StatusAt(r.Field("status"));
    resource.expected = r.Field("expected").String();
    resource.actual = r.Field("actual").String();
    resource.info = r.Field("info").String();
    if (const auto facts = r.Optional("facts")) resource.facts = facts->value();
    resource.facts_digest = r.Field("facts_digest").String();
    result.resources.push_back(std::move(resource));
  }
  BW_TRY_STATUS(in.Finish());
  BW_TRY(result.completed, ParseRfc3339(completed));
  return result;
}

void Counters::Add(ResultStatus status) {
  switch (status) {
    case ResultStatus::kPass: ++pass; return;
    case ResultStatus::kFail: ++fail; return;
    case ResultStatus::kUnableToPerform: ++unable_to_perform; return;
    case ResultStatus::kNotApplicable: ++not_applicable; return;
  }
  BW_UNREACHABLE();
}

Score ScoreOf(const std::vector<Weighted>& goals) {
  Score score;
  std::int64_t passed = 0;
  std::int64_t judged = 0;
  for (const Weighted& goal : goals) {
    ++score.total;
    if (goal.status != ResultStatus::kPass && goal.status != ResultStatus::kFail) continue;
    ++score.evaluated;
    judged += WeightOf(goal.severity);
    if (goal.status == ResultStatus::kPass) passed += WeightOf(goal.severity);
  }
  // Rounded to the nearest point.
  if (judged > 0) score.points = (2000 * passed + judged) / (2 * judged);
  return score;
}

}  // namespace breakwater::posture
