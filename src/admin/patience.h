// Waiting until what fails for now works again: what lasts for hours must not die of one moment in
// which a server restarts, or is asked too much.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "base/result.h"

namespace breakwater::admin {

using PatientClock = std::chrono::steady_clock;

// How long, and by which clock. Thread-safe if its functions are.
struct Patience {
  // Pauses double from the first to the longest. Waiting for one thing ends when there were so many
  // attempts, or when so much time has passed since the first of them failed: less than blobs stay
  // held without a sign of life.
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{30'000};
  int attempts = 20;
  std::chrono::milliseconds most{std::chrono::minutes{8}};
  std::function<PatientClock::time_point()> now = [] { return PatientClock::now(); };
  std::function<void(std::chrono::milliseconds)> pause;
  // Before each pause: why, and how long it is. For people.
  std::function<void(const Error&, std::chrono::milliseconds)> told = {};

  static Patience Real();
};

// Whether the same may succeed later: kUnavailable, kDeadline and kRateLimited, but no certificate
// that is not trusted; and kConflict "backup_running".
bool Passes(const Error& error);

// Attempts at one thing. Not thread-safe; `patience` must outlive it.
class Attempts {
 public:
  explicit Attempts(const Patience& patience) : patience_(patience) {}

  // After a failure: waits for the next attempt. False, at once, where there shall be none. The
  // error's detail "retry_after", seconds, makes the pause longer, but not longer than the longest.
  bool Again(const Error& error);
  // Something was achieved: waiting begins anew with the next failure.
  void Progress();

 private:
  const Patience& patience_;
  int failed_ = 0;
  std::optional<PatientClock::time_point> since_;
};

// What `attempt`, which returns a Result or Status, returns last.
template <class F>
auto Patiently(const Patience& patience, F attempt) {
  Attempts attempts(patience);
  for (;;) {
    auto result = attempt();
    if (result.ok() || !attempts.Again(result.error())) return result;
  }
}

}  // namespace breakwater::admin
