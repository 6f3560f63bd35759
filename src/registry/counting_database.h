// A database that counts what it is asked and what it answers, for tests of what something costs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "db/database.h"

namespace breakwater::registry::testing {

// Passes everything on, counts queries and the rows that come back, and can act before a write.
class CountingDatabase final : public db::Database {
 public:
  explicit CountingDatabase(db::Database& inner) : inner_(inner) {}
  db::Dialect dialect() const override { return inner_.dialect(); }
  std::optional<std::uint64_t> epoch() const override { return inner_.epoch(); }

  std::int64_t rows = 0;
  std::int64_t queries = 0;
  std::function<void()> before_next_write;

 protected:
  Status DoRead(const Work& work) override { return inner_.Read(Counted(work)); }
  Status DoWrite(const Work& work, db::Isolation isolation) override {
    if (before_next_write) std::exchange(before_next_write, nullptr)();
    return inner_.Write(Counted(work), isolation);
  }

 private:
  class Counting final : public db::Transaction {
   public:
    Counting(db::Transaction& inner, CountingDatabase& counts) : inner_(inner), counts_(counts) {}
    Result<std::int64_t> ExecuteWith(std::string_view sql, Params params) override {
      return inner_.ExecuteWith(sql, params);
    }
    Status QueryWith(std::string_view sql, Params params, const RowCallback& row) override {
      ++counts_.queries;
      return inner_.QueryWith(sql, params, [&](const db::Row& one) {
        ++counts_.rows;
        return row(one);
      });
    }
    void OnCommit(std::function<void()> action) override { inner_.OnCommit(std::move(action)); }
    Status ExecuteScript(std::string_view sql) override { return inner_.ExecuteScript(sql); }

   private:
    db::Transaction& inner_;
    CountingDatabase& counts_;
  };
  Work Counted(const Work& work) {
    return [this, &work](db::Transaction& tx) {
      Counting counting(tx, *this);
      return work(counting);
    };
  }

  db::Database& inner_;
};

}  // namespace breakwater::registry::testing
