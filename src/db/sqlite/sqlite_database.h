// The embedded database: one SQLite file, one writing thread, many readers.
//
// SQLite before 3.51.3 can damage a file that two connections write or checkpoint at once (the
// "WAL-reset bug"). Hence: one writing connection, which alone checkpoints; readers are opened
// read-only; no memory mapping; and the file is locked against a second process.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "db/database.h"

namespace breakwater::db {

struct SqliteOptions {
  std::filesystem::path path;                     // made, in an existing directory, with mode 0600
  int readers = 8;                                // read transactions at the same time
  std::chrono::milliseconds reader_wait{5000};    // for one of them, then kUnavailable
  int max_waiting_writes = 4096;                  // more callers wait for room …
  std::chrono::milliseconds writer_wait{30'000};  // … so long, then kUnavailable
  int max_group = 128;                            // callers' works in one commit
  std::int64_t writer_cache_bytes = 32 << 20;
  std::int64_t reader_cache_bytes = 8 << 20;  // each
  int checkpoint_pages = 4000;                // of 4 KiB in the log
  // False leaves flushing to the kernel: a power cut may lose acknowledged commits. For tests.
  bool durable = true;
};

// kConflict "database_in_use" if another process (or another Database of this one) has the file
// open. Nothing is migrated: see db/migrations.h. All callers must be gone before it is destroyed.
// Work must not call Write of the same database (BW_CHECK); a Read in it sees the state before.
Result<std::unique_ptr<Database>> OpenSqlite(const SqliteOptions& options);

// The same file for reading, also while another process has it open. kUnavailable if there is no
// such file; Write is kUnsupported "read_only". It neither writes nor checkpoints, and so cannot
// meet the bug above.
Result<std::unique_ptr<Database>> OpenSqliteReadOnly(const std::filesystem::path& path);

}  // namespace breakwater::db
