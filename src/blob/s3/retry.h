// Which failures of an S3 request are worth another attempt, and when. Pure but for Attempts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "blob/s3/s3_options.h"

namespace breakwater::blob {

// Of an answer with this status and error code ("SlowDown", or ""): overload, time-outs and faults
// of the service, never what is wrong with the request itself.
bool IsTransient(int status, std::string_view code);
// Of a request that got no answer. A certificate that is not trusted will not be trusted later.
bool IsTransient(const Error& error);
// Why it got none, for the log.
std::string CauseOf(const Error& error);

// The time to wait before attempt 2, 3, … (`attempt`): exponential with full jitter ("Exponential
// Backoff And Jitter", AWS architecture blog), but not before the service asked for.
std::chrono::milliseconds DelayBefore(int attempt, double jitter,
                                      std::optional<std::chrono::seconds> retry_after,
                                      const S3Options& options);

// Retry-After in seconds (RFC 9110 §10.2.3), at most a minute. The form with a date is ignored: it
// would take two clocks that agree.
std::optional<std::chrono::seconds> ParseRetryAfter(std::optional<std::string_view> value);

// The attempts at one request.
class Attempts {
 public:
  Attempts(const S3Options& options, const S3Waiting& waiting, const Clock& clock);
  // Waits for the time of the next attempt; false, at once, if there is none.
  bool Again(std::optional<std::chrono::seconds> retry_after = {});
  // Of the attempt that begins now, at most `most`: what is left of the deadline.
  std::chrono::milliseconds Timeout(std::chrono::milliseconds most) const;

 private:
  const S3Options& options_;
  const S3Waiting& waiting_;
  const Clock& clock_;
  const Timestamp deadline_;
  int made_ = 1;
};

}  // namespace breakwater::blob
