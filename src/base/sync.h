// A mutex that clang's thread-safety analysis understands (`./dev lint`).
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define BW_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define BW_THREAD_ATTRIBUTE(x)
#endif
#define BW_CAPABILITY(name) BW_THREAD_ATTRIBUTE(capability(name))
#define BW_SCOPED_CAPABILITY BW_THREAD_ATTRIBUTE(scoped_lockable)
#define BW_GUARDED_BY(mutex) BW_THREAD_ATTRIBUTE(guarded_by(mutex))
#define BW_REQUIRES(mutex) BW_THREAD_ATTRIBUTE(requires_capability(mutex))
#define BW_EXCLUDES(mutex) BW_THREAD_ATTRIBUTE(locks_excluded(mutex))
#define BW_ACQUIRE(...) BW_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define BW_RELEASE(...) BW_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))

namespace breakwater {

class BW_CAPABILITY("mutex") Mutex {
 public:
  void lock() BW_ACQUIRE() { mutex_.lock(); }
  void unlock() BW_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class BW_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) BW_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() BW_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits while holding a Mutex. Always wait in a loop over the condition.
using ConditionVariable = std::condition_variable_any;

}  // namespace breakwater
