#include "db/testing.h"

#include "db/migrations.h"
#include "db/postgres/testing.h"
#include "db/sqlite/sqlite_database.h"

namespace breakwater::db::testing {
namespace {

Error Fault() {
  return Unavailable("the database does not answer")
      .Reason("database_unavailable")
      .Log("failure made by a test");
}

class Folder final : public TestDatabase::Home {
 public:
  const std::filesystem::path& path() const { return directory_.path(); }
  std::unique_ptr<Database> OpenAnother() override { return nullptr; }

 private:
  breakwater::testing::TempDir directory_;
};

}  // namespace

std::unique_ptr<TestDatabase> OpenSqliteTestDatabase() {
  auto home = std::make_unique<Folder>();
  auto database = OpenSqlite({.path = home->path() / "test.db", .durable = false});
  BW_CHECK(database.ok());
  if (const Status migrated = Migrate(**database); !migrated.ok()) {
    Fatal(__FILE__, __LINE__, (migrated.error().message() + " " + migrated.error().log()).c_str());
  }
  return std::make_unique<TestDatabase>(std::move(home), *std::move(database));
}

std::unique_ptr<TestDatabase> OpenTestDatabase() {
  const std::string server = PostgresServer();
  return server.empty() ? OpenSqliteTestDatabase() : OpenPostgresTestDatabase(server);
}

class FaultyDatabase::FaultyTransaction final : public Transaction {
 public:
  FaultyTransaction(FaultyDatabase& owner, Transaction& inner) : owner_(owner), inner_(inner) {}

  Result<std::int64_t> ExecuteWith(std::string_view sql, Params params) override {
    return Guard<Result<std::int64_t>>([&] { return inner_.ExecuteWith(sql, params); });
  }
  Status QueryWith(std::string_view sql, Params params, const RowCallback& row) override {
    return Guard<Status>([&] { return inner_.QueryWith(sql, params, row); });
  }
  Status ExecuteScript(std::string_view sql) override {
    return Guard<Status>([&] { return inner_.ExecuteScript(sql); });
  }
  void OnCommit(std::function<void()> action) override { inner_.OnCommit(std::move(action)); }

 private:
  template <class R, class Operation>
  R Guard(Operation operation) {
    if (!owner_.Count()) return operation();
    if (owner_.point_ == FaultPoint::kAfter) static_cast<void>(operation());
    return Fault();
  }

  FaultyDatabase& owner_;
  Transaction& inner_;
};

void FaultyDatabase::FailOperation(int n, FaultPoint point) {
  count_ = 0;
  fail_at_ = n;
  point_ = point;
  fired_ = false;
}

bool FaultyDatabase::Count() {
  if (++count_ != fail_at_) return false;
  fired_ = true;
  return true;
}

Status FaultyDatabase::DoRead(const Work& work) {
  return inner_.Read([&](Transaction& tx) {
    FaultyTransaction faulty(*this, tx);
    return work(faulty);
  });
}

Status FaultyDatabase::DoWrite(const Work& work, Isolation isolation) {
  bool fail_after_commit = false;
  BW_TRY_STATUS(inner_.Write(
      [&](Transaction& tx) -> Status {
        FaultyTransaction faulty(*this, tx);
        BW_TRY_STATUS(work(faulty));
        if (!Count()) return Ok();
        if (point_ == FaultPoint::kBefore) return Fault();
        fail_after_commit = true;
        return Ok();
      },
      isolation));
  if (fail_after_commit) return Fault();
  return Ok();
}

int ForEachFault(Database& inner, const std::function<void(FaultyDatabase&)>& attempt) {
  constexpr int kMost = 10'000;
  int failed = 0;
  for (const FaultPoint point : {FaultPoint::kBefore, FaultPoint::kAfter}) {
    for (int n = 1;; ++n) {
      BW_CHECK(n < kMost);
      FaultyDatabase faulty(inner);
      faulty.FailOperation(n, point);
      attempt(faulty);
      if (!faulty.fired()) break;
      ++failed;
    }
  }
  return failed;
}

}  // namespace breakwater::db::testing
