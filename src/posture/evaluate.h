// Evaluating goals over facts. Pure: the reading was done before.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "condition/parameters.h"
#include "condition/value.h"
#include "control/resource.h"
#include "posture/profile.h"
#include "posture/results.h"

namespace breakwater::posture {

// What a goal came to on a resource, as it is stored: one letter.
enum class Letter : char {
  kPass = 'p',
  kFail = 'f',
  kUnable = 'u',
  kAcceptedFailure = 'F',  // a failure, or not to be able to tell, that an exception covers
  kAcceptedUnable = 'U',
  kInapplicable = 'n',
  kElsewhere = '-',  // the goal asks nothing of this resource
};

// kElsewhere has none: it is no result.
ResultStatus StatusOf(Letter letter);
// Adds each letter's status to the counters of the goal at its place, for so many resources.
void Count(std::string_view letters, std::int64_t resources, std::vector<Counters>& goals);

// A goal with its values out of a profile's parameters.
struct BoundGoal {
  const Goal* goal = nullptr;
  condition::Parameters parameters;
};
// The profile's goals on a kind of resource, in its order. The profile must outlive them.
Result<std::vector<BoundGoal>> BindGoals(const Profile& profile,
                                         const condition::ResourceType& type,
                                         const json::Object& parameters);

// Failures that were accepted: goal id -> (CRN, or empty for every resource; the exception's id).
using Accepted = std::multimap<std::string, std::pair<std::string, std::string>, std::less<>>;
// The exception that covers a goal's failure on a resource, or "".
std::string AcceptedBy(const Accepted& accepted, std::string_view goal_id, std::string_view crn);

// A letter for each goal.
std::string Judge(const std::vector<BoundGoal>& goals, const control::Resource& resource,
                  const condition::Facts& facts, const Accepted& accepted);
// The same where nothing could be read.
std::string JudgeUnreadable(const std::vector<BoundGoal>& goals, const control::Resource& resource,
                            const Accepted& accepted);

// Evidence holds the facts the goals use, not all there are, and is without the times: what stays
// the same has the same digest. An unavailable fact keeps its reason.
json::Value FactsUsed(const std::vector<BoundGoal>& goals, const condition::Facts& facts);
std::string DigestOfFacts(std::string_view canonical);
// What FactsUsed made, observed at that time.
Result<condition::Facts> FactsFrom(const json::Value& used, Timestamp observed);

// A result for people, out of what is stored. `facts` is what FactsUsed made, null if nothing could
// be read (then `error` says why).
struct Stored {
  const control::Resource& resource;
  Letter letter;
  const json::Value& facts;
  std::string_view facts_digest;
  std::string_view error;
  Timestamp observed;  // since when the facts are so
  Timestamp judged;    // when they were last found to be
};
ResourceResult Explain(const BoundGoal& goal, const Stored& stored, const Accepted& accepted);

// The goal's text with each "#" replaced by its parameters' values in order.
std::string WithParameters(std::string_view text, const Goal& goal,
                           const condition::Parameters& parameters);

}  // namespace breakwater::posture
