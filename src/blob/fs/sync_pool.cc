#include "blob/fs/sync_pool.h"

namespace breakwater::blob {

SyncPool::SyncPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

SyncPool::~SyncPool() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    arrived_.notify_all();
  }
  for (auto& thread : threads_) thread.join();
}

void SyncPool::ForEach(std::size_t count, const std::function<void(std::size_t)>& work) {
  if (count == 1) return work(0);
  if (count == 0) return;
  Batch batch{.work = &work, .count = count, .finished = {}};
  const MutexLock lock(mutex_);
  batches_.push_back(&batch);
  arrived_.notify_all();
  while (batch.done < count) batch.finished.wait(mutex_);
}

void SyncPool::Loop() {
  mutex_.lock();
  for (;;) {
    while (batches_.empty() && !stopping_) arrived_.wait(mutex_);
    if (batches_.empty()) break;
    Batch& batch = *batches_.front();
    const std::size_t index = batch.next++;
    if (batch.next == batch.count) batches_.pop_front();
    mutex_.unlock();
    (*batch.work)(index);
    mutex_.lock();
    // Under the lock: the caller destroys the batch as soon as it sees the last one done.
    if (++batch.done == batch.count) batch.finished.notify_one();
  }
  mutex_.unlock();
}

}  // namespace breakwater::blob
