// Authenticated encryption of small texts at rest (AES-256-GCM, NIST SP 800-38D). Thread-safe.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

namespace breakwater::crypto {

inline constexpr std::size_t kSealingKeyOctets = 32;
inline constexpr std::size_t kMaxSealedOctets = 1024 * 1024;

// 32 random octets, as they are (not text).
Secret NewSealingKey();

// Encrypts under a fresh random nonce. The result is: version 1, nonce (12), ciphertext, tag (16).
// `associated_data` is not stored; Open needs the same (say, the name of the row), so that a sealed
// text cannot be moved to another place. Fails (kInvalid) on a key of another length than 32, or
// on a plaintext above kMaxSealedOctets. Nonces are random: one key is good for 2^32 texts.
Result<Bytes> Seal(const Secret& key, ByteView plaintext, ByteView associated_data);

// kDataCorrupt if the key, the associated data or any bit of `sealed` is not what it was.
Result<Secret> Open(const Secret& key, ByteView sealed, ByteView associated_data);

}  // namespace breakwater::crypto
