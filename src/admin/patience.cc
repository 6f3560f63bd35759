#include "admin/patience.h"

#include <algorithm>
#include <thread>

#include "base/strings.h"

namespace breakwater::admin {
namespace {

std::chrono::milliseconds AskedFor(const Error& error) {
  for (const ErrorDetail& detail : error.details()) {
    if (detail.name != "retry_after") continue;
    // The form with a date would take two clocks that agree (RFC 9110 §10.2.3).
    const auto seconds = ParseInt(detail.value);
    constexpr std::int64_t kDay = 86'400;
    if (seconds.ok()) return std::chrono::seconds(std::clamp<std::int64_t>(*seconds, 0, kDay));
  }
  return std::chrono::milliseconds(0);
}

}  // namespace

Patience Patience::Real() {
  Patience patience;
  patience.pause = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  return patience;
}

bool Passes(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kUnavailable: return error.reason() != "tls_failed";
    case ErrorCode::kDeadline:
    case ErrorCode::kRateLimited: return true;
    case ErrorCode::kConflict: return error.reason() == "backup_running";
    default: return false;
  }
}

bool Attempts::Again(const Error& error) {
  ++failed_;
  if (!Passes(error) || failed_ >= patience_.attempts) return false;
  const auto now = patience_.now();
  if (!since_) since_ = now;
  auto pause = patience_.first;
  for (int i = 1; i < failed_ && pause < patience_.longest; ++i) pause *= 2;
  pause = std::min(std::max(pause, AskedFor(error)), patience_.longest);
  if (now + pause - *since_ > patience_.most) return false;
  if (patience_.told) patience_.told(error, pause);
  patience_.pause(pause);
  return true;
}

void Attempts::Progress() {
  failed_ = 0;
  since_.reset();
}

}  // namespace breakwater::admin
