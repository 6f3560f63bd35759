#include "iam/signing_keys.h"

#include <string>
#include <vector>

#include "crypto/sealing.h"

namespace breakwater::iam {
namespace {

struct SealedKey {
  std::string kid;
  Bytes sealed;
};

Result<std::vector<SealedKey>> ReadKeys(db::Transaction& tx) {
  return tx.QueryAll("SELECT kid, sealed FROM iam_signing_key ORDER BY created_at, kid", {},
                     [](const db::Row& row) {
                       const ByteView sealed = row.Blob(1);
                       return SealedKey{row.String(0), Bytes(sealed.begin(), sealed.end())};
                     });
}

Result<std::vector<SealedKey>> MakeFirst(db::Database& database, const Secret& master_key,
                                         const Clock& clock) {
  const auto key = crypto::SigningKey::Generate();
  BW_TRY(const Bytes sealed,
         crypto::Seal(master_key, AsBytes(key.ToPem().Reveal()), AsBytes(key.kid())));
  return database.WriteValue([&](db::Transaction& tx) -> Result<std::vector<SealedKey>> {
    BW_TRY(auto keys, ReadKeys(tx));
    if (!keys.empty()) return keys;
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO iam_signing_key (kid, sealed, created_at) VALUES ($1, $2, $3)",
                   {key.kid(), sealed, clock.Now()}));
    return std::vector<SealedKey>{{key.kid(), sealed}};
  });
}

Result<crypto::SigningKey> OpenKey(const SealedKey& key, const Secret& master_key) {
  auto pem = crypto::Open(master_key, key.sealed, AsBytes(key.kid));
  if (!pem.ok()) {
    return DataCorrupt(
               "the signing key cannot be opened: the master key is not the one it was "
               "sealed with")
        .Reason("master_key_wrong")
        .Log(pem.error().log());
  }
  return crypto::SigningKey::FromPem(*pem);
}

}  // namespace

Result<SigningKeys> SigningKeys::Open(db::Database& database, const Secret& master_key,
                                      const Clock& clock) {
  BW_TRY(auto sealed, database.ReadValue(ReadKeys));
  if (sealed.empty()) {
    BW_TRY(sealed, MakeFirst(database, master_key, clock));
  }
  crypto::KeySet verifying;
  std::optional<crypto::SigningKey> current;
  for (const SealedKey& key : sealed) {
    BW_TRY(auto opened, OpenKey(key, master_key));
    BW_TRY_STATUS(verifying.Add(opened.public_key()));
    current = std::move(opened);
  }
  return SigningKeys(*std::move(current), std::move(verifying));
}

Status SigningKeys::Check(db::Database& database, const Secret& master_key) {
  BW_TRY(const auto sealed, database.ReadValue(ReadKeys));
  for (const SealedKey& key : sealed) {
    BW_TRY(const auto opened, OpenKey(key, master_key));
    static_cast<void>(opened);
  }
  return Ok();
}

}  // namespace breakwater::iam
