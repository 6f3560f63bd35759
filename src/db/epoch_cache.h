// What was read from a database, kept in memory for as long as nothing is committed there.
//
//   EpochCache<Settings> cache(database, {.max_bytes = 1 << 20});
//   BW_TRY(const auto settings, cache.Get({account, registry}, [&]() -> Result<Settings> {
//     return database.ReadValue(…);
//   }));
//
// Each commit makes all that is kept out of date, whatever it changed: nothing has to know what
// depends on what, and nothing can be forgotten.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "db/database.h"

namespace breakwater::db {

struct EpochCacheLimits {
  std::size_t max_bytes = 1U << 20;         // of all keys and values
  std::size_t max_entry_bytes = 64U << 10;  // of one; what is heavier is not kept
};

// The values of an EpochCache, whatever they are. Thread-safe.
class EpochEntries {
 public:
  using Key = std::span<const std::string_view>;
  using Value = std::shared_ptr<const void>;

  explicit EpochEntries(EpochCacheLimits limits) : limits_(limits) {}

  // Null if there is none of this epoch.
  Value Find(Key key, std::uint64_t epoch) BW_EXCLUDES(mutex_);
  // Takes the place of what the key has. Makes room by dropping what was not asked for the longest.
  void Keep(Key key, std::uint64_t epoch, Value value, std::size_t value_bytes) BW_EXCLUDES(mutex_);

 private:
  struct Entry {
    std::string text;                     // the key's parts, one after the other
    std::vector<std::string_view> parts;  // views of it
    std::uint64_t epoch = 0;
    Value value;
    std::size_t bytes = 0;
  };
  using Entries = std::list<Entry>;
  struct Hash {
    std::size_t operator()(Key key) const noexcept;
  };
  struct Equal {
    bool operator()(Key a, Key b) const noexcept;
  };

  void Drop(Entries::iterator entry) BW_REQUIRES(mutex_);

  const EpochCacheLimits limits_;
  Mutex mutex_;
  Entries entries_ BW_GUARDED_BY(mutex_);  // most recently asked for first
  // The keys are the entries' own.
  std::unordered_map<Key, Entries::iterator, Hash, Equal> by_key_ BW_GUARDED_BY(mutex_);
  std::size_t bytes_ BW_GUARDED_BY(mutex_) = 0;
};

// Thread-safe. The database must outlive it.
template <class T>
class EpochCache {
 public:
  using Value = std::shared_ptr<const T>;  // never null
  // The parts of a key; one cache's keys have the same number of parts.
  using Key = std::initializer_list<std::string_view>;
  // Bytes that a value takes beside itself.
  using Weigh = std::size_t (*)(const T&);

  explicit EpochCache(
      const Database& database, EpochCacheLimits limits = {},
      Weigh weigh = [](const T&) { return std::size_t{0}; })
      : database_(database), weigh_(weigh), entries_(limits) {}

  // What the key stands for now: no commit that was acknowledged before this call is missing from
  // it. `load` (Result<T> or Result<Value>) reads it from the database, where it is not here or may
  // have changed; its errors are returned and not kept. Where others may write to the database too,
  // it is always loaded. Inside a NoWaitScope what is here is found, and loading is refused.
  template <class Load>
  Result<Value> Get(Key key, Load load) const {
    const std::optional<std::uint64_t> epoch = database_.epoch();
    if (epoch) {
      auto found = entries_.Find({key.begin(), key.size()}, *epoch);
      if (found != nullptr) return std::static_pointer_cast<const T>(std::move(found));
    }
    BW_TRY(auto loaded, load());
    Value value;
    if constexpr (std::is_same_v<decltype(loaded), T>) {
      value = std::make_shared<const T>(std::move(loaded));
    } else {
      value = std::move(loaded);
    }
    // A commit during `load` may or may not be in the value: kept for the epoch before, it is not
    // taken for current again.
    if (epoch) {
      entries_.Keep({key.begin(), key.size()}, *epoch, value, sizeof(T) + weigh_(*value));
    }
    return value;
  }

 private:
  const Database& database_;
  const Weigh weigh_;
  mutable EpochEntries entries_;
};

}  // namespace breakwater::db
