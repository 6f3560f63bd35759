// When each manifest was pulled last, for whoever decides what is not needed any more. Noted in
// memory and written in batches, to the hour: a manifest that is pulled again and again costs one
// write an hour in each process. A crash loses what was noted since the last flush.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "db/database.h"
#include "oci/digest.h"
#include "registry/types.h"

namespace breakwater::registry {

// A manifest's last pull, in this repository; nothing if none is known.
Result<std::optional<Timestamp>> LastPull(db::Transaction& tx, const std::string& repository_id,
                                          const oci::Digest& manifest);

// Thread-safe.
class LastPulls {
 public:
  static constexpr std::chrono::hours kPrecision{1};

  LastPulls(db::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  // Never waits.
  void Note(const RepositoryPath& path, const oci::Digest& manifest) BW_EXCLUDES(mutex_);
  // Writes what was noted. What could not be written is kept for the next time.
  Status Flush() BW_EXCLUDES(mutex_);

  // Pulls that were not noted because there was too much to write at once.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  // Registry, repository and digest.
  using Key = std::tuple<std::string, std::string, std::string>;
  struct Pull {
    Timestamp pulled;
    bool written = false;
  };

  db::Database& database_;
  const Clock& clock_;
  Mutex mutex_;
  std::map<Key, Pull> pulls_ BW_GUARDED_BY(mutex_);
  std::vector<Key> unwritten_ BW_GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace breakwater::registry
