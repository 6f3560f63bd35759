// A few threads for calls that wait for the disk: several fdatasync at once are one journal commit.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/sync.h"

namespace breakwater::blob {

// Thread-safe. Callers must be gone before it is destroyed.
class SyncPool {
 public:
  explicit SyncPool(int threads);
  ~SyncPool();
  SyncPool(const SyncPool&) = delete;
  SyncPool& operator=(const SyncPool&) = delete;

  // Calls `work` with 0, 1, … count - 1, several at a time, and returns when all have returned. A
  // single one runs on the calling thread. `work` must not throw, nor call ForEach.
  void ForEach(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  struct Batch {
    const std::function<void(std::size_t)>* work;
    std::size_t count;
    std::size_t next = 0;
    std::size_t done = 0;
    ConditionVariable finished;
  };

  void Loop();

  Mutex mutex_;
  ConditionVariable arrived_;
  std::deque<Batch*> batches_ BW_GUARDED_BY(mutex_);  // that have calls left to start
  bool stopping_ BW_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace breakwater::blob
