// What attachments' resources and goals were, by change points: a row for as long as something
// stayed as it was. Statements only; what they mean is decided in evaluate.h and posture.h.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "condition/catalogue.h"
#include "control/resource.h"
#include "db/database.h"
#include "posture/results.h"

namespace breakwater::posture {

// A resource as evaluated. Equal but for `since`: nothing changed.
struct ResourcePoint {
  control::Resource resource;
  // A letter for each goal on its kind, in the profile's order (evaluate.h).
  std::string statuses;
  std::string facts_digest;  // empty: nothing could be read
  std::string error;         // then why
  Timestamp since;
};

// A goal as it stood.
struct GoalPoint {
  std::string goal_id;
  ResultStatus status = ResultStatus::kNotApplicable;
  Counters resources;
  std::string error;  // why nothing could be performed at all
  Timestamp at;       // since when all of this is so
  Timestamp since;    // since when the status is
};

namespace ledger {

// The present one of a resource, if there is one.
Result<std::optional<ResourcePoint>> Current(db::Transaction& tx, std::int64_t attachment,
                                             const control::Resource& resource);
// Begins a point at `at` and ends the one before it. `facts` is the document its digest is of;
// empty if there is none.
Status Put(db::Transaction& tx, std::int64_t attachment, Timestamp at, const ResourcePoint& point,
           const std::string& facts);
// The resource is gone.
Status End(db::Transaction& tx, std::int64_t attachment, Timestamp at,
           const control::Resource& resource);
// Whatever is present ends: the profile's version changed, and its letters mean something else.
Status EndAll(db::Transaction& tx, std::int64_t attachment, Timestamp at);

// How many resources of a type have the same letters, for all that there are at present.
using EachLetters = std::function<Status(std::string_view letters, std::int64_t resources)>;
Status ForEachLetters(db::Transaction& tx, std::int64_t attachment,
                      const condition::ResourceType& type, const EachLetters& each);

// In no order. `at` absent: the present; `type` absent: all of them.
using EachResource = std::function<Status(const ResourcePoint&)>;
Status ForEach(db::Transaction& tx, std::int64_t attachment, std::optional<Timestamp> at,
               const std::optional<condition::ResourceType>& type, const EachResource& each);
Result<std::string> FactsOf(db::Transaction& tx, std::string_view digest);

using GoalPoints = std::map<std::string, GoalPoint, std::less<>>;
Result<GoalPoints> GoalsAt(db::Transaction& tx, std::int64_t attachment,
                           std::optional<Timestamp> at);
// What began in [from, until], oldest first, and for each goal the point that stood at `from`.
Result<std::vector<GoalPoint>> GoalsBetween(db::Transaction& tx, std::int64_t attachment,
                                            Timestamp from, Timestamp until);
// Begins a point if it differs from `before` but for the times.
Status PutGoal(db::Transaction& tx, std::int64_t attachment, const GoalPoint* before,
               const GoalPoint& now);

}  // namespace ledger
}  // namespace breakwater::posture
