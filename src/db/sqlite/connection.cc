#include "db/sqlite/connection.h"

#include <algorithm>
#include <utility>

#include <sqlite3.h>

#include "base/strings.h"

namespace breakwater::db::sqlite {
namespace {

constexpr std::size_t kMaxCachedStatements = 256;
// Nothing we store in one column comes near; SQLite's own limit is a gigabyte.
constexpr int kMaxValueBytes = 64 << 20;

Error Unanswered(std::string log) {
  return Unavailable("the database does not answer")
      .Reason("database_unavailable")
      .Log(std::move(log));
}

// https://www.sqlite.org/rescode.html
Error MakeError(sqlite3* handle, std::string_view sql) {
  const int extended = sqlite3_extended_errcode(handle);
  std::string log = std::string("sqlite ") + std::to_string(extended) + ": " +
                    sqlite3_errmsg(handle) + " in: " + std::string(sql);
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return Exists("it exists already").Log(std::move(log));
    default: break;
  }
  switch (extended & 0xff) {
    case SQLITE_CONSTRAINT: return Conflict("it contradicts what is stored").Log(std::move(log));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return DataCorrupt("the database is damaged").Log(std::move(log));
    case SQLITE_TOOBIG: return TooLarge("a value is too large to be stored").Log(std::move(log));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL: return Unanswered(std::move(log));
    default: return Internal(std::move(log));
  }
}

class StatementRow final : public Row {
 public:
  explicit StatementRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool IsNull(int column) const override { return Type(column) == SQLITE_NULL; }
  std::int64_t Int(int column) const override {
    Expect(column, SQLITE_INTEGER);
    return sqlite3_column_int64(statement_, column);
  }
  double Double(int column) const override {
    Expect(column, SQLITE_FLOAT);
    return sqlite3_column_double(statement_, column);
  }
  std::string_view Text(int column) const override {
    Expect(column, SQLITE_TEXT);
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (text == nullptr) return {};
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  ByteView Blob(int column) const override {
    Expect(column, SQLITE_BLOB);
    const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  int Type(int column) const {
    BW_CHECK(column >= 0 && column < sqlite3_column_count(statement_));
    return sqlite3_column_type(statement_, column);
  }
  void Expect(int column, int type) const {
    const int actual = Type(column);
    BW_CHECK(actual == type || actual == SQLITE_NULL);
  }

  sqlite3_stmt* statement_;
};

int BindOne(sqlite3_stmt* statement, int position, const Param::Variant& value) {
  struct Binder {
    sqlite3_stmt* statement;
    int position;
    int operator()(std::monostate) const { return sqlite3_bind_null(statement, position); }
    int operator()(std::int64_t v) const { return sqlite3_bind_int64(statement, position, v); }
    int operator()(double v) const { return sqlite3_bind_double(statement, position, v); }
    // A null pointer would bind NULL: empty is not NULL.
    int operator()(std::string_view v) const {
      return sqlite3_bind_text64(statement, position, v.data() == nullptr ? "" : v.data(), v.size(),
                                 SQLITE_STATIC, SQLITE_UTF8);
    }
    int operator()(ByteView v) const {
      return sqlite3_bind_blob64(statement, position,
                                 v.data() == nullptr ? static_cast<const void*>("") : v.data(),
                                 v.size(), SQLITE_STATIC);
    }
  };
  return std::visit(Binder{statement, position}, value);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Connection::Close::operator()(sqlite3* handle) const {
  sqlite3_close(handle);
}

// A statement in use. Bound values are the caller's memory, so they go when the use ends.
class Connection::Use {
 public:
  explicit Use(Entry& entry) : entry_(&entry) { entry_->busy = true; }
  explicit Use(Statement own) : own_(std::move(own)) {}
  Use(Use&& other) noexcept
      : entry_(std::exchange(other.entry_, nullptr)), own_(std::move(other.own_)) {}
  Use& operator=(Use&&) = delete;
  ~Use() {
    if (entry_ == nullptr) return;
    sqlite3_reset(get());
    sqlite3_clear_bindings(get());
    entry_->busy = false;
  }

  const Statement& statement() const { return entry_ != nullptr ? entry_->statement : own_; }
  sqlite3_stmt* get() const { return statement().handle.get(); }

 private:
  Entry* entry_ = nullptr;
  Statement own_;
};

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Access access,
                                                     const ConnectionOptions& options) {
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (access == Access::kReadOnly ? SQLITE_OPEN_READONLY
                                                 : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Connection> connection(new Connection(handle));
  if (code != SQLITE_OK) {
    return Unanswered("cannot open " + path + ": " +
                      (handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code)));
  }
  BW_TRY_STATUS(connection->Configure(access, options));
  return connection;
}

Status Connection::Configure(Access access, const ConnectionOptions& options) {
  sqlite3_busy_timeout(handle(), options.busy_timeout_ms);
  sqlite3_limit(handle(), SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  // Only the writer's explicit calls move pages from the log to the file: SQLite before 3.51.3 can
  // damage the file when two connections do (the WAL-reset bug). That also forbids mmap here.
  sqlite3_wal_autocheckpoint(handle(), 0);
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, access == Access::kReadOnly ? 1 : 0,
                    nullptr);
  std::string pragmas =
      "PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;"
      "PRAGMA foreign_keys=ON; PRAGMA cache_size=-" +
      std::to_string(options.cache_bytes / 1024) + ";";
  if (access == Access::kReadWrite) {
    // secure_delete: Debian's build turns it on, which rewrites every freed page.
    pragmas += std::string("PRAGMA journal_mode=WAL; PRAGMA secure_delete=FAST;") +
               "PRAGMA journal_size_limit=67108864; PRAGMA synchronous=" +
               (options.durable ? "FULL" : "OFF") + ";";
  } else {
    pragmas += "PRAGMA query_only=ON;";
  }
  return Script(pragmas);
}

Result<Statement> Connection::Prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, &tail);
  Statement statement;
  statement.handle.reset(raw);
  if (code != SQLITE_OK) return MakeError(handle(), sql);
  const auto rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
  if (raw == nullptr || !Trim(rest).empty()) {
    return Internal("not exactly one statement: " + std::string(sql));
  }
  const int count = sqlite3_bind_parameter_count(raw);
  for (int position = 1; position <= count; ++position) {
    const char* name = sqlite3_bind_parameter_name(raw, position);
    if (name == nullptr || name[0] != '$') {
      return Internal("a parameter that is not $n: " + std::string(sql));
    }
    BW_TRY(const auto number, ParseInt(name + 1));
    if (number < 1 || number > 1000)
      return Internal("a parameter out of range: " + std::string(sql));
    statement.parameters.push_back(static_cast<std::size_t>(number));
    statement.parameter_count = std::max(statement.parameter_count, statement.parameters.back());
  }
  return statement;
}

Result<Connection::Use> Connection::Begin(std::string_view sql, Transaction::Params params) {
  const auto bind = [&](Use use) -> Result<Use> {
    if (params.size() != use.statement().parameter_count) {
      return Internal("wrong number of parameters for: " + std::string(sql));
    }
    int position = 0;
    for (const std::size_t number : use.statement().parameters) {
      if (BindOne(use.get(), ++position, params[number - 1].value()) != SQLITE_OK) {
        return MakeError(handle(), sql);
      }
    }
    return use;
  };
  if (const auto found = by_sql_.find(sql); found != by_sql_.end()) {
    // A query whose rows lead to the same query needs a statement of its own.
    if (found->second->busy) {
      BW_TRY(Statement own, Prepare(sql));
      return bind(Use(std::move(own)));
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return bind(Use(entries_.front()));
  }
  BW_TRY(Statement statement, Prepare(sql));
  entries_.push_front(Entry{.sql = std::string(sql), .statement = std::move(statement)});
  by_sql_.emplace(entries_.front().sql, entries_.begin());
  Use use(entries_.front());
  Evict();
  return bind(std::move(use));
}

void Connection::Evict() {
  auto it = entries_.end();
  while (entries_.size() > kMaxCachedStatements && it != entries_.begin()) {
    --it;
    if (it->busy) continue;
    by_sql_.erase(it->sql);
    it = entries_.erase(it);
  }
}

Result<std::int64_t> Connection::Execute(std::string_view sql, Transaction::Params params) {
  BW_TRY(Use use, Begin(sql, params));
  const auto before = sqlite3_total_changes64(handle());
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(use.get());
  if (code != SQLITE_DONE) return MakeError(handle(), sql);
  // sqlite3_changes keeps the count of an earlier statement when this one is no INSERT, UPDATE or
  // DELETE; total_changes counts cascades too.
  if (sqlite3_total_changes64(handle()) == before) return std::int64_t{0};
  return std::int64_t{sqlite3_changes64(handle())};
}

Status Connection::Query(std::string_view sql, Transaction::Params params,
                         const Transaction::RowCallback& row) {
  BW_TRY(Use use, Begin(sql, params));
  const StatementRow view(use.get());
  for (;;) {
    const int code = sqlite3_step(use.get());
    if (code == SQLITE_DONE) return Ok();
    if (code != SQLITE_ROW) return MakeError(handle(), sql);
    BW_TRY_STATUS(row(view));
  }
}

Status Connection::Script(std::string_view sql) {
  const std::string text(sql);
  if (sqlite3_exec(handle(), text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return MakeError(handle(), sql.substr(0, 200));
  }
  return Ok();
}

bool Connection::InTransaction() const {
  return sqlite3_get_autocommit(handle()) == 0;
}

bool Connection::ViolatesDeferredKeys() const {
  int current = 0;
  int highest = 0;
  const int code = sqlite3_db_status(handle(), SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0);
  return code == SQLITE_OK && current != 0;
}

}  // namespace breakwater::db::sqlite
