#include "db/postgres/postgres_database.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include <libpq-fe.h>

#include "base/slot_scope.h"
#include "base/strings.h"
#include "db/guard.h"
#include "db/postgres/connection.h"
#include "db/postgres/pool.h"
#include "db/together.h"

namespace breakwater::db {
namespace {

using postgres::Answer;
using postgres::AnswerRow;
using postgres::Connection;
using postgres::Mode;
using postgres::Pool;
using postgres::TransactionIdentity;
using postgres::Trouble;
using std::chrono::milliseconds;

using Actions = std::vector<std::function<void()>>;

class PostgresTransaction final : public Transaction {
 public:
  explicit PostgresTransaction(Connection& connection) : connection_(connection) {}

  Result<std::int64_t> ExecuteWith(std::string_view sql, Params params) override {
    BW_TRY(const Answer answer, connection_.Ask(sql, params));
    const std::string_view changed = PQcmdTuples(answer.get());
    return changed.empty() ? std::int64_t{0} : ParseInt(changed);
  }
  Status QueryWith(std::string_view sql, Params params, const RowCallback& row) override {
    BW_TRY(const Answer answer, connection_.Ask(sql, params));
    const int rows = PQntuples(answer.get());
    for (int i = 0; i < rows; ++i) BW_TRY_STATUS(row(AnswerRow(answer.get(), i)));
    return Ok();
  }
  Status ExecuteScript(std::string_view sql) override { return connection_.Script(sql); }
  void OnCommit(std::function<void()> action) override { actions_.push_back(std::move(action)); }

  Actions TakeActions() { return std::move(actions_); }

 private:
  Connection& connection_;
  Actions actions_;
};

// Attempts at one work, with growing pauses between them.
class Attempts {
 public:
  Attempts(milliseconds time, int most)
      : deadline_(std::chrono::steady_clock::now() + time), most_(most) {}

  // Waits for the next one; false if there shall be none. A few are made however long they take, if
  // they are `patient`.
  bool Again(bool patient = false) {
    const bool late = std::chrono::steady_clock::now() >= deadline_;
    ++made_;
    if (made_ >= most_ || (late && !(patient && made_ < kPatient))) return false;
    // Jitter, lest those that met meet again.
    thread_local std::minstd_rand random{std::random_device{}()};
    std::this_thread::sleep_for(pause_ * std::uniform_real_distribution<>(0.5, 1.5)(random));
    pause_ = std::min(pause_ * 2, kLongest);
    return true;
  }

 private:
  using Pause = std::chrono::duration<double, std::milli>;
  static constexpr Pause kLongest{200};
  static constexpr int kPatient = 5;

  const std::chrono::steady_clock::time_point deadline_;
  const int most_;
  int made_ = 0;
  Pause pause_{2};
};

Error Unknown(const Error& cause) {
  return Unavailable("the database does not answer; whether the change was stored is unknown")
      .Reason("database_unavailable")
      .Log(cause.log());
}

class PostgresDatabase final : public Database {
 public:
  explicit PostgresDatabase(const PostgresOptions& options);

  Status Connect();

  Dialect dialect() const override { return Dialect::kPostgres; }

 protected:
  Status DoRead(const Work& work) override {
    if (Transaction* tx = Joined()) return work(*tx);
    return Run(Mode::kRead, work);
  }
  Status DoWrite(const Work& work, Isolation isolation) override;

 private:
  // Whether another attempt may cure it. A conflict tells nothing against the next one, even if the
  // work is long; a server that is slow or gone does.
  enum class Again { kNo, kInTime, kPatiently };
  struct Outcome {
    Status status;
    Again again = Again::kNo;
  };
  enum class Fate { kCommitted, kAborted, kUnderWay, kUnknown };

  Status Run(Mode mode, const Work& work);
  Outcome Attempt(Mode mode, const Work& work, Attempts& attempts);
  // Commits what worked, ends what did not, and gives the connection back.
  Outcome Conclude(std::unique_ptr<Connection> connection, Mode mode, Status worked,
                   Attempts& attempts);
  Outcome OnTrouble(const Connection& connection, Status worked);
  Outcome AfterLostCommit(const TransactionIdentity& lost, const Error& cause, Attempts& attempts);
  // Of a transaction whose COMMIT was not answered.
  Fate FindFate(const TransactionIdentity& lost, Attempts& attempts);
  Fate AskFate(const TransactionIdentity& lost);

