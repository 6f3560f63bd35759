// Connections that threads take turns with. Internal to db/.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/sync.h"

namespace breakwater::db {

// Counts connections; making them is the owner's. Thread-safe. Callers must be gone before it is
// destroyed.
template <typename Connection>
class ConnectionSlots {
 public:
  // `most` connections are out or idle at once; who finds all of them out waits for one.
  ConnectionSlots(std::size_t most, std::chrono::milliseconds wait) : most_(most), wait_(wait) {}

  // The connection that was last given back: its caches are the warmest, and the others may grow
  // old. Null if none is idle: the slot is the caller's to fill. Nothing once the wait is over.
  // Every slot is given back.
  std::optional<std::unique_ptr<Connection>> Take() {
    const auto deadline = std::chrono::steady_clock::now() + wait_;
    const MutexLock lock(mutex_);
    while (idle_.empty() && used_ >= most_) {
      if (free_.wait_until(mutex_, deadline) == std::cv_status::timeout) return std::nullopt;
    }
    if (idle_.empty()) {
      ++used_;
      return nullptr;
    }
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }

  // Null if there is none, or none that is to be used again.
  void GiveBack(std::unique_ptr<Connection> connection) {
    const MutexLock lock(mutex_);
    if (connection == nullptr) {
      --used_;
    } else {
      idle_.push_back(std::move(connection));
    }
    free_.notify_one();
  }

 private:
  const std::size_t most_;
  const std::chrono::milliseconds wait_;
  Mutex mutex_;
  ConditionVariable free_;
  std::vector<std::unique_ptr<Connection>> idle_ BW_GUARDED_BY(mutex_);
  std::size_t used_ BW_GUARDED_BY(mutex_) = 0;  // idle or out
};

}  // namespace breakwater::db
