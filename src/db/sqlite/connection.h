// One SQLite connection: pragmas, prepared statements kept by their text, values in and out, and
// SQLite's result codes turned into errors. Internal to db/.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "db/database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace breakwater::db::sqlite {

struct ConnectionOptions {
  std::int64_t cache_bytes = 8 << 20;
  int busy_timeout_ms = 5000;
  // synchronous=FULL; without it a power cut may lose, but not tear, the last commits.
  bool durable = true;
};

// A prepared statement and, for each of its bind positions, the parameter $n that goes there.
struct Statement {
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle;
  std::vector<std::size_t> parameters;  // n, for bind positions 1, 2, …
  std::size_t parameter_count = 0;      // the greatest n
};

// Used by one thread at a time.
class Connection {
 public:
  enum class Access { kReadWrite, kReadOnly };

  // A read-write connection creates the file if it is absent, and turns it to WAL.
  static Result<std::unique_ptr<Connection>> Open(const std::string& path, Access access,
                                                  const ConnectionOptions& options);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<std::int64_t> Execute(std::string_view sql, Transaction::Params params = {});
  Status Query(std::string_view sql, Transaction::Params params,
               const Transaction::RowCallback& row);
  Status Script(std::string_view sql);

  bool InTransaction() const;
  // A foreign key declared DEFERRABLE is violated at present: COMMIT would fail.
  bool ViolatesDeferredKeys() const;
  sqlite3* handle() const { return handle_.get(); }
  std::size_t cached_statements() const { return entries_.size(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  struct Entry {
    std::string sql;
    Statement statement;
    bool busy = false;
  };
  class Use;

  explicit Connection(sqlite3* handle) : handle_(handle) {}
  Status Configure(Access access, const ConnectionOptions& options);
  Result<Statement> Prepare(std::string_view sql);
  // The statement for `sql`, bound, and given back when the Use ends.
  Result<Use> Begin(std::string_view sql, Transaction::Params params);
  void Evict();

  // The statements must be finalized before the handle is closed: keep this order.
  std::unique_ptr<sqlite3, Close> handle_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_sql_;
};

// The transaction that `work` sees, over a connection on which the caller began one.
class ConnectionTransaction final : public Transaction {
 public:
  explicit ConnectionTransaction(Connection& connection) : connection_(connection) {}

  Result<std::int64_t> ExecuteWith(std::string_view sql, Params params) override {
    return connection_.Execute(sql, params);
  }
  Status QueryWith(std::string_view sql, Params params, const RowCallback& row) override {
    return connection_.Query(sql, params, row);
  }
  Status ExecuteScript(std::string_view sql) override { return connection_.Script(sql); }
  void OnCommit(std::function<void()> action) override { actions_.push_back(std::move(action)); }

  std::vector<std::function<void()>> TakeActions() { return std::move(actions_); }

 private:
  Connection& connection_;
  std::vector<std::function<void()>> actions_;
};

}  // namespace breakwater::db::sqlite
