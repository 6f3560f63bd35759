// Threads for what may wait: grown on demand, bounded, and gone again when there is nothing to do.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <optional>

#include <pthread.h>

#include "base/sync.h"

namespace breakwater::net {

struct WorkerOptions {
  std::size_t most = 1024;  // threads
  // Of them, those that bulk may hold at the same time, so that slow peers leave some for others.
  std::size_t most_bulk = 768;
  std::size_t stack_bytes = 512 * 1024;  // of each
};

// Thread-safe.
class WorkerPool {
 public:
  enum class Kind {
    kShort,  // waits for a database or a disk at most
    kBulk,   // waits for a peer, who may be slow
  };
  // What a task knows of the thread that runs it.
  class Seat {
   public:
    // Makes bulk of a task that was short; false if there are as many as may be.
    bool TurnToBulk();

   private:
    friend class WorkerPool;
    Seat(WorkerPool& pool, Kind kind) : pool_(pool), kind_(kind) {}
    WorkerPool& pool_;
    Kind kind_;
  };
  using Task = std::function<void(Seat&)>;

  explicit WorkerPool(WorkerOptions options);
  // Runs what was submitted, then waits for all threads.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Tasks of a kind begin in order. A task must not throw.
  void Submit(Kind kind, Task task);

 private:
  struct Thread {
    WorkerPool* pool = nullptr;
    pthread_t handle{};
    std::list<Thread>::iterator self;
  };
  struct Job {
    Kind kind;
    Task task;
  };

  static void* Run(void* thread);
  // Nothing when the thread is to end.
  std::optional<Job> NextJob(Thread& thread);
  void Finish(Kind kind);
  // A task may run now.
  bool HasWork() const BW_REQUIRES(mutex_);
  bool Grow() BW_REQUIRES(mutex_);
  void Reap() BW_REQUIRES(mutex_);

  const WorkerOptions options_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<Task> short_ BW_GUARDED_BY(mutex_);
  std::deque<Task> bulk_ BW_GUARDED_BY(mutex_);
  std::size_t running_bulk_ BW_GUARDED_BY(mutex_) = 0;
  std::size_t idle_ BW_GUARDED_BY(mutex_) = 0;
  bool stopping_ BW_GUARDED_BY(mutex_) = false;
  std::list<Thread> threads_ BW_GUARDED_BY(mutex_);
  std::list<Thread> ended_ BW_GUARDED_BY(mutex_);  // have nothing left to do but to return
};

}  // namespace breakwater::net
