// Moments in UTC with microseconds, the clock they come from, and RFC 3339.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace breakwater {

using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

// Injected wherever time is read. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp Now() const override;
};

// "2022-03-21T09:30:00Z", with ".123456" when there are microseconds.
std::string FormatRfc3339(Timestamp t);
// Accepts any fraction (cut at microseconds) and any numeric offset. RFC 3339 §5.6.
Result<Timestamp> ParseRfc3339(std::string_view text);

inline std::int64_t ToUnixSeconds(Timestamp t) {
  return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}
inline std::int64_t ToMicros(Timestamp t) {
  return t.time_since_epoch().count();
}
inline Timestamp FromMicros(std::int64_t micros) {
  return Timestamp{std::chrono::microseconds{micros}};
}

}  // namespace breakwater
