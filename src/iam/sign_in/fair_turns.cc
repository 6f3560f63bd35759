#include "iam/sign_in/fair_turns.h"

#include <algorithm>
#include <tuple>

#include "base/ip.h"
#include "iam/sign_in/throttle.h"

namespace breakwater::iam {
namespace {

constexpr std::int64_t kOurselves = -1;

Error Busy() {
  return Error(ErrorCode::kRateLimited, "too many password checks at a time, try again")
      .Reason("password_hash_busy")
      .Detail("retry_after", "1");
}

bool IsLoopback(const std::string& network) {
  return network.starts_with("127.") || network == NetworkOf("::1");
}

}  // namespace

std::int64_t FairTurns::WastedBy(const std::string& network) const {
  if (IsLoopback(network)) return kOurselves;
  const auto found = wasted_.find(network);
  if (found == wasted_.end() || found->second.at + options_.memory <= clock_.Now()) return 0;
  return found->second.turns;
}

// Sorts after another: later in its turn, sooner turned away.
constexpr auto kOrder = [](const auto* a, const auto* b) {
  return std::tie(a->wasted, a->number) < std::tie(b->wasted, b->number);
};

Status FairTurns::Queue(Waiter& waiter) {
  const auto same = std::ranges::count(waiting_, waiter.network, &Waiter::network);
  if (static_cast<std::size_t>(same) >= options_.max_waiting_of_one) return Busy();
  if (waiting_.size() >= options_.max_waiting) {
    const auto last = std::ranges::max_element(waiting_, kOrder);
    if (last == waiting_.end() || (*last)->wasted <= waiter.wasted) return Busy();
    (*last)->turned_away = true;
    waiting_.erase(last);
    changed_.notify_all();
  }
  waiting_.push_back(&waiter);
  return Ok();
}

Result<FairTurns::Turn> FairTurns::Take(std::string_view address) {
  const auto deadline = std::chrono::steady_clock::now() + options_.max_wait;
  const MutexLock lock(mutex_);
  if (!taken_) {
    taken_ = true;
    return Turn(*this);
  }
  Waiter self{.network = NetworkOf(address), .number = next_number_++};
  self.wasted = WastedBy(self.network);
  BW_TRY_STATUS(Queue(self));
  while (!self.called && !self.turned_away) {
    if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) break;
  }
  if (self.called) return Turn(*this);
  std::erase(waiting_, &self);
  return Busy();
}

void FairTurns::CallNext() {
  const auto next = std::ranges::min_element(waiting_, kOrder);
  if (next == waiting_.end()) {
    taken_ = false;
    return;
  }
  (*next)->called = true;
  waiting_.erase(next);
  changed_.notify_all();
}

void FairTurns::Leave() {
  const MutexLock lock(mutex_);
  CallNext();
}

void FairTurns::Waste(std::string_view address) {
  const Timestamp now = clock_.Now();
  const std::string network = NetworkOf(address);
  const MutexLock lock(mutex_);
  if (!wasted_.contains(network) && wasted_.size() >= options_.networks) {
    std::erase_if(wasted_,
                  [&](const auto& item) { return item.second.at + options_.memory <= now; });
    if (wasted_.size() >= options_.networks) {
      wasted_.erase(std::ranges::min_element(
          wasted_, [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
    }
  }
  const std::int64_t before = std::max<std::int64_t>(WastedBy(network), 0);
  wasted_.insert_or_assign(network, Wasted{before + 1, now});
}

std::size_t FairTurns::waiting() const {
  const MutexLock lock(mutex_);
  return waiting_.size();
}

}  // namespace breakwater::iam
