// One PostgreSQL connection and the transaction on it. Every exchange is one pipelined batch
// (libpq, "Pipeline Mode"), so BEGIN travels with the first statement. Internal to db/.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "db/database.h"
#include "db/postgres/errors.h"
#include "db/postgres/row.h"
#include "db/postgres/statements.h"

struct pg_conn;

namespace breakwater::db::postgres {

struct ConnectionOptions {
  Secret address;  // connection string or URI
  std::chrono::seconds connect_timeout{5};
  // The server's limit. An answer that is later by connect_timeout never comes: we hang up.
  std::chrono::milliseconds statement_timeout{30'000};
  std::chrono::milliseconds script_timeout{3'600'000};
  std::size_t max_prepared = 256;
};

enum class Mode {
  kRead,
  kWrite,
  kWriteStatements,  // Isolation::kStatement
};

// What tells a transaction's outcome to a later connection.
struct TransactionIdentity {
  std::string xid;          // of pg_current_xact_id(); empty: nothing was written
  std::string incarnation;  // what Connection::kIncarnation was when the connection was made
};

// Used by one thread at a time. After the first trouble in a transaction, its other statements fail
// without being sent.
class Connection {
 public:
  // An SQL expression: what changes whenever the server starts after a crash. Only then can it have
  // lost a transaction that was not flushed, and given its number to another one. (Statistics are
  // dropped then, and this moment is set anew.)
  static constexpr const char* kIncarnation =
      "(SELECT CAST(extract(epoch FROM stats_reset) AS TEXT) FROM pg_stat_bgwriter)";

  // kInvalid for a malformed address, a database that is not UTF-8 or a server that is too old;
  // else kUnavailable.
  static Result<std::unique_ptr<Connection>> Open(const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Whether the server has not hung up, as far as can be seen without asking it.
  bool IsAlive();
  // Whether another transaction may be tried on it.
  bool IsWorthKeeping() const;

  // Nothing is sent yet. `named`: prepare statements on the server.
  void Begin(Mode mode, bool named);
  Result<Answer> Ask(std::string_view sql, Transaction::Params params);
  // A number of statements; may take as long as script_timeout.
  Status Script(std::string_view sql);
  // kLost in trouble() afterwards: whether it was committed is not known.
  Status Commit();
  // Ends a transaction that is not to be committed, or that only read: sent, but not waited for.
  void Leave();

  Trouble trouble() const { return trouble_; }
  // Of the trouble that there is.
  const Error& error() const { return *error_; }
  // Of the trouble; empty if the server did not say.
  const std::string& sql_state() const { return sql_state_; }
  // Empty xid: so far nothing was written in this transaction.
  TransactionIdentity identity() const { return {xid_, incarnation_}; }
  std::size_t prepared_statements() const { return statements_.size(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Finish {
    void operator()(pg_conn* handle) const;
  };
  // What an answer that is still to come belongs to. Nobody cares for that of a kDiscarded.
  enum class Step { kDiscarded, kBegin, kPlain, kPrepare, kAnswer, kTransactionId, kSync };

  Connection(pg_conn* handle, const ConnectionOptions& options);
  Status Greet();
  void RunScript(std::string_view sql);

  // Into the batch. A failure shows in Receive.
  void SendPlain(const char* sql, Step step);
  void SendBegin();
  void SendStatement(std::string_view sql, const Values& values);
  void SendSync();

  // Reads everything that is to come; what the kAnswer step was answered goes to answer_.
  Status Receive(std::string_view sql);
  void ReceiveStep(std::string_view sql, Clock::time_point deadline);
  void Take(Step step, Answer answer, std::string_view sql);
  // The next result when it is there; null at the end of a step's, and of a lost connection.
  Answer Next(Clock::time_point deadline);
  void AwaitAnswer(Clock::time_point deadline);
  bool Poll(bool write, Clock::time_point deadline);

  void Fail(const pg_result* answer, std::string_view sql);
  void Lose(std::string log);
  Error AfterTrouble(std::string_view sql) const;

  const ConnectionOptions options_;
  std::unique_ptr<pg_conn, Finish> handle_;
  StatementCache statements_;
  std::string incarnation_;
  const std::string set_timeout_;

  // Of the transaction.
  Mode mode_ = Mode::kRead;
  bool named_ = false;
  bool begun_ = false;  // the server knows of it
  std::string xid_;
  Trouble trouble_ = Trouble::kNone;
  std::string sql_state_;
  std::optional<Error> error_;

  std::deque<Step> expected_;
  PreparedStatement* preparing_ = nullptr;
  Answer answer_;
};

}  // namespace breakwater::db::postgres
