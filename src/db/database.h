// The SQL database behind everything that is not a large blob: embedded SQLite, or PostgreSQL.
//
//   Status s = database.Write([&](db::Transaction& tx) -> Status {
//     BW_TRY_STATUS(tx.Execute("UPDATE tag SET digest = $1 WHERE name = $2", {digest, name}));
//     return audit.Append(tx, record);
//   });
//
// SQL is plain text with parameters $1, $2, … in both dialects. Times are stored as integers:
// microseconds since 1970 in UTC. Booleans are stored as 0 and 1.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"
#include "base/wait.h"

namespace breakwater::db {

// A parameter. Refers to the caller's bytes: valid for the call it is passed to.
class Param {
 public:
  using Variant = std::variant<std::monostate, std::int64_t, double, std::string_view, ByteView>;

  Param(std::nullptr_t) {}  // NOLINT: SQL NULL
  template <class Int>
    requires(std::is_integral_v<Int>)
  Param(Int value) : value_(static_cast<std::int64_t>(value)) {}      // NOLINT: bools too
  Param(double value) : value_(value) {}                              // NOLINT
  Param(const char* text) : value_(std::string_view(text)) {}         // NOLINT
  Param(std::string_view text) : value_(text) {}                      // NOLINT
  Param(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT
  Param(ByteView bytes) : value_(bytes) {}                            // NOLINT
  Param(const Bytes& bytes) : value_(ByteView(bytes)) {}              // NOLINT
  Param(Timestamp time) : value_(ToMicros(time)) {}                   // NOLINT
  template <class Tag>
  Param(const StrongString<Tag>& text) : Param(text.value()) {}  // NOLINT
  template <class T>
  Param(const std::optional<T>& value) {  // NOLINT: nullopt is NULL
    if (value) *this = Param(*value);
  }

  const Variant& value() const { return value_; }

 private:
  Variant value_;
};

// One row of an answer; columns count from 0. Views are valid until the callback returns. Asking
// for another type than the column's is a bug (BW_CHECK), NULL reads as 0 or empty.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool IsNull(int column) const = 0;
  virtual std::int64_t Int(int column) const = 0;
  virtual double Double(int column) const = 0;
  virtual std::string_view Text(int column) const = 0;
  virtual ByteView Blob(int column) const = 0;

  bool Bool(int column) const { return Int(column) != 0; }
  std::string String(int column) const { return std::string(Text(column)); }
  Timestamp Time(int column) const { return FromMicros(Int(column)); }
  std::optional<Timestamp> OptionalTime(int column) const {
    return IsNull(column) ? std::nullopt : std::optional(Time(column));
  }
};

// What a row maker makes: T for both T and Result<T>.
template <class T>
struct AsValue {
  using type = T;
};
template <class T>
struct AsValue<Result<T>> {
  using type = T;
};

// A running transaction. Not thread-safe; never outlives the callback that was given it. After a
// statement's error return it: PostgreSQL runs nothing more in the transaction. (Where an error is
// expected, say ON CONFLICT.)
class Transaction {
 public:
  using Params = std::span<const Param>;
  using RowCallback = std::function<Status(const Row&)>;

  virtual ~Transaction() = default;

  // Runs a statement that returns no rows of interest; the number of rows it changed.
  // A violated uniqueness is kExists, any other constraint kConflict.
  virtual Result<std::int64_t> ExecuteWith(std::string_view sql, Params params) = 0;
  // Calls `row` for each row in order; stops at its first error and returns it. PostgreSQL's answer
  // is in memory as a whole: page what may be long.
  virtual Status QueryWith(std::string_view sql, Params params, const RowCallback& row) = 0;
  // Runs after the commit became durable, in the order of registration, on the committing thread.
  // Never runs if the transaction is rolled back. Must not touch the database, block or throw.
  virtual void OnCommit(std::function<void()> action) = 0;
  // Several statements without parameters, each ended by a semicolon. For migrations.
  virtual Status ExecuteScript(std::string_view sql) = 0;

