#include "db/sqlite/reader_pool.h"

#include <utility>

#include "db/guard.h"

namespace breakwater::db::sqlite {

ReaderPool::ReaderPool(std::string path, ReaderOptions options)
    : path_(std::move(path)), options_(options), slots_(options.most, options.wait) {}

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
  slots_.GiveBack(std::move(connection));
  if (status.ok()) {
    for (const auto& action : tx.TakeActions()) action();
  }
  return status;
}

Result<std::unique_ptr<Connection>> ReaderPool::Take() {
  auto slot = slots_.Take();
  if (!slot) return Unavailable("too many requests read at once").Reason("database_busy");
  if (*slot != nullptr) return *std::move(slot);
  auto opened = Connection::Open(path_, Connection::Access::kReadOnly, options_.connection);
  if (!opened.ok()) slots_.GiveBack(nullptr);
  return opened;
}

}  // namespace breakwater::db::sqlite
