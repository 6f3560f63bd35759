#include "db/sqlite/reader_pool.h"

#include <utility>

#include "db/guard.h"

namespace breakwater::db::sqlite {

ReaderPool::ReaderPool(std::string path, ReaderOptions options)
    : path_(std::move(path)), options_(options) {}

Status ReaderPool::Run(const Database::Work& work) {
  BW_TRY(auto connection, Take());
  ConnectionTransaction tx(*connection);
  Status status = Ok();
  if (auto begun = connection->Execute("BEGIN"); !begun.ok()) {
    status = std::move(begun).error();
  } else {
    status = RunGuarded(work, tx);
    if (connection->InTransaction()) static_cast<void>(connection->Execute("ROLLBACK"));
  }
  // A connection that cannot end its transaction would keep its old snapshot for ever.
  if (connection->InTransaction()) connection.reset();
  GiveBack(std::move(connection));
  if (status.ok()) {
    for (const auto& action : tx.TakeActions()) action();
  }
  return status;
}

Result<std::unique_ptr<Connection>> ReaderPool::Take() {
  const auto deadline = std::chrono::steady_clock::now() + options_.wait;
  {
    const MutexLock lock(mutex_);
    while (idle_.empty() && open_ >= options_.most) {
      if (free_.wait_until(mutex_, deadline) == std::cv_status::timeout) {
        return Unavailable("too many requests read at once").Reason("database_busy");
      }
    }
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());  // the latest: its cache is the warmest
      idle_.pop_back();
      return connection;
    }
    ++open_;
  }
  auto opened = Connection::Open(path_, Connection::Access::kReadOnly, options_.connection);
  if (!opened.ok()) GiveBack(nullptr);
  return opened;
}

void ReaderPool::GiveBack(std::unique_ptr<Connection> connection) {
  const MutexLock lock(mutex_);
  if (connection == nullptr) {
    --open_;
  } else {
    idle_.push_back(std::move(connection));
  }
  free_.notify_one();
}

}  // namespace breakwater::db::sqlite
