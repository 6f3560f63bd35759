#include "iam/oidc/device_polls.h"

#include <algorithm>

#include "crypto/hash.h"

namespace breakwater::iam::oidc {
namespace {

using std::chrono::seconds;

constexpr seconds kMore{5};
constexpr seconds kLongest{300};
// A device that waits as told may come a little early by its own clock.
constexpr std::chrono::milliseconds kSlack{500};

}  // namespace

bool DevicePolls::MayAsk(std::string_view code, seconds interval) {
  const Timestamp now = clock_.Now();
  const std::string key = crypto::Sha256Hex(code);
  const MutexLock lock(mutex_);
  const auto found = polls_.find(key);
  if (found != polls_.end()) {
    Poll& poll = found->second;
    const bool waited = now - poll.last + kSlack >= poll.interval;
    poll.last = now;
    if (!waited) poll.interval = std::min(poll.interval + kMore, kLongest);
    return waited;
  }
  if (polls_.size() >= most_) {
    polls_.erase(std::ranges::min_element(
        polls_, [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
  }
  polls_.emplace(key, Poll{now, interval});
  return true;
}

}  // namespace breakwater::iam::oidc
