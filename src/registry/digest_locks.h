// One holder per digest: whoever makes a blob's bytes durable and then writes its row, or removes
// its row and then its bytes, holds the digest meanwhile. So bytes are never removed between
// another push's commit and its row. Within one process; thread-safe.
#pragma once

#include <set>

#include "base/sync.h"
#include "oci/digest.h"

namespace breakwater::registry {

class DigestLocks {
 public:
  class Guard {
   public:
    // Waits until nobody else holds `digest`.
    Guard(DigestLocks& locks, oci::Digest digest) : locks_(locks), digest_(std::move(digest)) {
      locks_.Acquire(digest_);
    }
    ~Guard() { locks_.Release(digest_); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    DigestLocks& locks_;
    oci::Digest digest_;
  };

 private:
  void Acquire(const oci::Digest& digest) {
    MutexLock lock(mutex_);
    while (!held_.insert(digest).second) released_.wait(mutex_);
  }
  void Release(const oci::Digest& digest) {
    MutexLock lock(mutex_);
    held_.erase(digest);
    released_.notify_all();
  }

  Mutex mutex_;
  ConditionVariable released_;
  std::set<oci::Digest> held_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::registry
