#include "blob/s3/buffer_budget.h"

#include <algorithm>

namespace breakwater::blob {

std::optional<BufferBudget::Lease> BufferBudget::TryTake(std::uint64_t bytes) {
  bytes = std::min(bytes, total_);
  const MutexLock lock(mutex_);
  if (!queue_.empty() || bytes > free_) return std::nullopt;
  free_ -= bytes;
  return Lease(this, bytes);
}

std::optional<BufferBudget::Lease> BufferBudget::Take(std::uint64_t bytes,
                                                      std::chrono::milliseconds wait) {
  bytes = std::min(bytes, total_);
  const auto deadline = std::chrono::steady_clock::now() + wait;
  const MutexLock lock(mutex_);
  queue_.push_back(&deadline);  // its address names this caller
  const auto ready = [&]() BW_REQUIRES(mutex_) {
    return queue_.front() == &deadline && bytes <= free_;
  };
  bool in_time = true;
  while (!ready() && in_time) {
    in_time = changed_.wait_until(mutex_, deadline) == std::cv_status::no_timeout;
  }
  const bool taken = ready();
  queue_.erase(std::find(queue_.begin(), queue_.end(), &deadline));
  changed_.notify_all();  // another is first now
  if (!taken) return std::nullopt;
  free_ -= bytes;
  return Lease(this, bytes);
}

bool BufferBudget::contended() const {
  const MutexLock lock(mutex_);
  return !queue_.empty();
}

void BufferBudget::GiveBack(std::uint64_t bytes) {
  const MutexLock lock(mutex_);
  free_ += bytes;
  changed_.notify_all();
}

}  // namespace breakwater::blob
