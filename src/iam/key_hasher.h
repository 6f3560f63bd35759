// API keys as they are kept: a keyed hash, of no use to who steals the database alone.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace breakwater::iam {

// Immutable; thread-safe.
class KeyHasher {
 public:
  explicit KeyHasher(const Secret& master_key);
  Bytes Hash(const Secret& api_key) const;  // HMAC-SHA-256
  // The value of a key of this id, for one who asked that it be kept. kDataCorrupt from Open.
  Result<Bytes> Seal(const Secret& api_key, std::string_view id) const;
  Result<Secret> Open(const Bytes& sealed, std::string_view id) const;

 private:
  Secret key_;
  Secret sealing_key_;
};

// A fresh API key: 264 random bits as 44 characters.
Secret NewApiKeyValue();

}  // namespace breakwater::iam
