#include "crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/openssl.h"

namespace breakwater::crypto {
namespace {

using MacCtxPtr = UniqueHandle<EVP_MAC_CTX, EVP_MAC_CTX_free>;

// Fetched once and kept for the life of the process: OpenSSL 3.0 looks an algorithm up by name,
// under a lock, whenever a legacy EVP_sha256() is used.
const EVP_MD* Algorithm(HashAlgorithm algorithm) {
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  static const EVP_MD* const kSha512 = EVP_MD_fetch(nullptr, "SHA2-512", nullptr);
  const EVP_MD* found = algorithm == HashAlgorithm::kSha256 ? kSha256 : kSha512;
  BW_CHECK(found != nullptr);
  return found;
}

MacCtxPtr NewHmacContext() {
  static EVP_MAC* const kHmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  BW_CHECK(kHmac != nullptr);
  MacCtxPtr context(EVP_MAC_CTX_new(kHmac));
  BW_CHECK(context != nullptr);
  char digest[] = "SHA2-256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof digest - 1),
      OSSL_PARAM_construct_end()};
  BW_CHECK(EVP_MAC_CTX_set_params(context.get(), params) == 1);
  return context;
}

}  // namespace

std::size_t DigestSize(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha256: return 32;
    case HashAlgorithm::kSha512: return 64;
  }
  BW_UNREACHABLE();
}

void Hasher::ContextDeleter::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Hasher::Hasher(HashAlgorithm algorithm) : Hasher(algorithm, ContextPtr(EVP_MD_CTX_new())) {
  BW_CHECK(context_ != nullptr);
  BW_CHECK(EVP_DigestInit_ex2(context_.get(), Algorithm(algorithm), nullptr) == 1);
}

Hasher::Hasher(HashAlgorithm algorithm, ContextPtr context)
    : algorithm_(algorithm), context_(std::move(context)) {}

Hasher Hasher::Clone() const {
  ContextPtr copy(EVP_MD_CTX_new());
  BW_CHECK(copy != nullptr);
  BW_CHECK(EVP_MD_CTX_copy_ex(copy.get(), context_.get()) == 1);
  return {algorithm_, std::move(copy)};
}

void Hasher::Update(ByteView bytes) {
  BW_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

Bytes Hasher::Finish() {
  Bytes digest(DigestSize(algorithm_));
  BW_CHECK(EVP_DigestFinal_ex(context_.get(), Octets(digest.data()), nullptr) == 1);
  // A null type keeps the algorithm and spares the set-up.
  BW_CHECK(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1);
  return digest;
}

Bytes Sha256(ByteView bytes) {
  thread_local Hasher hasher(HashAlgorithm::kSha256);
  hasher.Update(bytes);
  return hasher.Finish();
}

std::string Sha256Hex(std::string_view text) {
  return HexEncode(Sha256(AsBytes(text)));
}

Bytes HmacSha256(ByteView key, ByteView bytes) {
  thread_local const MacCtxPtr context = NewHmacContext();
  // A null key would mean "the key of the last call".
  static constexpr unsigned char kEmpty = 0;
  const unsigned char* const key_octets = key.empty() ? &kEmpty : Octets(key.data());
  BW_CHECK(EVP_MAC_init(context.get(), key_octets, key.size(), nullptr) == 1);
  BW_CHECK(EVP_MAC_update(context.get(), Octets(bytes.data()), bytes.size()) == 1);
  Bytes mac(DigestSize(HashAlgorithm::kSha256));
  std::size_t size = 0;
  BW_CHECK(EVP_MAC_final(context.get(), Octets(mac.data()), &size, mac.size()) == 1);
  BW_CHECK(size == mac.size());
  return mac;
}

}  // namespace breakwater::crypto
