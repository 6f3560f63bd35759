// Databases for tests of any folder: one that is real and empty, and one that fails on demand.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/testing.h"
#include "db/database.h"

namespace breakwater::db::testing {

// A migrated database of its own, which goes with this. It does not wait for the disk.
class TestDatabase {
 public:
  // Where a database lives; destroying it deletes the database.
  class Home {
   public:
    virtual ~Home() = default;
    // Null where only one may be open.
    virtual std::unique_ptr<Database> OpenAnother() = 0;
  };

  TestDatabase(std::unique_ptr<Home> home, std::unique_ptr<Database> database)
      : home_(std::move(home)), database_(std::move(database)) {}
  Database& database() { return *database_; }
  // As another process would open the same database, to be closed before this is destroyed; null
  // for SQLite, which one process has to itself.
  std::unique_ptr<Database> OpenAnother() { return home_->OpenAnother(); }

 private:
  std::unique_ptr<Home> home_;
  std::unique_ptr<Database> database_;
};

// PostgreSQL if BREAKWATER_TEST_POSTGRES holds the address of a server and of a role that may
// create databases there; else SQLite. These end the process if it cannot be opened or migrated.
std::unique_ptr<TestDatabase> OpenTestDatabase();
std::unique_ptr<TestDatabase> OpenSqliteTestDatabase();

enum class FaultPoint {
  kBefore,  // the operation is not done
  kAfter,   // it is done, but reported as failed
};

// Passes everything on to another database, but the n-th operation fails with kUnavailable. Every
// Execute, Query and script counts as one operation, and so does the commit of every Write whose
// work succeeded. Thread-safe.
class FaultyDatabase final : public Database {
 public:
  explicit FaultyDatabase(Database& inner) : inner_(inner) {}

  // Counting starts anew. n counts from 1; 0 never fails.
  void FailOperation(int n, FaultPoint point);
  // Whether the operation to fail has come.
  bool fired() const { return fired_; }

  Dialect dialect() const override { return inner_.dialect(); }
  std::optional<std::uint64_t> epoch() const override { return inner_.epoch(); }

 protected:
  Status DoRead(const Work& work) override;
  Status DoWrite(const Work& work, Isolation isolation) override;

 private:
  class FaultyTransaction;

  // Whether this operation is the one to fail.
  bool Count();

  Database& inner_;
  std::atomic<int> count_{0};
  std::atomic<int> fail_at_{0};
  std::atomic<FaultPoint> point_{FaultPoint::kBefore};
  std::atomic<bool> fired_{false};
};

// Runs `attempt` over a database that fails at its first, second, … operation, before and after it,
// until an attempt met no failure. `attempt` sets up its own state in `inner`, and afterwards
// checks what must hold after a failure. The number of attempts that failed. Ends the process after
// 10 000.
int ForEachFault(Database& inner, const std::function<void(FaultyDatabase&)>& attempt);

}  // namespace breakwater::db::testing
