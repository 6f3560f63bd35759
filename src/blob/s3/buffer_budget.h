// Bounds the memory that all uploads together hold as buffers.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "base/result.h"
#include "base/sync.h"

namespace breakwater::blob {

// Thread-safe. Must outlive its leases.
class BufferBudget {
 public:
  // Bytes that may be allocated for as long as this lives.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Lease& operator=(Lease&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Lease() {
      if (budget_ != nullptr) budget_->GiveBack(bytes_);
    }

   private:
    friend class BufferBudget;
    Lease(BufferBudget* budget, std::uint64_t bytes) : budget_(budget), bytes_(bytes) {}
    BufferBudget* budget_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

  explicit BufferBudget(std::uint64_t bytes) : total_(bytes), free_(bytes) {}

  // At once, and only if nobody waits. Here and below, more than the whole is the whole.
  std::optional<Lease> TryTake(std::uint64_t bytes);
  // In turn, or nothing after `wait`.
  std::optional<Lease> Take(std::uint64_t bytes, std::chrono::milliseconds wait);
  // Whether somebody waits: whoever can do without a buffer for a while should give it back.
  bool contended() const;

 private:
  void GiveBack(std::uint64_t bytes);

  const std::uint64_t total_;
  mutable Mutex mutex_;
  ConditionVariable changed_;
  std::uint64_t free_ BW_GUARDED_BY(mutex_);
  // Who waits, in order: small wishes must not starve a large one.
  std::deque<const void*> queue_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::blob
