// Tells posture that API keys are in use again: goals ask for how long they were not.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "db/database.h"
#include "jobs/jobs.h"

namespace breakwater::iam {

// Thread-safe. What Activity wrote down is looked at; a key that is used all day is told of once a
// day, and once more after a restart.
class KeyUse {
 public:
  KeyUse(db::Database& database, jobs::Jobs& jobs, const Clock& clock)
      : database_(database), jobs_(jobs), clock_(clock) {}

  // kFactsChanged of each key that was used since the last time, if it is the day's first use.
  Status Tell() BW_EXCLUDES(mutex_);

 private:
  db::Database& database_;
  jobs::Jobs& jobs_;
  const Clock& clock_;
  Mutex mutex_;
  // Uses before it were told, those of a while around it perhaps.
  Timestamp looked_ BW_GUARDED_BY(mutex_){};
  std::map<std::string, std::chrono::sys_days> told_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::iam
