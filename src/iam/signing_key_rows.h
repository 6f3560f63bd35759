// The rows of signing keys; not for other folders.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/signing.h"
#include "db/database.h"

namespace breakwater::iam {

struct SealedKey {
  std::string kid;
  Bytes sealed;
  Timestamp created;
  Timestamp signs_from;
};

// In the order in which they sign.
Result<std::vector<SealedKey>> ReadSigningKeys(db::Transaction& tx);
// A fresh key pair takes 0.1 s of processor time: to be made outside of transactions.
Result<SealedKey> SealSigningKey(const crypto::SigningKey& key, const Secret& master_key,
                                 Timestamp created, Timestamp signs_from);
Status InsertSigningKey(db::Transaction& tx, const SealedKey& key);
// kDataCorrupt "master_key_wrong".
Result<crypto::SigningKey> OpenSigningKey(const SealedKey& key, const Secret& master_key);

}  // namespace breakwater::iam
