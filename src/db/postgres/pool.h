// Connections, each used by one thread at a time. Internal to db/.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "db/connection_slots.h"
#include "db/postgres/connection.h"

namespace breakwater::db::postgres {

struct PoolOptions {
  std::size_t most = 16;                 // connections, opened as they are needed
  std::chrono::milliseconds wait{5000};  // for a free one, then kUnavailable
  ConnectionOptions connection;
};

// Thread-safe. Callers must be gone before it is destroyed.
class Pool {
 public:
  explicit Pool(PoolOptions options);

  // One that the server has not hung up on, as far as can be seen.
  Result<std::unique_ptr<Connection>> Take();
  // It is kept if it is worth it; null stands for one that was not.
  void GiveBack(std::unique_ptr<Connection> connection);

  // For how long no connection could be made; nothing if the last attempt succeeded.
  std::optional<std::chrono::milliseconds> Outage() const;

 private:
  Result<std::unique_ptr<Connection>> Open();

  const PoolOptions options_;
  std::atomic<std::int64_t> down_since_{0};  // milliseconds of the steady clock; 0: it is not
  ConnectionSlots<Connection> slots_;
};

}  // namespace breakwater::db::postgres