  Result<std::int64_t> Execute(std::string_view sql, std::initializer_list<Param> params = {}) {
    return ExecuteWith(sql, Params(params.begin(), params.size()));
  }
  Status Query(std::string_view sql, std::initializer_list<Param> params, const RowCallback& row) {
    return QueryWith(sql, Params(params.begin(), params.size()), row);
  }
  // The first row made into a value, or nothing. `make` is Row -> T or Row -> Result<T>.
  template <class Make>
  auto QueryOne(std::string_view sql, std::initializer_list<Param> params, Make make)
      -> Result<std::optional<typename AsValue<std::invoke_result_t<Make, const Row&>>::type>>;
  // Every row made into a value.
  template <class Make>
  auto QueryAll(std::string_view sql, std::initializer_list<Param> params, Make make)
      -> Result<std::vector<typename AsValue<std::invoke_result_t<Make, const Row&>>::type>>;
};

enum class Dialect { kSqlite, kPostgres };

// How far a writing transaction is kept apart from those that run at once.
enum class Isolation {
  kSerializable,  // as if it ran alone
  // Each statement sees what was committed before it. For hot work that decides nothing by what an
  // earlier statement has read: what must hold stands in the statement that changes the row. Others
  // cannot make it run again.
  kStatement,
};

// Thread-safe. Reads see a consistent snapshot; writes are serializable unless they say otherwise.
class Database {
 public:
  using Work = std::function<Status(Transaction&)>;

  virtual ~Database() = default;

  // Runs `work` in a read-only transaction on a connection of this thread's own choosing. Read and
  // Write are refused on a thread that must not wait (base/wait.h).
  Status Read(const Work& work) {
    BW_TRY_STATUS(BeforeWaiting());
    return DoRead(work);
  }
  // Runs `work` in a writing transaction and returns after the commit is durable. An error of
  // `work` rolls back and is returned. The implementation may run `work` on another thread, run it
  // again after a serialization failure (so it must have no effect but through the transaction;
  // results are assigned, not appended), and commit several callers' work at once.
  Status Write(const Work& work, Isolation isolation = Isolation::kSerializable) {
    BW_TRY_STATUS(BeforeWaiting());
    return DoWrite(work, isolation);
  }
  virtual Dialect dialect() const = 0;
  // Where this process alone writes: a number that changes with each commit, before its caller
  // hears of it. What was read after asking for the number is current while the number stands.
  // Nothing where others may write too.
  virtual std::optional<std::uint64_t> epoch() const { return std::nullopt; }

  // The same, for work that returns a value: Result<T> f(Transaction&).
  template <class F>
  auto ReadValue(F work) -> std::invoke_result_t<F, Transaction&> {
    return Run([this](const Work& w) { return Read(w); }, std::move(work));
  }
  template <class F>
  auto WriteValue(F work, Isolation isolation = Isolation::kSerializable)
      -> std::invoke_result_t<F, Transaction&> {
    return Run([this, isolation](const Work& w) { return Write(w, isolation); }, std::move(work));
  }

 protected:
  virtual Status DoRead(const Work& work) = 0;
  virtual Status DoWrite(const Work& work, Isolation isolation) = 0;

 private:
  template <class Runner, class F>
  static auto Run(Runner runner, F work) -> std::invoke_result_t<F, Transaction&> {
    using R = std::invoke_result_t<F, Transaction&>;
    std::optional<typename R::value_type> value;
    Status status = runner([&](Transaction& tx) -> Status {
      BW_TRY(auto made, work(tx));
      value.emplace(std::move(made));
      return Ok();
    });
    if (!status.ok()) return std::move(status).error();
    return *std::move(value);
  }
};

template <class Make>
auto Transaction::QueryOne(std::string_view sql, std::initializer_list<Param> params, Make make)
    -> Result<std::optional<typename AsValue<std::invoke_result_t<Make, const Row&>>::type>> {
  BW_TRY(auto all, QueryAll(sql, params, std::move(make)));
  using T = typename decltype(all)::value_type;
  if (all.empty()) return std::optional<T>{};
  return std::optional<T>(std::move(all.front()));
}

template <class Make>
auto Transaction::QueryAll(std::string_view sql, std::initializer_list<Param> params, Make make)
    -> Result<std::vector<typename AsValue<std::invoke_result_t<Make, const Row&>>::type>> {
  using Made = std::invoke_result_t<Make, const Row&>;
  using T = typename AsValue<Made>::type;
  std::vector<T> all;
  BW_TRY_STATUS(Query(sql, params, [&](const Row& row) -> Status {
    if constexpr (std::is_same_v<Made, T>) {
      all.push_back(make(row));
    } else {
      BW_TRY(auto made, make(row));
      all.push_back(std::move(made));
    }
    return Ok();
  }));
  return all;
}

}  // namespace breakwater::db