  const PostgresOptions options_;
  Pool pool_;
  std::atomic<bool> named_;
};

// The database, if any, whose writing work this thread runs.
thread_local const Database* writing = nullptr;

PostgresDatabase::PostgresDatabase(const PostgresOptions& options)
    : options_(options),
      pool_({.most = static_cast<std::size_t>(options.connections),
             .wait = options.acquire_timeout,
             .connection = {.address = options.address,
                            .connect_timeout = options.connect_timeout,
                            .statement_timeout = options.statement_timeout}}),
      named_(options.prepared_statements != PreparedStatements::kOff) {}

Status PostgresDatabase::Connect() {
  BW_TRY(auto connection, pool_.Take());
  pool_.GiveBack(std::move(connection));
  return Ok();
}

Status PostgresDatabase::DoWrite(const Work& work, Isolation isolation) {
  if (Joined() != nullptr) return WriteJoined(work);
  BW_CHECK(writing != this);
  const SlotScope<const Database> mark(writing, this);
  return Run(isolation == Isolation::kStatement ? Mode::kWriteStatements : Mode::kWrite, work);
}

// The one place where work is run again.
Status PostgresDatabase::Run(Mode mode, const Work& work) {
  Attempts attempts(options_.retry_time, options_.max_attempts);
  for (;;) {
    Outcome outcome = Attempt(mode, work, attempts);
    if (outcome.again == Again::kNo || !attempts.Again(outcome.again == Again::kPatiently)) {
      return std::move(outcome.status);
    }
  }
}

PostgresDatabase::Outcome PostgresDatabase::Attempt(Mode mode, const Work& work,
                                                    Attempts& attempts) {
  auto taken = pool_.Take();
  if (!taken.ok()) {
    // Of an outage the first moments are waited for; later, callers are better told at once.
    const auto outage = pool_.Outage();
    const bool waits = outage && *outage < options_.retry_time;
    return {std::move(taken).error(), waits ? Again::kInTime : Again::kNo};
  }
  std::unique_ptr<Connection> connection = *std::move(taken);
  connection->Begin(mode, named_);
  PostgresTransaction tx(*connection);
  Status worked = RunGuarded(work, tx);
  Outcome outcome = Conclude(std::move(connection), mode, std::move(worked), attempts);
  if (outcome.status.ok()) {
    for (const auto& action : tx.TakeActions()) action();
  }
  return outcome;
}

PostgresDatabase::Outcome PostgresDatabase::Conclude(std::unique_ptr<Connection> connection,
                                                     Mode mode, Status worked, Attempts& attempts) {
  // A trouble counts whatever the work made of it.
  Outcome outcome = connection->trouble() == Trouble::kNone
                        ? Outcome{std::move(worked)}
                        : OnTrouble(*connection, std::move(worked));
  std::optional<TransactionIdentity> unanswered;
  if (outcome.status.ok() && mode != Mode::kRead) {
    outcome.status = connection->Commit();
    if (!outcome.status.ok() && connection->trouble() == Trouble::kLost) {
      unanswered = connection->identity();
    } else if (!outcome.status.ok()) {
      outcome = OnTrouble(*connection, std::move(outcome.status));
    }
  }
  connection->Leave();
  // Its place in the pool may be needed to ask.
  pool_.GiveBack(std::move(connection));
  if (unanswered) return AfterLostCommit(*unanswered, outcome.status.error(), attempts);
  return outcome;
}

PostgresDatabase::Outcome PostgresDatabase::OnTrouble(const Connection& connection, Status worked) {
  switch (connection.trouble()) {
    case Trouble::kNone: return {std::move(worked)};
    case Trouble::kFailed:
      if (!worked.ok()) return {std::move(worked)};
      return {Internal("work succeeded after a failed statement: " + connection.error().log())};
    case Trouble::kConflict: return {connection.error(), Again::kPatiently};
    case Trouble::kLost: return {connection.error(), Again::kInTime};
    case Trouble::kStaleNames:
      if (options_.prepared_statements == PreparedStatements::kOn) return {connection.error()};
      named_ = false;
      return {connection.error(), Again::kPatiently};
  }
  BW_UNREACHABLE();
}

PostgresDatabase::Outcome PostgresDatabase::AfterLostCommit(const TransactionIdentity& lost,
                                                            const Error& cause,
                                                            Attempts& attempts) {
  switch (FindFate(lost, attempts)) {
    case Fate::kCommitted: return {Ok()};
    case Fate::kAborted: return {cause, Again::kInTime};
    case Fate::kUnderWay:
    case Fate::kUnknown: return {Unknown(cause)};
  }
  BW_UNREACHABLE();
}

PostgresDatabase::Fate PostgresDatabase::FindFate(const TransactionIdentity& lost,
                                                  Attempts& attempts) {
  if (lost.xid.empty()) return Fate::kAborted;  // nothing was written
  for (;;) {
    const Fate fate = AskFate(lost);
    if (fate != Fate::kUnderWay || !attempts.Again()) return fate;
  }
}

// kUnderWay also while the server cannot be asked.
PostgresDatabase::Fate PostgresDatabase::AskFate(const TransactionIdentity& lost) {
  auto taken = pool_.Take();
  if (!taken.ok()) return Fate::kUnderWay;
  std::unique_ptr<Connection> connection = *std::move(taken);
  connection->Begin(Mode::kRead, /*named=*/false);
  const Param xid(lost.xid);
  const auto answer = connection->Ask(
      std::string("SELECT pg_xact_status(CAST($1 AS xid8)), ") + Connection::kIncarnation,
      {&xid, 1});
  Fate fate = Fate::kUnknown;
  if (answer.ok()) {
    const AnswerRow row(answer->get(), 0);
    // A server that lost what was not flushed gives the numbers of the lost to others.
    const bool same_server = !lost.incarnation.empty() && row.Text(1) == lost.incarnation;
    if (row.Text(0) == "committed" && same_server) fate = Fate::kCommitted;
    if (row.Text(0) == "aborted") fate = Fate::kAborted;
    if (row.Text(0) == "in progress") fate = Fate::kUnderWay;
  } else if (connection->trouble() == Trouble::kLost) {
    fate = Fate::kUnderWay;
  } else if (connection->sql_state() == "22023") {
    fate = Fate::kAborted;  // "transaction ID … is in the future": it was lost in a crash
  }
  connection->Leave();
  pool_.GiveBack(std::move(connection));
  return fate;
}

}  // namespace

Result<std::unique_ptr<Database>> OpenPostgres(const PostgresOptions& options) {
  BW_CHECK(options.connections > 0 && options.max_attempts > 0);
  BW_CHECK(options.statement_timeout.count() > 0 && options.connect_timeout.count() > 0);
  auto database = std::make_unique<PostgresDatabase>(options);
  BW_TRY_STATUS(database->Connect());
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace breakwater::db
