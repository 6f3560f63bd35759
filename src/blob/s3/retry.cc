#include "blob/s3/retry.h"

#include <algorithm>
#include <array>
#include <thread>

#include "base/strings.h"
#include "crypto/random.h"

namespace breakwater::blob {
namespace {

constexpr std::chrono::seconds kLongestRetryAfter{60};
// An attempt begun just before the deadline is worth making only if it can finish.
constexpr std::chrono::milliseconds kLeastTimeout{1000};
constexpr std::string_view kUntrusted = "tls_failed";  // of net::HttpClient

}  // namespace

S3Waiting S3Waiting::Real() {
  return {.sleep = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); },
          .jitter =
              [] {
                const Bytes random = crypto::RandomBytes(2);
                const unsigned value = std::to_integer<unsigned>(random[0]) << 8U |
                                       std::to_integer<unsigned>(random[1]);
                return value / 65'536.0;
              }};
}

bool IsTransient(int status, std::string_view code) {
  constexpr std::array<std::string_view, 7> kCodes{
      "InternalError", "OperationAborted", "RequestTimeout", "ServiceUnavailable",
      "SlowDown",      "TooManyRequests",  "Throttling",
  };
  return status == 500 || status == 502 || status == 503 || status == 504 || status == 429 ||
         std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

bool IsTransient(const Error& error) {
  if (error.reason() == kUntrusted) return false;
  return error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kDeadline;
}

std::string CauseOf(const Error& error) {
  std::string cause = error.message() + ": " + error.log();
  if (error.reason() == kUntrusted) {
    cause += "; s3.ca_file names the authorities to trust";
  }
  return cause;
}

std::chrono::milliseconds DelayBefore(int attempt, double jitter,
                                      std::optional<std::chrono::seconds> retry_after,
                                      const S3Options& options) {
  auto most = options.first_delay;
  for (int i = 2; i < attempt && most < options.max_delay; ++i) most *= 2;
  most = std::min(most, options.max_delay);
  const auto delay = std::chrono::milliseconds(
      static_cast<std::int64_t>(jitter * static_cast<double>(most.count())));
  const std::chrono::milliseconds asked = retry_after.value_or(std::chrono::seconds(0));
  return asked + delay;
}

std::optional<std::chrono::seconds> ParseRetryAfter(std::optional<std::string_view> value) {
  if (!value) return std::nullopt;
  const auto seconds = ParseInt(Trim(*value));
  if (!seconds.ok() || *seconds < 0) return std::nullopt;
  return std::min(std::chrono::seconds(*seconds), kLongestRetryAfter);
}

Attempts::Attempts(const S3Options& options, const S3Waiting& waiting, const Clock& clock)
    : options_(options),
      waiting_(waiting),
      clock_(clock),
      deadline_(clock.Now() + options.deadline) {}

bool Attempts::Again(std::optional<std::chrono::seconds> retry_after) {
  if (made_ >= options_.max_attempts) return false;
  const auto delay = DelayBefore(made_ + 1, waiting_.jitter(), retry_after, options_);
  if (clock_.Now() + delay >= deadline_) return false;
  waiting_.sleep(delay);
  ++made_;
  return true;
}

std::chrono::milliseconds Attempts::Timeout(std::chrono::milliseconds most) const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - clock_.Now());
  return std::min(most, std::max(left, kLeastTimeout));
}

}  // namespace breakwater::blob
