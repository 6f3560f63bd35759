// Prolongs the leases of the jobs that run in this process, from a thread of its own. Internal to
// jobs/.
#pragma once

#include <chrono>
#include <map>
#include <thread>

#include "base/sync.h"
#include "jobs/queue.h"

namespace breakwater::jobs {

// Thread-safe.
class Keeper {
 public:
  Keeper(Queue& queue, std::chrono::milliseconds every);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // Until the Hold ends, or ReleaseAll.
  class Hold {
   public:
    Hold(Keeper& keeper, const Claim& claim);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Keeper& keeper_;
    const std::int64_t id_;
  };
  // From now on no lease is prolonged, of these jobs or later ones.
  void ReleaseAll();

 private:
  void Loop();

  Queue& queue_;
  const std::chrono::milliseconds every_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::map<std::int64_t, Claim> claims_ BW_GUARDED_BY(mutex_);
  bool stopping_ BW_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace breakwater::jobs
