#include "crypto/sealing.h"

#include "crypto/openssl.h"
#include "crypto/random.h"

namespace breakwater::crypto {
namespace {

constexpr std::byte kVersion{1};
constexpr std::size_t kNonceOctets = 12;
constexpr std::size_t kTagOctets = 16;
constexpr std::size_t kOverhead = 1 + kNonceOctets + kTagOctets;

enum class Direction : int { kOpen = 0, kSeal = 1 };

const EVP_CIPHER* Aes256Gcm() {
  static const EVP_CIPHER* const kCipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  BW_CHECK(kCipher != nullptr);
  return kCipher;
}

Status CheckKey(const Secret& key) {
  if (key.Reveal().size() != kSealingKeyOctets) return Invalid("a sealing key has 32 octets");
  return Ok();
}

// Lengths are below kMaxSealedOctets, so that they fit an int.
CipherCtxPtr Start(Direction direction, const Secret& key, const std::byte* nonce,
                   ByteView associated_data) {
  CipherCtxPtr context(EVP_CIPHER_CTX_new());
  BW_CHECK(context != nullptr);
  const unsigned char* key_octets = Octets(AsBytes(key.Reveal()).data());
  BW_CHECK(EVP_CipherInit_ex2(context.get(), Aes256Gcm(), key_octets, Octets(nonce),
                              static_cast<int>(direction), nullptr) == 1);
  int length = 0;
  if (!associated_data.empty()) {
    BW_CHECK(EVP_CipherUpdate(context.get(), nullptr, &length, Octets(associated_data.data()),
                              static_cast<int>(associated_data.size())) == 1);
  }
  return context;
}

}  // namespace

Secret NewSealingKey() {
  return Secret(std::string(AsText(RandomBytes(kSealingKeyOctets))));
}

Result<Bytes> Seal(const Secret& key, ByteView plaintext, ByteView associated_data) {
  BW_TRY_STATUS(CheckKey(key));
  if (plaintext.size() > kMaxSealedOctets || associated_data.size() > kMaxSealedOctets) {
    return Invalid("text too large to seal");
  }
  Bytes out(plaintext.size() + kOverhead);
  out[0] = kVersion;
  const Bytes nonce = RandomBytes(kNonceOctets);
  std::copy(nonce.begin(), nonce.end(), out.begin() + 1);

  const CipherCtxPtr context = Start(Direction::kSeal, key, nonce.data(), associated_data);
  std::byte* const body = out.data() + 1 + kNonceOctets;
  int length = 0;
  BW_CHECK(EVP_CipherUpdate(context.get(), Octets(body), &length, Octets(plaintext.data()),
                            static_cast<int>(plaintext.size())) == 1);
  std::byte* const tag = body + plaintext.size();
  BW_CHECK(EVP_CipherFinal_ex(context.get(), Octets(tag), &length) == 1);
  BW_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagOctets, tag) == 1);
  return out;
}

Result<Secret> Open(const Secret& key, ByteView sealed, ByteView associated_data) {
  BW_TRY_STATUS(CheckKey(key));
  if (sealed.size() < kOverhead || sealed.size() > kMaxSealedOctets + kOverhead ||
      sealed[0] != kVersion || associated_data.size() > kMaxSealedOctets) {
    return DataCorrupt("not a sealed text");
  }
  const CipherCtxPtr context = Start(Direction::kOpen, key, sealed.data() + 1, associated_data);
  const ByteView body = sealed.subspan(1 + kNonceOctets, sealed.size() - kOverhead);
  // OpenSSL takes the tag by a pointer to non-const.
  Bytes tag(sealed.end() - kTagOctets, sealed.end());
  std::string text(body.size(), '\0');
  int length = 0;
  BW_CHECK(EVP_CipherUpdate(context.get(), reinterpret_cast<unsigned char*>(text.data()), &length,
                            Octets(body.data()), static_cast<int>(body.size())) == 1);
  Secret plaintext(std::move(text));
  BW_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagOctets, tag.data()) == 1);
  unsigned char none[16];
  if (EVP_CipherFinal_ex(context.get(), none, &length) != 1) {
    ERR_clear_error();
    return DataCorrupt("a sealed text does not open: wrong key, place or content");
  }
  return plaintext;
}

}  // namespace breakwater::crypto
