// Commits that need no flush of their own.
#pragma once

namespace breakwater::db {

// While one lives on a thread, what that thread commits may wait for the next flush. A power cut
// (not the end of the process) may then lose it, with everything that was committed after it and
// never without that. For what is made again from what is durable: a job's claim, its end, and the
// results between them, which are lost together. Never before something is acknowledged, removed or
// sent. PostgreSQL flushes as always. Scopes do not nest.
class LazyFlush {
 public:
  LazyFlush();
  ~LazyFlush();
  LazyFlush(const LazyFlush&) = delete;
  LazyFlush& operator=(const LazyFlush&) = delete;

  static bool active();
};

}  // namespace breakwater::db
