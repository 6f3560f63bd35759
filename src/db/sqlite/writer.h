// The one thread that writes: it owns the writing connection, commits waiting callers' work as a
// group with one flush, and alone moves pages from the write-ahead log to the file. Internal to
// db/.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/sync.h"
#include "db/database.h"
#include "db/sqlite/connection.h"

namespace breakwater::db::sqlite {

struct WriterOptions {
  std::size_t max_waiting = 4096;               // callers; more wait for room
  std::chrono::milliseconds room_wait{30'000};  // then kUnavailable
  std::size_t max_group = 128;                  // works in one commit
  int checkpoint_pages = 4000;                  // log size that calls for a checkpoint
  int checkpoint_urgent_pages = 64'000;  // log size at which the writer waits for old readers …
  std::chrono::milliseconds checkpoint_urgent_wait{200};  // … so long, while nobody can write
  std::chrono::milliseconds idle{2000};  // checkpoint what there is after so long a pause
  bool durable = true;  // flush each group, unless all of it is lazy (lazy_flush.h)
};

// Thread-safe. Callers must be gone before it is destroyed.
class Writer {
 public:
  Writer(std::unique_ptr<Connection> connection, WriterOptions options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Database::Write. A call from inside a work is a bug (it could only wait for itself).
  Status Run(const Database::Work& work);

  std::size_t waiting() const;  // works that no group has taken yet
  // Groups so far; rises before the callers of a group hear of it. Does not block.
  std::uint64_t commits() const { return commits_.load(std::memory_order_acquire); }

 private:
  struct Request {
    const Database::Work* work;
    bool lazy = false;  // needs no flush
    Status status;
    bool done = false;
    ConditionVariable finished;
    std::vector<std::function<void()>> actions;
  };
  using Group = std::vector<Request*>;

  void Loop();
  // Empty: nothing came for a while, or the writer stops.
  Group NextGroup();
  void CommitGroup(const Group& group);
  // Whether the next commit flushes.
  Result<std::int64_t> SetFlush(bool flush);
  void RunOne(Request& request);
  void Release(const Group& group);
  void Checkpoint(bool pause);

  const std::unique_ptr<Connection> connection_;
  const WriterOptions options_;
  // Sizes of the log, for the writer thread only: as of the last commit, as of the last checkpoint,
  // and that at which to wait for old readers (again).
  int log_pages_ = 0;
  int checkpointed_ = 0;
  int next_urgent_;
  bool flushes_;  // as the connection is set

  std::atomic<std::uint64_t> commits_{0};

  mutable Mutex mutex_;
  ConditionVariable arrived_;
  ConditionVariable room_;
  std::deque<Request*> queue_ BW_GUARDED_BY(mutex_);
  bool stopping_ BW_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace breakwater::db::sqlite
