// Keeps attachments evaluated: reads facts, judges, and writes change points.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "control/facts.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "posture/attachments.h"
#include "posture/evaluate.h"
#include "posture/ledger.h"
#include "posture/profiles.h"

namespace breakwater::posture {

// Emitted when a goal's status changes: {account, attachment_id, profile_id, goal_id, before,
// after}; before is null for the first time.
inline constexpr std::string_view kGoalChanged = "posture.goal_changed";

// Whether a resource belongs to what is looked at.
using ScopeFilter = std::function<bool(const control::Resource&)>;

struct EvaluatorDeps {
  db::Database& database;
  jobs::Jobs& jobs;
  const control::FactSources& facts;
  const Profiles& profiles;
  const Attachments& attachments;
  // What a scope selects. kNotFound if there is no such scope.
  std::function<Result<ScopeFilter>(db::Transaction&, const AccountId&, std::string_view scope_id)>
      scope;
  // The failures an account has accepted, as of now.
  std::function<Result<Accepted>(db::Transaction&, const AccountId&)> accepted;
};

// Thread-safe. Of two that look at one attachment at once, what stands is what saw the newer facts:
// facts are read in the transaction that writes what they came to.
class Evaluator {
 public:
  explicit Evaluator(EvaluatorDeps deps) : deps_(std::move(deps)) {}

  // Looks at all resources of these types, of all if there are none. In steps, so that others can
  // write in between; the moment it ended at.
  Result<Timestamp> EvaluateAll(std::int64_t attachment,
                                const std::set<condition::ResourceType>& types = {}) const;
  // Looks at these alone.
  Status Evaluate(std::int64_t attachment, const std::vector<control::Resource>& resources) const;

 private:
  struct Frame;
  struct Listing;
  struct Listings;
  struct Unreadable;
  using Step = std::function<Status(db::Transaction& tx, Unreadable& unreadable)>;
  // Runs the step again without reading what could not be read, where that broke the transaction.
  Status Write(const Step& step) const;
  Result<Frame> FrameOf(db::Transaction& tx, const Attachment& attachment) const;
  Result<Listings> ListAll(std::int64_t attachment,
                           const std::set<condition::ResourceType>& types) const;
  Result<Listings> ListOnce(db::Transaction& tx, std::int64_t attachment,
                            const std::set<condition::ResourceType>& types,
                            Unreadable& unreadable) const;
  Status LookAt(db::Transaction& tx, const Frame& frame, const control::Resource& resource,
                Unreadable& unreadable, ResourcePoint* before, ResourcePoint* after) const;
  Status EndVanished(db::Transaction& tx, const Frame& frame, const Listing& listing) const;
  Status Recount(db::Transaction& tx, const Frame& frame,
                 const std::vector<Listing>& listings) const;
  Result<ledger::GoalPoints> BeforeItWasAltered(db::Transaction& tx,
                                                const Attachment& attachment) const;
  // `before`: the goal's present point; `prior`: what to compare it with, which may have ended.
  Status Store(db::Transaction& tx, const Frame& frame, const GoalPoint* before,
               const GoalPoint* prior, GoalPoint now) const;

  EvaluatorDeps deps_;
};

}  // namespace breakwater::posture
