#include "iam/key_hasher.h"

#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/sealing.h"

namespace breakwater::iam {

// A key of its own, derived so that the master key never touches outside input directly.
KeyHasher::KeyHasher(const Secret& master_key)
    : key_(std::string(AsText(crypto::HmacSha256(AsBytes(master_key.Reveal()),
                                                 AsBytes("breakwater api key hash v1"))))),
      sealing_key_(std::string(AsText(crypto::HmacSha256(
          AsBytes(master_key.Reveal()), AsBytes("breakwater api key seal v1"))))) {}

Bytes KeyHasher::Hash(const Secret& api_key) const {
  return crypto::HmacSha256(AsBytes(key_.Reveal()), AsBytes(api_key.Reveal()));
}

Result<Bytes> KeyHasher::Seal(const Secret& api_key, std::string_view id) const {
  return crypto::Seal(sealing_key_, AsBytes(api_key.Reveal()), AsBytes(id));
}

Result<Secret> KeyHasher::Open(const Bytes& sealed, std::string_view id) const {
  return crypto::Open(sealing_key_, sealed, AsBytes(id));
}

Secret NewApiKeyValue() {
  return Secret(crypto::RandomToken(33));
}

}  // namespace breakwater::iam
