// What the audit trail learns of restrictions at work: the reference system's event
// context-based-restrictions.policy.eval (ibm-registry 3.13).
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "audit/log.h"
#include "base/sync.h"
#include "control/caller.h"
#include "iam/restrictions.h"

namespace breakwater::iam {

// Thread-safe. Who is refused may try again at once, and a pull makes a dozen requests: one record
// tells of all that one identity does from one address against one rule within a minute, and there
// are at most kPerMinute of them.
class RestrictionEvents {
 public:
  static constexpr std::size_t kPerMinute = 1000;

  RestrictionEvents(const audit::Log& log, const Clock& clock) : log_(log), clock_(clock) {}

  // That `rule` refused, or (where it only reports) would have.
  void Record(const control::Caller& caller, std::string_view action,
              const control::Resource& resource, const Restriction& rule) BW_EXCLUDES(mutex_);

 private:
  bool IsNew(const std::string& key) BW_EXCLUDES(mutex_);
  void Forget(const std::string& key) BW_EXCLUDES(mutex_);

  const audit::Log& log_;
  const Clock& clock_;
  Mutex mutex_;
  Timestamp minute_ BW_GUARDED_BY(mutex_);  // when `recorded_` began
  std::unordered_set<std::string> recorded_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::iam
