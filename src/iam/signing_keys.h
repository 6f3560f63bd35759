// The keys that sign this installation's tokens: sealed at rest, shown before they sign, and known
// until every token of theirs has ended. All processes over one database follow its rows.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "crypto/key_set.h"
#include "crypto/signing.h"
#include "db/database.h"

namespace breakwater::iam {

// A handle; copies share what they know. Thread-safe. What another process changed is seen within
// a second, and at once where an unknown key is asked for; a read that fails leaves what was known.
class SigningKeys {
 public:
  // Reads the keys, making one if there is none; processes that start together agree on one.
  // `master_key`: crypto::kSealingKeyOctets octets. kDataCorrupt "master_key_wrong" if a key does
  // not open with it. `database` and `clock` must outlive all handles.
  static Result<SigningKeys> Open(db::Database& database, const Secret& master_key,
                                  const Clock& clock);
  // One key that never changes and is in no database.
  static SigningKeys Fixed(crypto::SigningKey key);
  // Whether every key opens with `master_key`; makes none. kDataCorrupt "master_key_wrong".
  static Status Check(db::Database& database, const Secret& master_key);

  // The one that signs now.
  crypto::SigningKey current() const;
  // All of them, the next one included. Never null.
  std::shared_ptr<const crypto::KeySet> verifying() const;
  // The same, looked up anew unless that was just done: for a token of a key that is not known.
  std::shared_ptr<const crypto::KeySet> verifying_now() const;

 private:
  class State;
  explicit SigningKeys(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

}  // namespace breakwater::iam
