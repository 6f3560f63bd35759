#include "registry/digest_locks.h"

#include <algorithm>
#include <set>
#include <thread>

#include "base/sync.h"
#include "crypto/random.h"
#include "observe/log.h"

namespace breakwater::registry {
namespace {

// Who stores bytes finds out when it says so in its transaction that it was too slow; others need
// not wait much longer than the bytes take for one that has died.
constexpr std::chrono::seconds kStoreAtOnce{30};
constexpr std::uint64_t kStoredInASecond = 16U << 20;
// A removal is beyond recall once it was asked for: longer than any request to a blob store takes,
// for which s3.deadline has a limit.
constexpr std::chrono::minutes kRemoveLease{5};
constexpr std::chrono::milliseconds kFirstPause{5};
constexpr std::chrono::milliseconds kLongestPause{200};
constexpr std::size_t kHolderOctets = 16;

class LocalDigestLocks final : public DigestLocks {
 public:
  Result<std::unique_ptr<Hold>> Acquire(const oci::Digest& digest, DigestUse,
                                        std::uint64_t) override {
    MutexLock lock(mutex_);
    while (!held_.insert(digest).second) released_.wait(mutex_);
    return std::unique_ptr<Hold>(std::make_unique<LocalHold>(*this, digest));
  }

 private:
  class LocalHold final : public Hold {
   public:
    LocalHold(LocalDigestLocks& locks, oci::Digest digest)
        : locks_(locks), digest_(std::move(digest)) {}
    ~LocalHold() override {
      MutexLock lock(locks_.mutex_);
      locks_.held_.erase(digest_);
      locks_.released_.notify_all();
    }
    Status Confirm(db::Transaction&, DigestUse) override { return Ok(); }
    Status Release(db::Transaction&) override { return Ok(); }
    void Leave() override {}

   private:
    LocalDigestLocks& locks_;
    const oci::Digest digest_;
  };

  Mutex mutex_;
  ConditionVariable released_;
  std::set<oci::Digest> held_ BW_GUARDED_BY(mutex_);
};

Error Lost() {
  return Unavailable("the blob took too long to store: try again")
      .Reason("digest_lost")
      .Log("the lease of a digest has passed to another process");
}

std::chrono::seconds LeaseOf(DigestUse use, std::uint64_t bytes) {
  return use == DigestUse::kStore ? TimeToStore(bytes) : kRemoveLease;
}

class SharedHold final : public DigestLocks::Hold {
 public:
  SharedHold(db::Database& database, const Clock& clock, const oci::Digest& digest,
             std::uint64_t bytes)
      : database_(database),
        clock_(clock),
        bytes_(bytes),
        digest_(digest.text()),
        holder_(crypto::RandomToken(kHolderOctets)) {}
  ~SharedHold() override {
    if (!held_) return;
    const Status released =
        database_.Write([&](db::Transaction& tx) { return Delete(tx); }, db::Isolation::kStatement);
    if (!released.ok() && released.error().reason() != Lost().reason()) {
      observe::LogError(observe::Level::kWarning, "a digest stays locked until its lease ends",
                        released.error());
    }
  }

  // Whether it is ours now.
  Result<bool> Try(DigestUse use) {
    const Timestamp now = clock_.Now();
    BW_TRY(const std::int64_t changed,
           database_.WriteValue(
               [&](db::Transaction& tx) {
                 return tx.Execute(
                     "INSERT INTO digest_lock (digest, holder, held_until) VALUES ($1, $2, $3) "
                     "ON CONFLICT (digest) DO UPDATE SET holder = $2, held_until = $3 "
                     "WHERE digest_lock.held_until <= $4",
                     {digest_, holder_, now + LeaseOf(use, bytes_), now});
               },
               db::Isolation::kStatement));
    held_ = changed == 1;
    return held_;
  }

  Status Confirm(db::Transaction& tx, DigestUse use) override {
    BW_TRY(const std::int64_t changed,
           tx.Execute("UPDATE digest_lock SET held_until = $3 WHERE digest = $1 AND holder = $2",
                      {digest_, holder_, clock_.Now() + LeaseOf(use, bytes_)}));
    return changed == 1 ? Ok() : Status(Lost());
  }
  Status Release(db::Transaction& tx) override {
    BW_TRY_STATUS(Delete(tx));
    tx.OnCommit([this] { held_ = false; });
    return Ok();
  }
  void Leave() override { held_ = false; }

 private:
  Status Delete(db::Transaction& tx) {
    BW_TRY(const std::int64_t changed,
           tx.Execute("DELETE FROM digest_lock WHERE digest = $1 AND holder = $2",
                      {digest_, holder_}));
    return changed == 1 ? Ok() : Status(Lost());
  }

  db::Database& database_;
  const Clock& clock_;
  const std::uint64_t bytes_;
  const std::string digest_;
  const std::string holder_;
  bool held_ = false;
};

class SharedDigestLocks final : public DigestLocks {
 public:
  SharedDigestLocks(db::Database& database, const Clock& clock)
      : database_(database), clock_(clock) {}

  Result<std::unique_ptr<Hold>> Acquire(const oci::Digest& digest, DigestUse use,
                                        std::uint64_t bytes) override {
    auto hold = std::make_unique<SharedHold>(database_, clock_, digest, bytes);
    std::chrono::milliseconds pause = kFirstPause;
    for (std::chrono::milliseconds waited{0}; waited < kDigestPatience; waited += pause) {
      BW_TRY(const bool ours, hold->Try(use));
      if (ours) return std::unique_ptr<Hold>(std::move(hold));
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, kLongestPause);
    }
    return Unavailable("another push of the same blob has not ended: try again")
        .Reason("digest_busy");
  }

 private:
  db::Database& database_;
  const Clock& clock_;
};

}  // namespace

std::chrono::seconds TimeToStore(std::uint64_t bytes) {
  return kStoreAtOnce + std::chrono::seconds(bytes / kStoredInASecond);
}

std::chrono::seconds LongestSilence(std::uint64_t bytes) {
  return std::max<std::chrono::seconds>(TimeToStore(bytes), kRemoveLease);
}

std::unique_ptr<DigestLocks> NewLocalDigestLocks() {
  return std::make_unique<LocalDigestLocks>();
}

std::unique_ptr<DigestLocks> NewSharedDigestLocks(db::Database& database, const Clock& clock) {
  return std::make_unique<SharedDigestLocks>(database, clock);
}

}  // namespace breakwater::registry
