#include "db/postgres/connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include <libpq-fe.h>
#include <poll.h>

#include "base/strings.h"

namespace breakwater::db::postgres {
namespace {

using std::chrono::milliseconds;

// As with SQLite. Nothing we store in one column comes near.
constexpr std::size_t kMaxValueBytes = 64 << 20;
constexpr std::size_t kMaxLoggedSql = 500;
constexpr int kOldestServer = 13'00'00;  // pg_current_xact_id
constexpr int kBinary = 1;

constexpr const char* kTransactionIdSql =
    "SELECT CAST(pg_current_xact_id_if_assigned() AS TEXT) AS id";

std::string Text(const char* text) {
  return text == nullptr ? "" : std::string(Trim(text));
}

// What a statement that begins so writes is nothing that a commit could lose.
bool OnlyReads(std::string_view sql) {
  return EqualsIgnoreCase(Trim(sql).substr(0, 6), "SELECT");
}

bool HasTooLarge(Transaction::Params params) {
  return std::ranges::any_of(params, [](const Param& param) {
    const auto* text = std::get_if<std::string_view>(&param.value());
    const auto* bytes = std::get_if<ByteView>(&param.value());
    return (text != nullptr && text->size() > kMaxValueBytes) ||
           (bytes != nullptr && bytes->size() > kMaxValueBytes);
  });
}

pg_conn* Connect(const ConnectionOptions& options) {
  const std::string timeout = std::to_string(options.connect_timeout.count());
  // Those before the address are defaults, those after it are not the user's to change. No
  // "options": PgBouncer refuses it.
  const std::array keys{"fallback_application_name",
                        "gssencmode",
                        "keepalives_idle",
                        "keepalives_interval",
                        "keepalives_count",
                        "tcp_user_timeout",
                        "dbname",
                        "client_encoding",
                        "connect_timeout",
                        static_cast<const char*>(nullptr)};
  const std::array values{"breakwater",
                          "disable",
                          "30",
                          "10",
                          "3",
                          "30000",
                          options.address.Reveal().c_str(),
                          "UTF8",
                          timeout.c_str(),
                          static_cast<const char*>(nullptr)};
  return PQconnectdbParams(keys.data(), values.data(), /*expand_dbname=*/1);
}

// A password with an unescaped '@', '/' or ':' makes its rest a host or a port, which libpq would
// quote when it cannot connect.
bool IsSuspect(const PQconninfoOption& option) {
  const std::string_view name = option.keyword;
  const std::string_view value = option.val == nullptr ? "" : option.val;
  return (name == "host" && value.find('@') != value.npos) ||
         (name == "port" && value.find_first_not_of("0123456789,") != value.npos);
}

bool IsWellFormed(const std::string& address) {
  char* error = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(address.c_str(), &error);
  bool good = parsed != nullptr;
  for (const auto* one = parsed; good && one->keyword != nullptr; ++one) good = !IsSuspect(*one);
  PQconninfoFree(parsed);
  PQfreemem(error);
  return good;
}

const char* BeginStatement(Mode mode) {
  switch (mode) {
    case Mode::kRead: return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    case Mode::kWrite: return "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";
    case Mode::kWriteStatements: return "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
  }
  BW_UNREACHABLE();
}

}  // namespace

void Connection::Finish::operator()(pg_conn* handle) const {
  PQfinish(handle);
}

Connection::Connection(pg_conn* handle, const ConnectionOptions& options)
    : options_(options),
      handle_(handle),
      statements_(options.max_prepared),
      set_timeout_("SET LOCAL statement_timeout = " +
                   std::to_string(options.statement_timeout.count())) {}

Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::Open(const ConnectionOptions& options) {
  // libpq's own message would quote the address.
  if (!IsWellFormed(options.address.Reveal())) {
    return Invalid("the database's address is malformed");
  }
  std::unique_ptr<Connection> connection(new Connection(Connect(options), options));
  if (PQstatus(connection->handle_.get()) != CONNECTION_OK) {
    return Unanswered("cannot connect: " + Text(PQerrorMessage(connection->handle_.get())));
  }
  BW_TRY_STATUS(connection->Greet());
  return connection;
}

Status Connection::Greet() {
  PGconn* const handle = handle_.get();
  PQsetNoticeProcessor(handle, [](void*, const char*) {}, nullptr);
  if (PQserverVersion(handle) < kOldestServer) {
    return Invalid("PostgreSQL 13 or later is needed");
  }
  if (Text(PQparameterStatus(handle, "server_encoding")) != "UTF8") {
    return Invalid("the database's encoding must be UTF8");
  }
  if (PQsetnonblocking(handle, 1) != 0 || PQenterPipelineMode(handle) != 1) {
    return Unanswered("cannot pipeline: " + Text(PQerrorMessage(handle)));
  }
  Begin(Mode::kRead, /*named=*/false);
  BW_TRY(const Answer answer, Ask(std::string("SELECT ") + kIncarnation, {}));
  incarnation_ = AnswerRow(answer.get(), 0).String(0);
  Leave();
  return Ok();
}

bool Connection::IsAlive() {
  PGconn* const handle = handle_.get();
  if (trouble_ == Trouble::kLost || PQstatus(handle) != CONNECTION_OK) return false;
  // A server that hangs up leaves the socket readable for ever.
  while (Poll(/*write=*/false, Clock::now())) {
    if (PQconsumeInput(handle) != 1) return false;
  }
  while (!expected_.empty() && PQisBusy(handle) == 0 && trouble_ != Trouble::kLost) {
    ReceiveStep({}, Clock::now());
  }
  return trouble_ != Trouble::kLost && PQstatus(handle) == CONNECTION_OK;
}

bool Connection::IsWorthKeeping() const {
  // A prepared statement whose tables changed their types is refused for ever
  // (feature_not_supported, "cached plan must not change result type").
  const bool stale = trouble_ == Trouble::kStaleNames || sql_state_ == "0A000";
  return trouble_ != Trouble::kLost && !stale;
}

void Connection::Begin(Mode mode, bool named) {
  BW_CHECK(!begun_);
  mode_ = mode;
  named_ = named;
  xid_.clear();
  if (trouble_ == Trouble::kLost) return;
  trouble_ = Trouble::kNone;
  sql_state_.clear();
  error_.reset();
}

Result<Answer> Connection::Ask(std::string_view sql, Transaction::Params params) {
  if (trouble_ != Trouble::kNone) return AfterTrouble(sql);
  if (HasTooLarge(params)) return TooLarge("a value is too large to be stored");
  const Values values(params);
  if (CountParameters(sql) != params.size()) {
    return Internal("wrong number of parameters for: " + std::string(sql));
  }
  SendBegin();
  SendStatement(sql, values);
  if (mode_ != Mode::kRead && xid_.empty() && !OnlyReads(sql)) {
    SendPlain(kTransactionIdSql, Step::kTransactionId);
  }
  SendSync();
  BW_TRY_STATUS(Receive(sql));
  return std::move(answer_);
}

Status Connection::Script(std::string_view sql) {
  if (trouble_ != Trouble::kNone) return AfterTrouble(sql);
  if (!begun_) {
    SendBegin();
    SendSync();
    BW_TRY_STATUS(Receive(sql));
  }
  RunScript(sql);
  if (trouble_ != Trouble::kNone) return *error_;
  if (mode_ == Mode::kRead || !xid_.empty()) return Ok();
  SendPlain(kTransactionIdSql, Step::kTransactionId);
  SendSync();
  BW_TRY_STATUS(Receive(sql));
  return Ok();
}

// Several statements in one message are the simple protocol's, which has no pipeline.
void Connection::RunScript(std::string_view sql) {
  PGconn* const handle = handle_.get();
  const std::string text(sql);
  const auto deadline = Clock::now() + options_.script_timeout;
  if (PQexitPipelineMode(handle) != 1 || PQsendQuery(handle, text.c_str()) != 1) {
    return Lose(Text(PQerrorMessage(handle)));
  }
  while (const Answer answer = Next(deadline)) {
    if (PQresultStatus(answer.get()) == PGRES_FATAL_ERROR) Fail(answer.get(), sql);
  }
  if (trouble_ == Trouble::kLost) return;
  if (PQenterPipelineMode(handle) != 1) Lose(Text(PQerrorMessage(handle)));
}

Status Connection::Commit() {
  BW_CHECK(trouble_ == Trouble::kNone);
  if (!std::exchange(begun_, false)) return Ok();
  SendPlain("COMMIT", Step::kAnswer);
  SendSync();
  Status received = Receive("COMMIT");
  // It counts even when the connection is lost after it.
  if (answer_ != nullptr && Text(PQcmdStatus(answer_.get())) == "COMMIT") return Ok();
  if (received.ok()) return Internal("COMMIT rolled back");
  return received;
}

void Connection::Leave() {
  if (!std::exchange(begun_, false) || trouble_ == Trouble::kLost) return;
  const bool read = mode_ == Mode::kRead && trouble_ == Trouble::kNone;
  SendPlain(read ? "COMMIT" : "ROLLBACK", Step::kDiscarded);
  SendSync();
}

void Connection::SendPlain(const char* sql, Step step) {
  // A failure to send leaves the connection broken, which Receive finds.
  static_cast<void>(
      PQsendQueryParams(handle_.get(), sql, 0, nullptr, nullptr, nullptr, nullptr, kBinary));
  expected_.push_back(step);
}

void Connection::SendBegin() {
  if (std::exchange(begun_, true)) return;
  SendPlain(BeginStatement(mode_), Step::kBegin);
  SendPlain(set_timeout_.c_str(), Step::kBegin);
}

void Connection::SendStatement(std::string_view sql, const Values& values) {
  PGconn* const handle = handle_.get();
  const std::string text(sql);
  expected_.push_back(Step::kAnswer);
  if (!named_) {
    static_cast<void>(PQsendQueryParams(handle, text.c_str(), values.count(), values.types(),
                                        values.pointers(), values.lengths(), values.formats(),
                                        kBinary));
    return;
  }
  PreparedStatement& statement = statements_.Find(sql, values.signature());
  if (!statement.known_to_server) {
    static_cast<void>(PQsendPrepare(handle, statement.name.c_str(), text.c_str(), values.count(),
                                    values.types()));
    preparing_ = &statement;
    expected_.back() = Step::kPrepare;
    expected_.push_back(Step::kAnswer);
  }
  static_cast<void>(PQsendQueryPrepared(handle, statement.name.c_str(), values.count(),
                                        values.pointers(), values.lengths(), values.formats(),
                                        kBinary));
  if (const auto old = statements_.Evict()) {
    SendPlain(("DEALLOCATE " + *old).c_str(), Step::kPlain);
  }
}

void Connection::SendSync() {
  static_cast<void>(PQpipelineSync(handle_.get()));
  expected_.push_back(Step::kSync);
}

Status Connection::Receive(std::string_view sql) {
  answer_.reset();
  const auto deadline = Clock::now() + options_.statement_timeout + options_.connect_timeout;
  while (!expected_.empty() && trouble_ != Trouble::kLost) ReceiveStep(sql, deadline);
  preparing_ = nullptr;
  if (trouble_ != Trouble::kNone) return *error_;
  return Ok();
}

void Connection::ReceiveStep(std::string_view sql, Clock::time_point deadline) {
  const Step step = expected_.front();
  Answer first = Next(deadline);
  if (first == nullptr) {
    if (trouble_ != Trouble::kLost) Lose("an answer is missing");
    return;
  }
  expected_.pop_front();
  const bool synchronised = PQresultStatus(first.get()) == PGRES_PIPELINE_SYNC;
  if (synchronised != (step == Step::kSync)) return Lose("answers out of step");
  if (synchronised) return;
  Take(step, std::move(first), sql);
  // The end of this step's results.
  if (trouble_ != Trouble::kLost && Next(deadline) != nullptr) Lose("an answer too many");
}

void Connection::Take(Step step, Answer answer, std::string_view sql) {
  switch (PQresultStatus(answer.get())) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY: break;
    case PGRES_PIPELINE_ABORTED: return;
    default:
      // A server on which no transaction can begin is none for us: a standby, say.
      if (step == Step::kBegin) return Lose(Text(PQresultErrorMessage(answer.get())));
      if (step != Step::kDiscarded) Fail(answer.get(), sql);
      return;
  }
  switch (step) {
    case Step::kPrepare: preparing_->known_to_server = true; break;
    case Step::kAnswer: answer_ = std::move(answer); break;
    case Step::kTransactionId: xid_ = AnswerRow(answer.get(), 0).String(0); break;
    case Step::kDiscarded:
    case Step::kBegin:
    case Step::kPlain:
    case Step::kSync: break;
  }
}

