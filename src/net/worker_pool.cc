#include "net/worker_pool.h"

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "net/signals.h"
#include "observe/log.h"

namespace breakwater::net {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kStackFactor = 4;  // instrumented frames are larger
#else
constexpr std::size_t kStackFactor = 1;
#endif

// How long a thread waits for work before it ends.
constexpr std::chrono::seconds kIdle{10};

}  // namespace

WorkerPool::WorkerPool(WorkerOptions options) : options_(options) {
  BW_CHECK(options.most >= 1 && options.most_bulk >= 1 && options.most_bulk <= options.most);
  BW_CHECK(options.stack_bytes >= static_cast<std::size_t>(PTHREAD_STACK_MIN));
}

WorkerPool::~WorkerPool() {
  const MutexLock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
  while (!threads_.empty()) changed_.wait(mutex_);
  Reap();
}

void WorkerPool::Submit(Kind kind, Task task) {
  const MutexLock lock(mutex_);
  BW_CHECK(!stopping_);
  (kind == Kind::kShort ? short_ : bulk_).push_back(std::move(task));
  Reap();
  const std::size_t startable =
      short_.size() + std::min(bulk_.size(), options_.most_bulk - running_bulk_);
  // Without any thread nothing would ever run: then this is the place to fail loudly.
  if (startable > idle_ && threads_.size() < options_.most && !Grow()) {
    BW_CHECK(!threads_.empty());
  }
  changed_.notify_one();
}

bool WorkerPool::HasWork() const {
  return !short_.empty() || (!bulk_.empty() && running_bulk_ < options_.most_bulk);
}

bool WorkerPool::Grow() {
  Thread& thread = threads_.emplace_back();
  thread.pool = this;
  thread.self = std::prev(threads_.end());
  const BlockSignals blocked;  // the new thread inherits the mask
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, options_.stack_bytes * kStackFactor);
  const int failed = pthread_create(&thread.handle, &attributes, &WorkerPool::Run, &thread);
  pthread_attr_destroy(&attributes);
  if (failed == 0) return true;
  observe::Log(observe::Level::kWarning, "cannot start a thread for requests",
               {{"error", std::strerror(failed)}});
  threads_.pop_back();
  return false;
}

void* WorkerPool::Run(void* thread) {
  Thread& self = *static_cast<Thread*>(thread);
  WorkerPool& pool = *self.pool;
  while (auto job = pool.NextJob(self)) {
    Seat seat(pool, job->kind);
    job->task(seat);
    pool.Finish(seat.kind_);
  }
  return nullptr;
}

std::optional<WorkerPool::Job> WorkerPool::NextJob(Thread& thread) {
  const MutexLock lock(mutex_);
  ++idle_;
  const auto end = std::chrono::steady_clock::now() + kIdle;
  while (!HasWork() && !stopping_ && changed_.wait_until(mutex_, end) != std::cv_status::timeout) {
  }
  --idle_;
  if (!HasWork()) {
    ended_.splice(ended_.end(), threads_, thread.self);
    changed_.notify_all();
    return std::nullopt;
  }
  const Kind kind = short_.empty() ? Kind::kBulk : Kind::kShort;
  auto& queue = kind == Kind::kShort ? short_ : bulk_;
  Job job{kind, std::move(queue.front())};
  queue.pop_front();
  if (kind == Kind::kBulk) ++running_bulk_;
  return job;
}

bool WorkerPool::Seat::TurnToBulk() {
  if (kind_ == Kind::kBulk) return true;
  const MutexLock lock(pool_.mutex_);
  if (pool_.running_bulk_ == pool_.options_.most_bulk) return false;
  ++pool_.running_bulk_;
  kind_ = Kind::kBulk;
  return true;
}

void WorkerPool::Finish(Kind kind) {
  const MutexLock lock(mutex_);
  if (kind == Kind::kBulk) --running_bulk_;
}

void WorkerPool::Reap() {
  for (const Thread& thread : ended_) pthread_join(thread.handle, nullptr);
  ended_.clear();
}

}  // namespace breakwater::net
