// How often devices ask whether their user has decided (RFC 8628 §3.5).
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/sync.h"
#include "base/time.h"

namespace breakwater::iam::oidc {

// Thread-safe; bounded: of more sign-ins than `most` the one asked for longest ago is forgotten.
class DevicePolls {
 public:
  explicit DevicePolls(const Clock& clock, std::size_t most = 4096) : clock_(clock), most_(most) {}

  // Whether the device of this code waited for its interval; who did not has to wait five seconds
  // more from then on.
  bool MayAsk(std::string_view code, std::chrono::seconds interval) BW_EXCLUDES(mutex_);

 private:
  struct Poll {
    Timestamp last;
    std::chrono::seconds interval{};
  };

  const Clock& clock_;
  const std::size_t most_;
  Mutex mutex_;
  std::unordered_map<std::string, Poll> polls_ BW_GUARDED_BY(mutex_);  // by a digest of the code
};

}  // namespace breakwater::iam::oidc
