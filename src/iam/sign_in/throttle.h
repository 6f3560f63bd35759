// How often somebody may try to sign in: by name, in rows that survive a restart and count for all
// processes, and by address, in bounded memory of one process.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/ids.h"
#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "db/database.h"

namespace breakwater::iam {

struct ThrottleOptions {
  // Failures in a row that cost nothing; each further one blocks the name twice as long.
  std::int64_t free_failures = 5;
  std::chrono::seconds longest_block{std::chrono::minutes{15}};
  // Failures are forgotten after so long.
  std::chrono::seconds memory{std::chrono::hours{24}};
  // Failures an address may have at once, and how many it regains each minute.
  double address_burst = 30;
  double address_per_minute = 30;
  std::size_t addresses = 8192;
};

// Thread-safe. An attempt is charged before it is made, so that no number of them at once gets
// more tries than one after the other; success gives back.
class SignInThrottle {
 public:
  SignInThrottle(db::Database& database, const Clock& clock, ThrottleOptions options = {})
      : database_(database), clock_(clock), options_(options) {}

  // kRateLimited "too_many_attempts", which says when to try again. Each calls for one that says
  // how it went.
  Status EnterAddress(std::string_view address) BW_EXCLUDES(mutex_);
  Status EnterName(const std::string& subject);
  // The attempt succeeded.
  void ForgetAddress(std::string_view address) BW_EXCLUDES(mutex_);
  Status ForgetName(const std::string& subject);
  // Removes rows that say nothing any more.
  Status Sweep();

  static std::string UserSubject(const IamId& iam_id);
  // The subject of a name that nobody has: one of a bounded number.
  static std::string UnknownSubject(std::string_view hash_of_name);

 private:
  struct Bucket {
    double left = 0;
    Timestamp at;
  };
  void MakeRoom(Timestamp now) BW_REQUIRES(mutex_);

  db::Database& database_;
  const Clock& clock_;
  const ThrottleOptions options_;
  Mutex mutex_;
  std::unordered_map<std::string, Bucket> addresses_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::iam
