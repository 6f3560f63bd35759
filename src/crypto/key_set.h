// The keys a token may be signed with, by `kid` (RFC 7517 §5).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "crypto/signing.h"

namespace breakwater::crypto {

// A value; not synchronised. Share one as `shared_ptr<const KeySet>` and swap it on rotation.
class KeySet {
 public:
  static constexpr std::size_t kMaxKeys = 64;

  // Reads a JWK Set. Keys of other types or uses are passed over, as RFC 7517 §5 wants; kInvalid
  // if it is no JWK Set, has more than kMaxKeys keys or two of one `kid`.
  static Result<KeySet> FromJwks(const json::Value& jwks);

  // kExists if there is a key of this `kid`; kTooLarge beyond kMaxKeys.
  Status Add(VerifyingKey key);
  // False if there is none.
  bool Remove(std::string_view kid);
  // Null if there is none. Valid until the set changes.
  const VerifyingKey* Find(std::string_view kid) const;
  std::size_t size() const { return keys_.size(); }
  // {"keys":[…]} in the order of `kid`.
  json::Value ToJwks() const;

 private:
  std::map<std::string, VerifyingKey, std::less<>> keys_;
};

}  // namespace breakwater::crypto
