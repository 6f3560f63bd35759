// Read-only connections, each used by one thread at a time. Internal to db/.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "db/connection_slots.h"
#include "db/database.h"
#include "db/sqlite/connection.h"

namespace breakwater::db::sqlite {

struct ReaderOptions {
  std::size_t most = 8;                  // connections, opened as they are needed
  std::chrono::milliseconds wait{5000};  // for a free one, then kUnavailable
  ConnectionOptions connection;
};

// Thread-safe. Callers must be gone before it is destroyed.
class ReaderPool {
 public:
  ReaderPool(std::string path, ReaderOptions options);

  // Database::Read.
  Status Run(const Database::Work& work);

 private:
  Result<std::unique_ptr<Connection>> Take();

  const std::string path_;
  const ReaderOptions options_;
  ConnectionSlots<Connection> slots_;
};

}  // namespace breakwater::db::sqlite