Answer Connection::Next(Clock::time_point deadline) {
  PGconn* const handle = handle_.get();
  AwaitAnswer(deadline);
  if (trouble_ == Trouble::kLost) return nullptr;
  Answer answer(PQgetResult(handle));
  if (PQstatus(handle) == CONNECTION_OK) return answer;
  Lose(Text(PQerrorMessage(handle)));
  // An answer that came before the end still counts.
  if (answer != nullptr && PQresultStatus(answer.get()) == PGRES_FATAL_ERROR) return nullptr;
  return answer;
}

void Connection::AwaitAnswer(Clock::time_point deadline) {
  PGconn* const handle = handle_.get();
  for (;;) {
    const int unsent = PQflush(handle);
    // Of a connection that broke, PQgetResult gives the reason.
    if (unsent < 0 || PQisBusy(handle) == 0) return;
    if (!Poll(unsent > 0, deadline)) return Lose("no answer in time");
    if (PQconsumeInput(handle) != 1) return;
  }
}

// Whether the socket is ready before the deadline: to be read, or also to be written.
bool Connection::Poll(bool write, Clock::time_point deadline) {
  pollfd socket{.fd = PQsocket(handle_.get()),
                .events = static_cast<short>(write ? POLLIN | POLLOUT : POLLIN),
                .revents = 0};
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    const int ready =
        ::poll(&socket, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
    if (ready > 0) return true;
    if (left <= 0) return false;
  }
}

void Connection::Fail(const pg_result* answer, std::string_view sql) {
  if (trouble_ != Trouble::kNone) return;
  const std::string severity = Text(PQresultErrorField(answer, PG_DIAG_SEVERITY_NONLOCALIZED));
  sql_state_ = Text(PQresultErrorField(answer, PG_DIAG_SQLSTATE));
  Failure failure = Classify(sql_state_, severity == "FATAL" || severity == "PANIC",
                             Text(PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY)) +
                                 " in: " + std::string(sql.substr(0, kMaxLoggedSql)));
  trouble_ = failure.trouble;
  error_ = std::move(failure.error);
}

void Connection::Lose(std::string log) {
  trouble_ = Trouble::kLost;
  error_ = Unanswered("connection lost: " + std::move(log));
}

Error Connection::AfterTrouble(std::string_view sql) const {
  if (trouble_ != Trouble::kFailed) return *error_;
  // PostgreSQL would refuse it.
  return Internal("a statement after one that failed (" + error_->log() + "): " + std::string(sql));
}

}  // namespace breakwater::db::postgres
