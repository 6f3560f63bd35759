// A database for tests of what happens at once.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "db/database.h"

namespace breakwater::registry::testing {

// Pauses before and after each transaction, and where it is told to before each statement.
class PausingDatabase final : public db::Database {
 public:
  explicit PausingDatabase(db::Database& inner) : inner_(inner) {}
  std::function<void()> around = [] {};
  std::function<void(std::string_view sql)> inside = [](std::string_view) {};
  db::Dialect dialect() const override { return inner_.dialect(); }
  std::optional<std::uint64_t> epoch() const override { return inner_.epoch(); }

 protected:
  Status DoRead(const Work& work) override {
    return Around([&] { return inner_.Read(Paused(work)); });
  }
  Status DoWrite(const Work& work, db::Isolation isolation) override {
    return Around([&] { return inner_.Write(Paused(work), isolation); });
  }

 private:
  class PausingTransaction final : public db::Transaction {
   public:
    PausingTransaction(PausingDatabase& owner, db::Transaction& inner)
        : owner_(owner), inner_(inner) {}
    Result<std::int64_t> ExecuteWith(std::string_view sql, Params params) override {
      owner_.inside(sql);
      return inner_.ExecuteWith(sql, params);
    }
    Status QueryWith(std::string_view sql, Params params, const RowCallback& row) override {
      owner_.inside(sql);
      return inner_.QueryWith(sql, params, row);
    }
    Status ExecuteScript(std::string_view sql) override { return inner_.ExecuteScript(sql); }
    void OnCommit(std::function<void()> action) override { inner_.OnCommit(std::move(action)); }

   private:
    PausingDatabase& owner_;
    db::Transaction& inner_;
  };
  Status Around(const std::function<Status()>& run) {
    around();
    Status status = run();
    around();
    return status;
  }
  Work Paused(const Work& work) {
    return [this, &work](db::Transaction& tx) {
      PausingTransaction pausing(*this, tx);
      return work(pausing);
    };
  }

  db::Database& inner_;
};

}  // namespace breakwater::registry::testing
