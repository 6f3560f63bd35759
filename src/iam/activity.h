// When API keys, and service IDs by them, last proved who somebody is, and how often (ibm-registry
// 4.2, "Activity"); and the same of policies that gave a right (4.4, include_last_permit).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "db/database.h"

namespace breakwater::iam {

struct ActivityCounts {
  std::optional<Timestamp> last;  // absent: never since it is counted
  std::int64_t count = 0;
};

// Thread-safe. What is noted is kept in memory and written in one transaction now and then, so a
// proof costs no write; a crash loses what was noted since. What another process has noted is seen
// once it is written.
class Activity {
 public:
  static constexpr std::size_t kMostUnwritten = 10'000;  // subjects; of further ones only the time
                                                         // of a later proof is found

  Activity(db::Database& database, const Clock& clock) : database_(database), clock_(clock) {}
  ~Activity();
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;

  // `subject`: the id of an API key, of a service ID, or of a policy that gave a right.
  void Note(std::string_view subject) BW_EXCLUDES(mutex_);
  Result<ActivityCounts> Read(std::string_view subject) BW_EXCLUDES(mutex_);
  // In the order asked for.
  Result<std::vector<ActivityCounts>> Read(const std::vector<std::string>& subjects)
      BW_EXCLUDES(mutex_);
  // Forgets what was not active for kKept.
  Status Sweep();
  static constexpr std::chrono::hours kKept{24 * 400};

  Status Write() BW_EXCLUDES(mutex_);
  // Writes about every so often from a thread of its own, until the end, which writes once more.
  void Start(std::chrono::milliseconds every) BW_EXCLUDES(mutex_);
  void Stop() BW_EXCLUDES(mutex_);

 private:
  using Noted = std::map<std::string, ActivityCounts, std::less<>>;

  void Run(std::chrono::milliseconds every) BW_EXCLUDES(mutex_);

  db::Database& database_;
  const Clock& clock_;
  Mutex mutex_;
  ConditionVariable stopped_;
  bool stopping_ BW_GUARDED_BY(mutex_) = false;
  Noted noted_ BW_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace breakwater::iam
