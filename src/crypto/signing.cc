#include "crypto/signing.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "crypto/hash.h"
#include "crypto/openssl.h"

namespace breakwater::crypto {
namespace {

using BignumPtr = UniqueHandle<BIGNUM, BN_free>;
using ParamBuilderPtr = UniqueHandle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using ParamsPtr = UniqueHandle<OSSL_PARAM, OSSL_PARAM_free>;

constexpr int kLeastBits = 2048;
constexpr int kMostBits = 8192;
constexpr std::size_t kMaxPemOctets = 32 * 1024;
constexpr unsigned long kLeastExponent = 65537;
constexpr int kMostExponentBits = 64;
constexpr std::size_t kMaxKidOctets = 256;

// A PEM that is encrypted must not make OpenSSL ask for a pass phrase on the terminal.
int NoPassPhrase(char*, int, int, void*) {
  return -1;
}

BignumPtr Parameter(const EVP_PKEY* pkey, const char* name) {
  BIGNUM* number = nullptr;
  BW_CHECK(EVP_PKEY_get_bn_param(pkey, name, &number) == 1);
  return BignumPtr(number);
}

std::string EncodeNumber(const BIGNUM* number) {
  Bytes octets(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, Octets(octets.data()));
  return Base64UrlEncode(octets);
}

std::string Thumbprint(const std::string& n, const std::string& e) {
  // RFC 7638 §3.2: the required members alone, in this order.
  return Base64UrlEncode(Sha256(AsBytes(R"({"e":")" + e + R"(","kty":"RSA","n":")" + n + R"("})")));
}

Status CheckRsa(const EVP_PKEY* pkey) {
  if (EVP_PKEY_is_a(pkey, "RSA") != 1) return Invalid("not an RSA key");
  const int bits = EVP_PKEY_get_bits(pkey);
  if (bits < kLeastBits || bits > kMostBits) {
    return Invalid("an RSA key must have 2048 to 8192 bits");
  }
  const BignumPtr e = Parameter(pkey, OSSL_PKEY_PARAM_RSA_E);
  const BignumPtr least(BN_new());
  BW_CHECK(least != nullptr && BN_set_word(least.get(), kLeastExponent) == 1);
  if (BN_is_odd(e.get()) == 0 || BN_cmp(e.get(), least.get()) < 0 ||
      BN_num_bits(e.get()) > kMostExponentBits) {
    return Invalid("an RSA key's exponent must be odd and at least 65537");
  }
  return Ok();
}

// A context that is set up once and duplicated for each use: the set-up fetches by name.
PkeyCtxPtr NewContext(EVP_PKEY* pkey, int (*init)(EVP_PKEY_CTX*)) {
  PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey, nullptr));
  BW_CHECK(context != nullptr);
  BW_CHECK(init(context.get()) == 1);
  BW_CHECK(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1);
  BW_CHECK(EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1);
  return context;
}

PkeyCtxPtr Duplicate(const PkeyCtxPtr& context) {
  PkeyCtxPtr copy(EVP_PKEY_CTX_dup(context.get()));
  BW_CHECK(copy != nullptr);
  return copy;
}

BioPtr MemoryBio(std::string_view text) {
  // The caller has checked that the length fits an int.
  BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  BW_CHECK(bio != nullptr);
  return bio;
}

std::string TakeText(const BioPtr& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Result<BignumPtr> DecodeNumber(const json::Value& jwk, std::string_view name) {
  const std::string_view text = json::FindText(jwk, name);
  if (text.empty() || text.size() > kMaxPemOctets) return Invalid("not an RSA public JWK");
  BW_TRY(const Bytes octets, Base64UrlDecode(text));
  BignumPtr number(BN_bin2bn(Octets(octets.data()), static_cast<int>(octets.size()), nullptr));
  BW_CHECK(number != nullptr);
  return number;
}

Result<PkeyPtr> PublicFromNumbers(const BIGNUM* n, const BIGNUM* e) {
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  BW_CHECK(builder != nullptr);
  BW_CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n) == 1);
  BW_CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e) == 1);
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  BW_CHECK(params != nullptr && context != nullptr);
  EVP_PKEY* pkey = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return Invalid("not an RSA public key").Log(TakeOpensslErrors());
  }
  return PkeyPtr(pkey);
}

Status CheckJwkUse(const json::Value& jwk) {
  if (json::FindText(jwk, "kty") != "RSA") return Unsupported("not a JWK of type RSA");
  const std::string_view use = json::FindText(jwk, "use");
  const std::string_view algorithm = json::FindText(jwk, "alg");
  if ((!use.empty() && use != "sig") || (!algorithm.empty() && algorithm != "RS256")) {
    return Unsupported("not a JWK for RS256 signatures");
  }
  return Ok();
}

// Whether the private key belongs to its public key. EVP_PKEY_pairwise_check would test the primes
// for primality as well, which takes 50 ms of every start and delivery.
bool VerifiesItsOwn(EVP_PKEY* pkey) {
  const Bytes message = Sha256(AsBytes("a message to try the key with"));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey, nullptr));
  BW_CHECK(context != nullptr);
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(pkey)));
  std::size_t size = signature.size();
  return EVP_PKEY_sign_init(context.get()) == 1 &&
         EVP_PKEY_sign(context.get(), Octets(signature.data()), &size, Octets(message.data()),
                       message.size()) == 1 &&
         EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_verify(context.get(), Octets(signature.data()), size, Octets(message.data()),
                         message.size()) == 1;
}

}  // namespace

