// Several changes as one: all is durable or nothing, and what they leave together is judged.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "condition/value.h"
#include "control/change.h"
#include "db/database.h"

namespace breakwater::control {

// Changes that are made together, as those see it who make them. Lives while the work runs.
class JointChanges {
 public:
  // Has what was submitted so far judged by the rules as they are now. Before rules are changed,
  // so that these do not take away what forbids it.
  Status Judge();
  // How many changes were submitted and made.
  std::size_t submitted() const { return parts_.size(); }

  // The rest is for ChangePath.

  // One that is made. Each is called in the transaction.
  struct Part {
    // By the rules as they are; what the first judgement says is kept.
    std::function<Status()> judge;
    std::function<Status()> keep;              // records it and tells of it
    std::function<void(const Error&)> refuse;  // records that; called when all is rolled back
    std::function<void()> done;                // called when all is durable
    std::string judged_by = {};                // version of the rules; empty: not yet
  };
  JointChanges(const ChangePath& path, db::Transaction& tx, std::chrono::milliseconds time,
               bool rehearsal)
      : path_(path),
        tx_(tx),
        deadline_(std::chrono::steady_clock::now() + time),
        rehearsal_(rehearsal) {}
  // Those of this path on this thread, or null.
  static JointChanges* Of(const ChangePath& path);
  db::Transaction& tx() { return tx_; }
  // Nothing of it stays, so nothing of it is put on record either.
  bool rehearsal() const { return rehearsal_; }
  // kTooLarge "too_long" once the time is over.
  Status CheckTime() const;
  void Add(Part part) { parts_.push_back(std::move(part)); }
  // One that could not be made.
  void Refuse(Part part, const Error& error);
  // The facts before all of them of what one weighs, where they are `now`: the first that were
  // known.
  const condition::Facts& Before(const Resource& resource, const condition::Facts& now);

 private:
  friend class JointWork;

  Status JudgeParts(bool again);

  struct Refused {
    Part part;
    Error error;
    std::size_t which = 0;
  };

  const ChangePath& path_;
  db::Transaction& tx_;
  const std::chrono::steady_clock::time_point deadline_;
  const bool rehearsal_;
  std::vector<Part> parts_;
  std::map<Resource, condition::Facts> before_;
  std::optional<Refused> refused_;
};

// What may be made together keeps whoever writes waiting, over SQLite.
inline constexpr std::chrono::milliseconds kMostTimeTogether{60'000};

// Makes all that `work` submits to the path, on the thread it is run on, one change. Each takes its
// own right, as the earlier ones leave it, and has its own record. What they govern is judged as
// all of them leave it: states in between may be what no rule allows. That is done when `work` asks
// for it, and at the end for what was not judged or if rules are others by then. What is weighed is
// weighed against the state before the first that weighs it.
//
// The first error, of `work` or of what it submitted, is returned, and `refused` set to which of
// the submitted it was, from 0; refusals are on record. `work` may run more than once
// (db/together.h), for `time` at most: then nothing more is submitted or judged, and all is undone.
// `database` is the path's. Inside of such work it is a part of that.
Status Together(ChangePath& path, db::Database& database,
                const std::function<Status(JointChanges&)>& work,
                std::optional<std::size_t>* refused = nullptr,
                std::chrono::milliseconds time = kMostTimeTogether);

// What Together would come to as things are: all is made and judged, and nothing of it stays, not
// even a refusal on record. Not inside of such work.
Status Rehearse(ChangePath& path, db::Database& database,
                const std::function<Status(JointChanges&)>& work,
                std::optional<std::size_t>* refused, std::chrono::milliseconds time);

}  // namespace breakwater::control
