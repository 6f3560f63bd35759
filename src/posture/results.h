// Results of evaluating goals, and how they roll up: resource -> goal -> control -> counters and
// score.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "json/json.h"

namespace breakwater::posture {

// Stored by these names: pass, fail, unable_to_perform, not_applicable.
enum class ResultStatus { kPass, kFail, kUnableToPerform, kNotApplicable };

std::string_view ToString(ResultStatus status);
Result<ResultStatus> ParseResultStatus(std::string_view text);

struct ResourceResult {
  std::string name;  // for people: the registry's name, or the account
  std::string crn;
  std::string type;  // "container-registry/service"
  ResultStatus status = ResultStatus::kUnableToPerform;
  std::string expected;
  std::string actual;        // what was found, JSON text of one value or of several by name
  std::string info;          // why it failed or could not be performed
  json::Value facts;         // the facts used, with source and time: the evidence
  std::string facts_digest;  // sha256:… of their canonical form without the times
  Timestamp observed;        // when the facts became what they are
  // A failure that was accepted for a while is "not applicable" and names the exception.
  std::string exception;
};

struct GoalResult {
  std::string goal_id;
  ResultStatus status = ResultStatus::kNotApplicable;
  Timestamp completed;
  std::string error;       // why nothing could be performed at all
  json::Value parameters;  // name -> value that was used
  std::vector<ResourceResult> resources;
};

json::Value ToJson(const ResourceResult& result);
json::Value ToJson(const GoalResult& result);

struct Counters {
  std::int64_t pass = 0;
  std::int64_t fail = 0;
  std::int64_t unable_to_perform = 0;
  std::int64_t not_applicable = 0;

  std::int64_t total() const { return pass + fail + unable_to_perform + not_applicable; }
  void Add(ResultStatus status, std::int64_t by = 1);
  Counters& operator+=(const Counters& other);
  friend bool operator==(const Counters&, const Counters&) = default;
};
// Fail if any part fails; else unable if any is; else pass if any passes; else not applicable.
ResultStatus RollUp(const Counters& parts);
// The same of a goal whose resources, because of `error` (unless it is empty), may not be all: what
// fails fails, and whether the rest passes nobody knows.
ResultStatus RollUpUnless(std::string_view error, const Counters& parts);

// 1000 x sum of weights that pass / sum of weights that pass or fail, over goals; weights Critical
// 10, High 6, Medium 3, Low 1. Goals that could not be performed or do not apply are left out of it
// and shown as coverage.
struct Score {
  std::int64_t points = 0;     // 0..1000; 0 if nothing was evaluated
  std::int64_t evaluated = 0;  // goals that passed or failed
  std::int64_t total = 0;
};
inline constexpr std::string_view kScoreFormula =
    "1000 * sum(weight of passed goals) / sum(weight of passed and failed goals); weights: "
    "Critical 10, High 6, Medium 3, Low 1 (formula 1)";

struct Weighted {
  std::string_view severity;
  ResultStatus status;
};
Score ScoreOf(const std::vector<Weighted>& goals);

}  // namespace breakwater::posture
