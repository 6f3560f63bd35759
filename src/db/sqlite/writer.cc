#include "db/sqlite/writer.h"

#include <algorithm>
#include <utility>

#include <sqlite3.h>

#include "db/guard.h"
#include "db/lazy_flush.h"

namespace breakwater::db::sqlite {
namespace {

Error NotCommitted(const Error& cause) {
  return Unavailable("the change could not be stored")
      .Reason("database_unavailable")
      .Log(cause.message() + " " + cause.log());
}

int NoteLogPages(void* log_pages, sqlite3*, const char*, int pages) {
  *static_cast<int*>(log_pages) = pages;
  return SQLITE_OK;
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, WriterOptions options)
    : connection_(std::move(connection)),
      options_(options),
      next_urgent_(options.checkpoint_urgent_pages),
      flushes_(options.durable) {
  sqlite3_wal_hook(connection_->handle(), NoteLogPages, &log_pages_);
  thread_ = std::thread([this] { Loop(); });
}

Writer::~Writer() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    arrived_.notify_all();
  }
  thread_.join();
}

Status Writer::Run(const Database::Work& work) {
  BW_CHECK(std::this_thread::get_id() != thread_.get_id());
  Request request{
      .work = &work, .lazy = LazyFlush::active(), .status = {}, .finished = {}, .actions = {}};
  const auto deadline = std::chrono::steady_clock::now() + options_.room_wait;
  const MutexLock lock(mutex_);
  while (queue_.size() >= options_.max_waiting) {
    if (room_.wait_until(mutex_, deadline) == std::cv_status::timeout) {
      return Unavailable("too many changes are waiting").Reason("database_busy");
    }
  }
  queue_.push_back(&request);
  arrived_.notify_one();
  while (!request.done) request.finished.wait(mutex_);
  return std::move(request.status);
}

std::size_t Writer::waiting() const {
  const MutexLock lock(mutex_);
  return queue_.size();
}

void Writer::Loop() {
  for (;;) {
    const Group group = NextGroup();
    if (group.empty()) {
      {
        const MutexLock lock(mutex_);
        if (stopping_ && queue_.empty()) return;
      }
      Checkpoint(/*pause=*/true);
      continue;
    }
    CommitGroup(group);
    Release(group);
    Checkpoint(/*pause=*/false);
  }
}

Writer::Group Writer::NextGroup() {
  const MutexLock lock(mutex_);
  const auto idle = std::chrono::steady_clock::now() + options_.idle;
  while (queue_.empty() && !stopping_) {
    if (log_pages_ == checkpointed_) {
      arrived_.wait(mutex_);
    } else if (arrived_.wait_until(mutex_, idle) == std::cv_status::timeout) {
      break;
    }
  }
  const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), options_.max_group));
  Group group(queue_.begin(), queue_.begin() + count);
  queue_.erase(queue_.begin(), queue_.begin() + count);
  room_.notify_all();
  return group;
}

// NORMAL writes the log without a flush and checkpoints as FULL does; a later flush of the log
// includes it.
Result<std::int64_t> Writer::SetFlush(bool flush) {
  if (!options_.durable || flush == flushes_) return std::int64_t{0};
  auto set = connection_->Execute(flush ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  // After a failure the next group tries again.
  if (set.ok()) flushes_ = flush;
  return set;
}

void Writer::CommitGroup(const Group& group) {
  Status outcome = Ok();
  const auto keep_first = [&](Result<std::int64_t> step) {
    if (outcome.ok() && !step.ok()) outcome = std::move(step).error();
  };
  keep_first(SetFlush(!std::ranges::all_of(group, &Request::lazy)));
  keep_first(connection_->Execute("BEGIN IMMEDIATE"));
  for (Request* request : group) {
    if (!outcome.ok()) break;
    RunOne(*request);
    // Some failures (a full disk) make SQLite roll back everything, not the statement alone.
    if (!connection_->InTransaction()) outcome = Internal("the transaction was lost");
  }
  if (outcome.ok()) keep_first(connection_->Execute("COMMIT"));
  if (connection_->InTransaction()) keep_first(connection_->Execute("ROLLBACK"));
  commits_.fetch_add(1, std::memory_order_release);
  for (Request* request : group) {
    if (outcome.ok()) {
      for (const auto& action : request->actions) action();
    } else if (request->status.ok()) {
      request->status = NotCommitted(outcome.error());
    }
  }
}

// A savepoint of its own, so that one caller's error leaves the others' work alone.
void Writer::RunOne(Request& request) {
  ConnectionTransaction tx(*connection_);
  const auto run = [&]() -> Status {
    BW_TRY_STATUS(RunGuarded(*request.work, tx));
    if (connection_->ViolatesDeferredKeys()) return Conflict("it refers to what is not there");
    return Ok();
  };
  const auto savepoint = connection_->Execute("SAVEPOINT work");
  request.status = savepoint.ok() ? run() : Status(savepoint.error());
  if (request.status.ok()) {
    request.actions = tx.TakeActions();
  } else if (savepoint.ok() && connection_->InTransaction()) {
    // If this fails, what the work did must not be committed with the others'.
    if (!connection_->Execute("ROLLBACK TO work").ok()) {
      static_cast<void>(connection_->Execute("ROLLBACK"));
      return;
    }
  }
  if (savepoint.ok() && connection_->InTransaction() &&
      !connection_->Execute("RELEASE work").ok()) {
    static_cast<void>(connection_->Execute("ROLLBACK"));
  }
}

void Writer::Release(const Group& group) {
  const MutexLock lock(mutex_);
  for (Request* request : group) {
    request->done = true;
    // Under the lock: the caller destroys the request as soon as it sees `done`.
    request->finished.notify_one();
  }
}

// PASSIVE waits for nobody. The log starts over at the next commit that finds all of it copied and
// no reader in it; with readers always overlapping that never comes, so a very large log makes the
// writer (never a reader) wait a moment.
void Writer::Checkpoint(bool pause) {
  if (log_pages_ < checkpointed_) {  // it started over
    checkpointed_ = 0;
    next_urgent_ = options_.checkpoint_urgent_pages;
  }
  const int fresh = log_pages_ - checkpointed_;
  if (fresh == 0 || (!pause && fresh < options_.checkpoint_pages)) return;
  sqlite3* const handle = connection_->handle();
  const bool urgent = log_pages_ >= next_urgent_;
  if (urgent) {
    sqlite3_busy_timeout(handle, static_cast<int>(options_.checkpoint_urgent_wait.count()));
    next_urgent_ = log_pages_ + options_.checkpoint_urgent_pages / 4;
  }
  // A failure leaves everything in the log, where it is as durable; the next one tries again.
  sqlite3_wal_checkpoint_v2(handle, nullptr,
                            urgent ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, nullptr,
                            nullptr);
  if (urgent) sqlite3_busy_timeout(handle, ConnectionOptions{}.busy_timeout_ms);
  checkpointed_ = log_pages_;
}

}  // namespace breakwater::db::sqlite
