// Signed heads: "at this time the chain had so many entries, and ended with this hash". Whoever
// keeps one outside can tell later that nothing before it was changed or cut off.
//
// The signature is RSASSA-PKCS1-v1_5 with SHA-256 over SignedText; its key signs evidence
// bundles besides, and lies in the database sealed with the installation's master key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/log.h"
#include "base/secret.h"
#include "crypto/signing.h"
#include "db/database.h"
#include "json/json.h"

namespace breakwater::audit {

struct Head {
  std::int64_t sequence = 0;  // entries that the chain had
  std::string hash;           // of the last of them
  Timestamp time = {};
  std::string kid;        // the signing key's JWK thumbprint (RFC 7638)
  std::string signature;  // base64url
  friend bool operator==(const Head&, const Head&) = default;
};

json::Value ToJson(const Head& head);
Result<Head> HeadFromJson(const json::Value& document);

// "breakwater audit head\n7\n<hash>\n<RFC 3339 time>\n<kid>\n".
std::string SignedText(const Head& head);
bool IsSignedBy(const Head& head, const crypto::VerifyingKey& key);

// Thread-safe.
class Heads {
 public:
  // Reads the key, making one if there is none; processes that start together agree on one.
  // `sealing_key`: crypto::kSealingKeyOctets octets. kDataCorrupt "master_key_wrong" if the key
  // does not open with it. What is given must outlive it.
  static Result<Heads> Open(db::Database& database, const Log& log, const Secret& sealing_key,
                            const Clock& clock);

  const crypto::VerifyingKey& public_key() const { return key_.public_key(); }
  // Of the same key, over what begins with another word than SignedText: evidence bundles.
  Bytes SignMessage(ByteView message) const { return key_.Sign(message); }

  // A head of the chain as it is now; the one there was if nothing was sealed since. Nothing for an
  // empty chain.
  Result<std::optional<Head>> Sign() const;
  // A head of an earlier end: always the same one for the same end.
  Result<Head> SignAt(const ChainEnd& end) const;
  Result<std::optional<Head>> Latest() const;
  // With sequences from `first` on, in order.
  Result<std::vector<Head>> List(std::int64_t first, std::int64_t limit) const;

 private:
  Heads(db::Database& database, const Log& log, crypto::SigningKey key, const Clock& clock)
      : database_(&database), log_(&log), clock_(&clock), key_(std::move(key)) {}

  db::Database* database_;
  const Log* log_;
  const Clock* clock_;
  crypto::SigningKey key_;
};

}  // namespace breakwater::audit
