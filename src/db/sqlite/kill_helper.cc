// Writes rows until it is killed, and names each on standard output once its commit returned:
// kill_helper DATABASE FIRST_ID
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>
#include <unistd.h>

#include "db/sqlite/sqlite_database.h"

int main(int argc, char** argv) {
  using namespace breakwater::db;
  if (argc != 3) return 2;
  auto database = OpenSqlite({.path = argv[1], .checkpoint_pages = 50});
  if (!database.ok()) return 3;
  const auto made = (*database)->Write([](Transaction& tx) {
    return tx.ExecuteScript("CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, pad BLOB)");
  });
  if (!made.ok()) return 4;
  const std::int64_t first = std::strtoll(argv[2], nullptr, 10);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&database, id = first + t]() mutable {
      for (;; id += 4) {
        const auto written = (*database)->Write([&](Transaction& tx) -> breakwater::Status {
          BW_TRY_STATUS(tx.Execute("INSERT INTO kept (id, pad) VALUES ($1, zeroblob(500))", {id}));
          return breakwater::Ok();
        });
        if (!written.ok()) std::_Exit(5);
        const std::string line = std::to_string(id) + "\n";
        if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(6);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}
