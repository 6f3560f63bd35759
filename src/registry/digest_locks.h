// One holder per digest: whoever makes a blob's bytes durable and then writes its row, or removes
// its row and then its bytes, holds the digest meanwhile. So bytes are never removed between
// another push's commit and its row.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "oci/digest.h"

namespace breakwater::registry {

enum class DigestUse { kStore, kRemove };

// How long the bytes of a blob may take to become durable, on the slowest store that is worth
// waiting for: 16 MiB/s.
std::chrono::seconds TimeToStore(std::uint64_t bytes);
// How long Acquire waits for whoever holds the digest.
inline constexpr std::chrono::seconds kDigestPatience{60};
// For how long somebody may hold the digest of a blob of so many bytes without a sign of life,
// whether it is stored or removed.
std::chrono::seconds LongestSilence(std::uint64_t bytes);

// Thread-safe.
class DigestLocks {
 public:
  // Ends with this object, which must not outlive the locks.
  class Hold {
   public:
    virtual ~Hold() = default;
    // Whether the digest is still ours; then it is from now on for as long as `use` takes, whatever
    // it was acquired for. kUnavailable "digest_lost".
    virtual Status Confirm(db::Transaction& tx, DigestUse use) = 0;
    // The same, and gives it up if the transaction is committed.
    virtual Status Release(db::Transaction& tx) = 0;
    // Leaves the digest locked until the lease ends: a removal that was asked for, and may not have
    // happened yet, must not meet the next push.
    virtual void Leave() = 0;
  };

  virtual ~DigestLocks() = default;
  // Waits until nobody else holds `digest`; kUnavailable "digest_busy" after kDigestPatience.
  // `bytes`: how many are to be stored, TimeToStore of which may pass between two signs of life.
  virtual Result<std::unique_ptr<Hold>> Acquire(const oci::Digest& digest, DigestUse use,
                                                std::uint64_t bytes) = 0;
};

// For one process.
std::unique_ptr<DigestLocks> NewLocalDigestLocks();
// For all processes over one database, by leases that a dead process loses. Also for one process
// whose store is a service: that may carry a request out after we have given it up, and the digest
// must then stay locked, whoever asks for it next.
std::unique_ptr<DigestLocks> NewSharedDigestLocks(db::Database& database, const Clock& clock);

}  // namespace breakwater::registry
