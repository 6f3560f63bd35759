#include "db/postgres/pool.h"

#include <utility>

namespace breakwater::db::postgres {
namespace {

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Pool::Pool(PoolOptions options) : options_(std::move(options)) {}

Result<std::unique_ptr<Connection>> Pool::Take() {
  const auto deadline = std::chrono::steady_clock::now() + options_.wait;
  for (;;) {
    std::unique_ptr<Connection> connection;
    {
      const MutexLock lock(mutex_);
      while (idle_.empty() && open_ >= options_.most) {
        if (free_.wait_until(mutex_, deadline) == std::cv_status::timeout) {
          return Unavailable("all connections to the database are in use")
              .Reason("database_unavailable");
        }
      }
      if (idle_.empty()) {
        ++open_;
        break;
      }
      connection = std::move(idle_.back());  // the latest: the others may grow old
      idle_.pop_back();
    }
    if (connection->IsAlive()) return connection;
    connection.reset();
    GiveBack(nullptr);
  }
  auto opened = Open();
  if (!opened.ok()) GiveBack(nullptr);
  return opened;
}

Result<std::unique_ptr<Connection>> Pool::Open() {
  auto opened = Connection::Open(options_.connection);
  if (opened.ok()) {
    down_since_ = 0;
  } else {
    std::int64_t up = 0;
    down_since_.compare_exchange_strong(up, NowMs());
  }
  return opened;
}

void Pool::GiveBack(std::unique_ptr<Connection> connection) {
  if (connection != nullptr && !connection->IsWorthKeeping()) connection.reset();
  const MutexLock lock(mutex_);
  if (connection == nullptr) {
    --open_;
  } else {
    idle_.push_back(std::move(connection));
  }
  free_.notify_one();
}

std::optional<std::chrono::milliseconds> Pool::Outage() const {
  const std::int64_t since = down_since_;
  if (since == 0) return std::nullopt;
  return std::chrono::milliseconds(NowMs() - since);
}

}  // namespace breakwater::db::postgres
