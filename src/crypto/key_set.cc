#include "crypto/key_set.h"

namespace breakwater::crypto {

Result<KeySet> KeySet::FromJwks(const json::Value& jwks) {
  const json::Value* const keys = json::Find(jwks, "keys");
  if (keys == nullptr || !keys->is_array()) return Invalid("not a JWK Set");
  if (keys->get_array().size() > kMaxKeys) return Invalid("a JWK Set with too many keys");
  KeySet out;
  for (const json::Value& jwk : keys->get_array()) {
    auto key = VerifyingKey::FromJwk(jwk);
    if (!key.ok() && key.error().code() == ErrorCode::kUnsupported) continue;
    if (!key.ok()) return std::move(key).error();
    if (!out.Add(std::move(key).value()).ok()) {
      return Invalid("a JWK Set with two keys of one kid");
    }
  }
  return out;
}

Status KeySet::Add(VerifyingKey key) {
  if (keys_.size() >= kMaxKeys) return TooLarge("too many keys in the key set");
  std::string kid = key.kid();
  if (!keys_.try_emplace(std::move(kid), std::move(key)).second) {
    return Exists("a key of this kid is in the set");
  }
  return Ok();
}

bool KeySet::Remove(std::string_view kid) {
  const auto found = keys_.find(kid);
  if (found == keys_.end()) return false;
  keys_.erase(found);
  return true;
}

const VerifyingKey* KeySet::Find(std::string_view kid) const {
  const auto found = keys_.find(kid);
  return found == keys_.end() ? nullptr : &found->second;
}

json::Value KeySet::ToJwks() const {
  json::Array keys;
  for (const auto& [kid, key] : keys_) keys.push_back(key.ToJwk());
  json::Object jwks;
  jwks["keys"] = std::move(keys);
  return jwks;
}

}  // namespace breakwater::crypto
