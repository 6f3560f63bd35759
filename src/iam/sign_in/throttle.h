// How often somebody may try to sign in: by name and address together, by name from everywhere, in
// rows that survive a restart and count for all processes, and by address, in bounded memory of one
// process.
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
#include "iam/key_hasher.h"

namespace breakwater::iam {

struct ThrottleOptions {
  // Failures in a row that cost nothing; each further one blocks the name twice as long.
  std::int64_t free_failures = 5;
  // The same of one name from all addresses but those from which it signed in before: strangers
  // can slow each other down, and not who comes from where they always do.
  std::int64_t free_failures_everywhere = 50;
  std::int64_t known_addresses = 32;  // of one name: the latest
  std::chrono::hours addresses_known_for{24 * 90};
  std::chrono::seconds longest_block{std::chrono::minutes{15}};
  // Failures are forgotten after so long.
  std::chrono::seconds memory{std::chrono::hours{24}};
  // Failures an address may have at once, and how many it regains each minute.
  double address_burst = 30;
  double address_per_minute = 30;
  std::size_t addresses = 8192;
};

// What an attempt is charged to.
struct ThrottleSubject {
  std::string everywhere;  // whom it is for
  std::string here;        // the same from this network
  std::string network;
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
  Status EnterName(const ThrottleSubject& subject);
  // The attempt succeeded.
  void ForgetAddress(std::string_view address) BW_EXCLUDES(mutex_);
  Status ForgetName(const ThrottleSubject& subject);
  // Removes rows that say nothing any more.
  Status Sweep();

  static ThrottleSubject User(const IamId& iam_id, std::string_view address);
  // Somebody of a source, whatever name they are known by there.
  static ThrottleSubject OfSource(std::string_view realm, std::string_view subject,
                                  std::string_view address);
  // A name that nobody has: one of a bounded number. `hasher` is keyed, so that nobody can look for
  // names that share.
  static ThrottleSubject Unknown(const KeyHasher& hasher, std::string_view name,
                                 std::string_view address);

 private:
  struct Bucket {
    double left = 0;
    Timestamp at;
  };
  Status Charge(db::Transaction& tx, const std::string& subject, std::int64_t free, Timestamp now);
  void MakeRoom(Timestamp now) BW_REQUIRES(mutex_);

  db::Database& database_;
  const Clock& clock_;
  const ThrottleOptions options_;
  Mutex mutex_;
  std::unordered_map<std::string, Bucket> addresses_ BW_GUARDED_BY(mutex_);
};

// Whoever may have many addresses is known by their network.
std::string NetworkOf(std::string_view address);

}  // namespace breakwater::iam
