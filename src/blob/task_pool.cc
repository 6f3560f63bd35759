#include "blob/task_pool.h"

#include <algorithm>

namespace breakwater::blob {

TaskPool::TaskPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

TaskPool::~TaskPool() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    arrived_.notify_all();
  }
  for (auto& thread : threads_) thread.join();
}

void TaskPool::Start(Batch& batch, std::size_t count, std::function<void(std::size_t)> work) {
  const MutexLock lock(mutex_);
  batch.work_ = std::move(work);
  batch.count_ = count;
  batch.next_ = 0;
  batch.done_ = 0;
  if (count == 0) return;
  batches_.push_back(&batch);
  if (count == 1) {
    arrived_.notify_one();
  } else {
    arrived_.notify_all();
  }
}

void TaskPool::Finish(Batch& batch) {
  const MutexLock lock(mutex_);
  while (batch.next_ < batch.count_) RunOne(batch);
  while (batch.done_ < batch.count_) batch.finished_.wait(mutex_);
}

void TaskPool::Cancel(Batch& batch) {
  const MutexLock lock(mutex_);
  if (batch.next_ < batch.count_) Forget(batch);
  batch.count_ = batch.next_;
  while (batch.done_ < batch.count_) batch.finished_.wait(mutex_);
}

bool TaskPool::IsDone(const Batch& batch) {
  const MutexLock lock(mutex_);
  return batch.done_ == batch.count_;
}

void TaskPool::ForEach(std::size_t count, const std::function<void(std::size_t)>& work) {
  if (count == 1) return work(0);
  Batch batch;
  Start(batch, count, [&work](std::size_t index) { work(index); });
  Finish(batch);
}

void TaskPool::Forget(Batch& batch) {
  batches_.erase(std::find(batches_.begin(), batches_.end(), &batch));
}

void TaskPool::RunOne(Batch& batch) {
  const std::size_t index = batch.next_++;
  if (batch.next_ == batch.count_) Forget(batch);
  mutex_.unlock();
  batch.work_(index);
  mutex_.lock();
  // Under the lock: the owner may destroy the batch as soon as it sees the last one done.
  if (++batch.done_ == batch.count_) batch.finished_.notify_all();
}

void TaskPool::Loop() {
  mutex_.lock();
  for (;;) {
    while (batches_.empty() && !stopping_) arrived_.wait(mutex_);
    if (batches_.empty()) break;
    RunOne(*batches_.front());
  }
  mutex_.unlock();
}

}  // namespace breakwater::blob
