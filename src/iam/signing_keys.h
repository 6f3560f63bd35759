// The keys that sign this installation's tokens: made at the first start, sealed at rest.
#pragma once

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "crypto/key_set.h"
#include "crypto/signing.h"
#include "db/database.h"

namespace breakwater::iam {

// Immutable after Open; thread-safe.
class SigningKeys {
 public:
  // Reads the keys, making one if there is none; processes that start together agree on one.
  // `master_key`: crypto::kSealingKeyOctets octets. kDataCorrupt "master_key_wrong" if a key does
  // not open with it.
  static Result<SigningKeys> Open(db::Database& database, const Secret& master_key,
                                  const Clock& clock);
  // Whether every key opens with `master_key`; makes none. kDataCorrupt "master_key_wrong".
  static Status Check(db::Database& database, const Secret& master_key);

  const crypto::SigningKey& current() const { return current_; }  // the newest
  const crypto::KeySet& verifying() const { return verifying_; }  // all of them

 private:
  SigningKeys(crypto::SigningKey current, crypto::KeySet verifying)
      : current_(std::move(current)), verifying_(std::move(verifying)) {}

  crypto::SigningKey current_;
  crypto::KeySet verifying_;
};

}  // namespace breakwater::iam
