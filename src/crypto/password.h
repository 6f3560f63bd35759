// Password hashes: Argon2id (RFC 9106) as PHC strings, e.g.
//   $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/sync.h"

namespace breakwater::crypto {

inline constexpr std::size_t kMaxPasswordOctets = 1024;

struct PasswordHashOptions {
  std::uint32_t memory_kib = 19 * 1024;  // OWASP's choice for Argon2id
  std::uint32_t passes = 2;
  std::uint32_t lanes = 1;
  // Each hash holds `memory_kib` and one core: more at a time than cores is of no use.
  std::size_t max_concurrent = 2;
  std::size_t max_waiting = 64;
  std::chrono::milliseconds max_wait{5000};
};

// kDataCorrupt if `phc` is not an Argon2id string or asks for more work than PasswordHasher does.
Status CheckPasswordHash(std::string_view phc);

// Thread-safe. Calls beyond `max_concurrent` wait for their turn; beyond `max_waiting`, or after
// `max_wait`, they fail with kRateLimited ("password_hash_busy").
class PasswordHasher {
 public:
  explicit PasswordHasher(PasswordHashOptions options = {}) : options_(options) {}

  // A PHC string with a fresh salt. kInvalid for a password above kMaxPasswordOctets.
  Result<std::string> Hash(const Secret& password);

  // Whether `phc` is a hash of `password`. kDataCorrupt if `phc` is not an Argon2id string or asks
  // for more work than we are ready to do (256 MiB, 16 passes, 8 lanes).
  Result<bool> Verify(const Secret& password, std::string_view phc);

  // Whether `phc` was made with other parameters than ours, so that a login should renew it.
  bool NeedsRehash(std::string_view phc) const;

 private:
  class Turn;
  Status Enter() BW_EXCLUDES(mutex_);
  void Leave() BW_EXCLUDES(mutex_);

  const PasswordHashOptions options_;
  Mutex mutex_;
  ConditionVariable freed_;
  std::size_t running_ BW_GUARDED_BY(mutex_) = 0;
  std::size_t waiting_ BW_GUARDED_BY(mutex_) = 0;
};

}  // namespace breakwater::crypto
