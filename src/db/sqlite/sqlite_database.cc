#include "db/sqlite/sqlite_database.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>

#include "db/sqlite/connection.h"
#include "db/sqlite/reader_pool.h"
#include "db/sqlite/writer.h"
#include "db/together.h"
#include "io/file.h"

namespace breakwater::db {
namespace {

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(io::UniqueFd lock, std::unique_ptr<sqlite::Connection> connection,
                 const SqliteOptions& options)
      : lock_(std::move(lock)),
        writer_(std::move(connection),
                {.max_waiting = static_cast<std::size_t>(options.max_waiting_writes),
                 .room_wait = options.writer_wait,
                 .max_group = static_cast<std::size_t>(options.max_group),
                 .checkpoint_pages = options.checkpoint_pages,
                 .durable = options.durable}),
        readers_(options.path.string(), {.most = static_cast<std::size_t>(options.readers),
                                         .wait = options.reader_wait,
                                         .connection = {.cache_bytes = options.reader_cache_bytes,
                                                        .durable = options.durable}}) {}

  Dialect dialect() const override { return Dialect::kSqlite; }
  std::optional<std::uint64_t> epoch() const override {
    return IsTogether() ? std::nullopt : std::optional(writer_.commits());
  }

 protected:
  Status DoRead(const Work& work) override {
    if (Transaction* tx = Joined()) return work(*tx);
    return readers_.Run(work);
  }
  // One writer: every transaction runs alone.
  Status DoWrite(const Work& work, Isolation) override {
    return Joined() != nullptr ? WriteJoined(work) : writer_.Run(work);
  }

 private:
  // Destroyed from the last to the first: the writer closes after all readers, so that it is the
  // one that moves the log into the file, and only then is the lock free.
  io::UniqueFd lock_;
  sqlite::Writer writer_;
  sqlite::ReaderPool readers_;
};

class ReadOnlyDatabase final : public Database {
 public:
  explicit ReadOnlyDatabase(const std::filesystem::path& path) : readers_(path.string(), {}) {}

  Dialect dialect() const override { return Dialect::kSqlite; }

 private:
  Status DoRead(const Work& work) override {
    if (Transaction* tx = Joined()) return work(*tx);
    return readers_.Run(work);
  }
  Status DoWrite(const Work&, Isolation) override {
    return Unsupported("the database is open for reading only").Reason("read_only");
  }

  sqlite::ReaderPool readers_;
};

Result<io::UniqueFd> OpenFile(const std::filesystem::path& path) {
  io::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return io::FileError(errno, "open", path);
  return fd;
}

// A lock file of its own: closing any descriptor of the database file itself would drop the locks
// that SQLite holds on it (POSIX record locks belong to the process).
Result<io::UniqueFd> Lock(const std::filesystem::path& path) {
  std::filesystem::path lock_path = path;
  lock_path += ".lock";
  BW_TRY(io::UniqueFd fd, OpenFile(lock_path));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno != EWOULDBLOCK) return io::FileError(errno, "lock", lock_path);
  return Conflict("the database is in use by another process")
      .Reason("database_in_use")
      .Log(lock_path.string());
}

}  // namespace

Result<std::unique_ptr<Database>> OpenSqlite(const SqliteOptions& options) {
  BW_CHECK(options.readers > 0 && options.max_waiting_writes > 0 && options.max_group > 0);
  // Counting every allocation takes a lock that all connections share. Refused (harmlessly) when
  // SQLite is in use already.
  static const int memory_counting = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(memory_counting);
  BW_TRY(io::UniqueFd lock, Lock(options.path));
  // Made by us, for the mode: SQLite gives its log the mode of the file.
  BW_TRY(io::UniqueFd file, OpenFile(options.path));
  file.Reset();
  if (options.durable) {
    BW_TRY_STATUS(io::SyncDirectory(std::filesystem::absolute(options.path).parent_path()));
  }
  BW_TRY(auto connection,
         sqlite::Connection::Open(
             options.path.string(), sqlite::Connection::Access::kReadWrite,
             {.cache_bytes = options.writer_cache_bytes, .durable = options.durable}));
  return std::unique_ptr<Database>(
      new SqliteDatabase(std::move(lock), std::move(connection), options));
}

Result<std::unique_ptr<Database>> OpenSqliteReadOnly(const std::filesystem::path& path) {
  std::unique_ptr<Database> database(new ReadOnlyDatabase(path));
  BW_TRY_STATUS(database->Read([](Transaction&) { return Ok(); }));
  return database;
}

}  // namespace breakwater::db
