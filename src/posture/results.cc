#include "posture/results.h"

#include "base/check.h"

namespace breakwater::posture {
namespace {

using json::Text;

std::int64_t WeightOf(std::string_view severity) {
  if (severity == "Critical") return 10;
  if (severity == "High") return 6;
  if (severity == "Medium") return 3;
  return 1;
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

json::Value ToJson(const ResourceResult& r) {
  return {{"name", Text(r.name)},
          {"crn", Text(r.crn)},
          {"type", Text(r.type)},
          {"status", Text(ToString(r.status))},
          {"expected", Text(r.expected)},
          {"actual", Text(r.actual)},
          {"info", Text(r.info)},
          {"facts", r.facts},
          {"facts_digest", Text(r.facts_digest)},
          {"observed", Text(FormatRfc3339(r.observed))},
          {"exception", Text(r.exception)}};
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

ResultStatus RollUpUnless(std::string_view error, const Counters& parts) {
  if (error.empty() || parts.fail > 0) return RollUp(parts);
  return ResultStatus::kUnableToPerform;
}

ResultStatus RollUp(const Counters& parts) {
  if (parts.fail > 0) return ResultStatus::kFail;
  if (parts.unable_to_perform > 0) return ResultStatus::kUnableToPerform;
  return parts.pass > 0 ? ResultStatus::kPass : ResultStatus::kNotApplicable;
}

void Counters::Add(ResultStatus status, std::int64_t by) {
  switch (status) {
    case ResultStatus::kPass: pass += by; return;
    case ResultStatus::kFail: fail += by; return;
    case ResultStatus::kUnableToPerform: unable_to_perform += by; return;
    case ResultStatus::kNotApplicable: not_applicable += by; return;
  }
  BW_UNREACHABLE();
}

Counters& Counters::operator+=(const Counters& other) {
  pass += other.pass;
  fail += other.fail;
  unable_to_perform += other.unable_to_perform;
  not_applicable += other.not_applicable;
  return *this;
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
