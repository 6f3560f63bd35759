// A few threads for calls that wait for a disk or another machine: several at once take little
// longer than one. (Several fdatasync at once are one journal commit.)
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/sync.h"

namespace breakwater::blob {

// Thread-safe. Callers must be gone before it is destroyed.
class TaskPool {
 public:
  // Calls of `work` with 0, 1, … count - 1. Lives where its owner put it; belongs to the pool from
  // Start until Finish or Cancel has returned. `work` must not throw.
  class Batch {
   public:
    Batch() = default;
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

   private:
    friend class TaskPool;
    std::function<void(std::size_t)> work_;
    std::size_t count_ = 0;
    std::size_t next_ = 0;
    std::size_t done_ = 0;
    ConditionVariable finished_;
  };

  explicit TaskPool(int threads);
  ~TaskPool();
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  void Start(Batch& batch, std::size_t count, std::function<void(std::size_t)> work);
  // Returns when all calls have returned. Those that no thread has begun run on the calling one, so
  // that `work` may use the pool too, and every wait ends.
  void Finish(Batch& batch);
  // The same, but calls that no thread has begun are left out.
  void Cancel(Batch& batch);
  bool IsDone(const Batch& batch);
  // Start and Finish.
  void ForEach(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  void Loop();
  void RunOne(Batch& batch) BW_REQUIRES(mutex_);
  void Forget(Batch& batch) BW_REQUIRES(mutex_);

  Mutex mutex_;
  ConditionVariable arrived_;
  std::deque<Batch*> batches_ BW_GUARDED_BY(mutex_);  // that have calls left to begin
  bool stopping_ BW_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace breakwater::blob
