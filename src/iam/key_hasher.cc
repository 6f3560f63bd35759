#include "iam/key_hasher.h"

#include "crypto/hash.h"
#include "crypto/random.h"

namespace breakwater::iam {

// A key of its own, derived so that the master key never touches outside input directly.
KeyHasher::KeyHasher(const Secret& master_key)
    : key_(std::string(AsText(crypto::HmacSha256(AsBytes(master_key.Reveal()),
                                                 AsBytes("breakwater api key hash v1"))))) {}

Bytes KeyHasher::Hash(const Secret& api_key) const {
  return crypto::HmacSha256(AsBytes(key_.Reveal()), AsBytes(api_key.Reveal()));
}

Secret NewApiKeyValue() {
  return Secret(crypto::RandomToken(33));
}

}  // namespace breakwater::iam