struct VerifyingKey::State {
  State(PkeyPtr key, std::string_view name)
      : pkey(std::move(key)),
        verify(NewContext(pkey.get(), EVP_PKEY_verify_init)),
        n(EncodeNumber(Parameter(pkey.get(), OSSL_PKEY_PARAM_RSA_N).get())),
        e(EncodeNumber(Parameter(pkey.get(), OSSL_PKEY_PARAM_RSA_E).get())),
        kid(name.empty() ? Thumbprint(n, e) : std::string(name)) {}

  PkeyPtr pkey;
  PkeyCtxPtr verify;
  std::string n;
  std::string e;
  std::string kid;
};

Result<VerifyingKey> VerifyingKey::FromPem(std::string_view pem) {
  if (pem.size() > kMaxPemOctets) return Invalid("not a PEM public key");
  const BioPtr bio = MemoryBio(pem);
  PkeyPtr pkey(PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassPhrase, nullptr));
  if (pkey == nullptr) return Invalid("not a PEM public key").Log(TakeOpensslErrors());
  BW_TRY_STATUS(CheckRsa(pkey.get()));
  return VerifyingKey(std::make_shared<const State>(std::move(pkey), ""));
}

Result<VerifyingKey> VerifyingKey::FromJwk(const json::Value& jwk) {
  BW_TRY_STATUS(CheckJwkUse(jwk));
  BW_TRY(const BignumPtr n, DecodeNumber(jwk, "n"));
  BW_TRY(const BignumPtr e, DecodeNumber(jwk, "e"));
  BW_TRY(PkeyPtr pkey, PublicFromNumbers(n.get(), e.get()));
  BW_TRY_STATUS(CheckRsa(pkey.get()));
  const std::string_view kid = json::FindText(jwk, "kid");
  if (kid.size() > kMaxKidOctets) return Invalid("a JWK's kid has at most 256 octets");
  return VerifyingKey(std::make_shared<const State>(std::move(pkey), kid));
}

const std::string& VerifyingKey::kid() const {
  return state_->kid;
}

bool VerifyingKey::Verify(ByteView message, ByteView signature) const {
  const Bytes digest = Sha256(message);
  const PkeyCtxPtr context = Duplicate(state_->verify);
  const int outcome = EVP_PKEY_verify(context.get(), Octets(signature.data()), signature.size(),
                                      Octets(digest.data()), digest.size());
  if (outcome != 1) ERR_clear_error();
  return outcome == 1;
}

std::string VerifyingKey::ToPem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  BW_CHECK(bio != nullptr && PEM_write_bio_PUBKEY(bio.get(), state_->pkey.get()) == 1);
  return TakeText(bio);
}

json::Value VerifyingKey::ToJwk() const {
  json::Object jwk;
  jwk["kty"] = "RSA";
  jwk["alg"] = json::Text(algorithm());
  jwk["use"] = "sig";
  jwk["kid"] = json::Text(state_->kid);
  jwk["n"] = json::Text(state_->n);
  jwk["e"] = json::Text(state_->e);
  return jwk;
}

struct SigningKey::State {
  explicit State(PkeyPtr key)
      : pkey(std::move(key)), sign(NewContext(pkey.get(), EVP_PKEY_sign_init)) {}

  PkeyPtr pkey;
  PkeyCtxPtr sign;
};

SigningKey SigningKey::FromPkey(evp_pkey_st* pkey) {
  auto state = std::make_shared<const State>(PkeyPtr(pkey));
  const BignumPtr n = Parameter(state->pkey.get(), OSSL_PKEY_PARAM_RSA_N);
  const BignumPtr e = Parameter(state->pkey.get(), OSSL_PKEY_PARAM_RSA_E);
  auto public_pkey = PublicFromNumbers(n.get(), e.get());
  BW_CHECK(public_pkey.ok());
  VerifyingKey public_key(
      std::make_shared<const VerifyingKey::State>(std::move(public_pkey).value(), ""));
  return {std::move(state), std::move(public_key)};
}

SigningKey SigningKey::Generate() {
  EVP_PKEY* const pkey = EVP_RSA_gen(kBits);
  BW_CHECK(pkey != nullptr);
  return FromPkey(pkey);
}

Result<SigningKey> SigningKey::FromPem(const Secret& pem) {
  const auto malformed = [] { return Invalid("not an unencrypted PKCS#8 private key"); };
  const std::string& text = pem.Reveal();
  if (text.size() > kMaxPemOctets || !text.starts_with("-----BEGIN PRIVATE KEY-----")) {
    return malformed();
  }
  const BioPtr bio = MemoryBio(text);
  PkeyPtr pkey(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassPhrase, nullptr));
  if (pkey == nullptr) return malformed().Log(TakeOpensslErrors());
  BW_TRY_STATUS(CheckRsa(pkey.get()));
  if (!VerifiesItsOwn(pkey.get())) {
    return Invalid("the private key does not belong to its public key").Log(TakeOpensslErrors());
  }
  return FromPkey(pkey.release());
}

Bytes SigningKey::Sign(ByteView message) const {
  const Bytes digest = Sha256(message);
  const PkeyCtxPtr context = Duplicate(state_->sign);
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(state_->pkey.get())));
  std::size_t size = signature.size();
  BW_CHECK(EVP_PKEY_sign(context.get(), Octets(signature.data()), &size, Octets(digest.data()),
                         digest.size()) == 1);
  signature.resize(size);
  return signature;
}

Secret SigningKey::ToPem() const {
  // Secure memory is wiped when the BIO goes.
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  BW_CHECK(bio != nullptr);
  BW_CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), state_->pkey.get(), nullptr, nullptr, 0,
                                         nullptr, nullptr) == 1);
  return Secret(TakeText(bio));
}

}  // namespace breakwater::crypto
