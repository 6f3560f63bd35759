#include "control/together.h"

#include <utility>

#include "base/check.h"
#include "base/slot_scope.h"
#include "control/hierarchy.h"
#include "db/together.h"

namespace breakwater::control {
namespace {

thread_local JointChanges* current = nullptr;

}  // namespace

// One run of what is made together, and what is to be done when it has ended.
class JointWork {
 public:
  JointWork(std::chrono::milliseconds time, bool rehearsal) : time_(time), rehearsal_(rehearsal) {}

  Status Run(const ChangePath& path, db::Transaction& tx,
             const std::function<Status(JointChanges&)>& work) {
    refused_.reset();
    parts_.clear();
    rehearsed_ = false;
    JointChanges joint(path, tx, time_, rehearsal_);
    BW_CHECK(current == nullptr);
    const SlotScope<JointChanges> scope(current, &joint);
    Status done = work(joint);
    // The work may have made nothing of it.
    if (done.ok() && joint.refused_) done = joint.refused_->error;
    if (done.ok()) done = joint.CheckTime();
    if (done.ok()) done = joint.JudgeParts(true);
    refused_ = std::move(joint.refused_);
    BW_TRY_STATUS(std::move(done));
    if (rehearsal_) {
      rehearsed_ = true;
      return Error(ErrorCode::kConflict, "it was a rehearsal");  // undoes all of it
    }
    parts_ = std::move(joint.parts_);
    for (const JointChanges::Part& part : parts_) BW_TRY_STATUS(part.keep());
    return Ok();
  }
  void Done() {
    for (const JointChanges::Part& part : parts_) part.done();
  }
  // Which it was that was refused, if one was.
  std::optional<std::size_t> Undone() {
    if (!refused_) return std::nullopt;
    if (!rehearsal_) refused_->part.refuse(refused_->error);
    return refused_->which;
  }
  // Whether all could be made, and was undone for no other reason than that.
  bool rehearsed() const { return rehearsed_; }

 private:
  const std::chrono::milliseconds time_;
  const bool rehearsal_;
  bool rehearsed_ = false;
  std::optional<JointChanges::Refused> refused_;
  std::vector<JointChanges::Part> parts_;
};

JointChanges* JointChanges::Of(const ChangePath& path) {
  return current != nullptr && &current->path_ == &path ? current : nullptr;
}

Status JointChanges::CheckTime() const {
  if (std::chrono::steady_clock::now() < deadline_) return Ok();
  return TooLarge("so many changes take too long to be made as one: make fewer of them at once")
      .Reason("too_long");
}

void JointChanges::Refuse(Part part, const Error& error) {
  if (!refused_) refused_.emplace(Refused{std::move(part), error, parts_.size()});
}

const condition::Facts& JointChanges::Before(const Resource& resource,
                                             const condition::Facts& now) {
  return before_.emplace(resource, now).first->second;
}

Status JointChanges::Judge() {
  return JudgeParts(false);
}

// What was judged already is judged `again` if the rules are others by now: these may refuse it.
Status JointChanges::JudgeParts(bool again) {
  BW_TRY(std::string rules, ScopesVersion(tx_));
  if (rules.empty()) rules = "none";
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    if (part.judged_by == rules || (!part.judged_by.empty() && !again)) continue;
    BW_TRY_STATUS(CheckTime());
    const Status allowed = part.judge();
    if (!allowed.ok()) {
      if (!refused_) refused_.emplace(Refused{part, allowed.error(), i});
      return allowed;
    }
    part.judged_by = rules;
  }
  return Ok();
}

Status Together(ChangePath& path, db::Database& database,
                const std::function<Status(JointChanges&)>& work,
                std::optional<std::size_t>* refused, std::chrono::milliseconds time) {
  if (JointChanges* outer = JointChanges::Of(path)) return work(*outer);
  JointWork joint(time, false);
  Status status = db::Together(
      database, [&](db::Transaction& tx) -> Status { return joint.Run(path, tx, work); });
  if (status.ok()) {
    joint.Done();
    return status;
  }
  const auto which = joint.Undone();
  if (refused != nullptr) *refused = which;
  return status;
}

Status Rehearse(ChangePath& path, db::Database& database,
                const std::function<Status(JointChanges&)>& work,
                std::optional<std::size_t>* refused, std::chrono::milliseconds time) {
  BW_CHECK(JointChanges::Of(path) == nullptr);
  JointWork joint(time, true);
  const Status status = db::Together(
      database, [&](db::Transaction& tx) -> Status { return joint.Run(path, tx, work); });
  *refused = joint.Undone();
  return joint.rehearsed() ? Ok() : status;
}

}  // namespace breakwater::control
