// Message digests (FIPS 180-4) and HMAC (RFC 2104).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

struct evp_md_ctx_st;

namespace breakwater::crypto {

enum class HashAlgorithm { kSha256, kSha512 };

// Octets of a digest: 32 or 64.
std::size_t DigestSize(HashAlgorithm algorithm);

// A digest computed piece by piece. Not thread-safe; may move between threads.
class Hasher {
 public:
  explicit Hasher(HashAlgorithm algorithm);
  // A moved-from Hasher may only be destroyed or assigned to.
  Hasher(Hasher&&) noexcept = default;
  Hasher& operator=(Hasher&&) noexcept = default;
  ~Hasher() = default;

  // The same state, to look at the digest so far and go on (upload sessions).
  Hasher Clone() const;

  HashAlgorithm algorithm() const { return algorithm_; }
  void Update(ByteView bytes);
  void Update(std::string_view text) { Update(AsBytes(text)); }
  // The digest of everything since the start or the last Finish; then starts anew.
  Bytes Finish();

 private:
  struct ContextDeleter {
    void operator()(evp_md_ctx_st* context) const;
  };
  using ContextPtr = std::unique_ptr<evp_md_ctx_st, ContextDeleter>;

  Hasher(HashAlgorithm algorithm, ContextPtr context);

  HashAlgorithm algorithm_;
  ContextPtr context_;
};

// One-shot forms. Thread-safe.
Bytes Sha256(ByteView bytes);
std::string Sha256Hex(std::string_view text);  // lower case
Bytes HmacSha256(ByteView key, ByteView bytes);

}  // namespace breakwater::crypto
