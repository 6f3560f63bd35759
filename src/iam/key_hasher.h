// API keys as they are kept: a keyed hash, of no use to who steals the database alone.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

namespace breakwater::iam {

// Immutable; thread-safe.
class KeyHasher {
 public:
  explicit KeyHasher(const Secret& master_key);
  Bytes Hash(const Secret& api_key) const;  // HMAC-SHA-256

 private:
  Secret key_;
};

// A fresh API key: 264 random bits as 44 characters.
Secret NewApiKeyValue();

}  // namespace breakwater::iam
