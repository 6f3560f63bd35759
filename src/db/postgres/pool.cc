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

Pool::Pool(PoolOptions options)
    : options_(std::move(options)), slots_(options_.most, options_.wait) {}

Result<std::unique_ptr<Connection>> Pool::Take() {
  auto slot = slots_.Take();
  if (!slot) {
    return Unavailable("all connections to the database are in use").Reason("database_unavailable");
  }
  if (*slot != nullptr && (*slot)->IsAlive()) return *std::move(slot);
  slot->reset();  // before the server is asked for another
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
  slots_.GiveBack(std::move(connection));
}

std::optional<std::chrono::milliseconds> Pool::Outage() const {
  const std::int64_t since = down_since_;
  if (since == 0) return std::nullopt;
  return std::chrono::milliseconds(NowMs() - since);
}

}  // namespace breakwater::db::postgres
