// One turn at a time for what is costly, so that nobody can keep others from theirs by asking for
// more: of those who wait, the network that wasted the fewest turns lately goes first.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"

namespace breakwater::iam {

struct FairTurnsOptions {
  std::size_t max_waiting = 64;
  std::size_t max_waiting_of_one = 4;  // network
  std::chrono::milliseconds max_wait{5000};
  // A network's wasted turns are forgotten after so long.
  std::chrono::seconds memory{std::chrono::hours{1}};
  std::size_t networks = 8192;  // that are remembered
};

// Thread-safe. The machine itself (a loopback address) goes before everybody.
class FairTurns {
 public:
  explicit FairTurns(const Clock& clock, FairTurnsOptions options = {})
      : clock_(clock), options_(options) {}

  // Holds the turn.
  class Turn {
   public:
    explicit Turn(FairTurns& owner) : owner_(&owner) {}
    Turn(Turn&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (owner_ != nullptr) owner_->Leave();
    }

   private:
    FairTurns* owner_;
  };

  // Waits for it. kRateLimited "password_hash_busy" after `max_wait`; at once for one too many of a
  // network; and where too many wait, for whoever of them wasted the most.
  Result<Turn> Take(std::string_view address) BW_EXCLUDES(mutex_);
  // A turn of this address led to nothing.
  void Waste(std::string_view address) BW_EXCLUDES(mutex_);
  std::size_t waiting() const BW_EXCLUDES(mutex_);

 private:
  struct Waiter {
    std::string network;
    std::int64_t wasted = 0;
    std::uint64_t number = 0;
    bool called = false;
    bool turned_away = false;
  };
  struct Wasted {
    std::int64_t turns = 0;
    Timestamp at;
  };

  Status Queue(Waiter& waiter) BW_REQUIRES(mutex_);
  void Leave() BW_EXCLUDES(mutex_);
  void CallNext() BW_REQUIRES(mutex_);
  std::int64_t WastedBy(const std::string& network) const BW_REQUIRES(mutex_);

  const Clock& clock_;
  const FairTurnsOptions options_;
  mutable Mutex mutex_;
  ConditionVariable changed_;
  bool taken_ BW_GUARDED_BY(mutex_) = false;
  std::uint64_t next_number_ BW_GUARDED_BY(mutex_) = 0;
  std::vector<Waiter*> waiting_ BW_GUARDED_BY(mutex_);
  std::unordered_map<std::string, Wasted> wasted_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::iam
