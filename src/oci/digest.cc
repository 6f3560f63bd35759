#include "oci/digest.h"

#include <algorithm>

namespace breakwater::oci {
namespace {

constexpr std::string_view kSha256 = "sha256";
constexpr std::string_view kSha512 = "sha512";

std::string_view Name(crypto::HashAlgorithm algorithm) {
  switch (algorithm) {
    case crypto::HashAlgorithm::kSha256: return kSha256;
    case crypto::HashAlgorithm::kSha512: return kSha512;
  }
  BW_UNREACHABLE();
}

}  // namespace

Digest::Digest(crypto::HashAlgorithm algorithm, std::string text)
    : algorithm_(algorithm), text_(std::move(text)) {}

Result<Digest> Digest::Parse(std::string_view text) {
  const auto malformed = [] {
    return Invalid("malformed digest: want sha256: or sha512: and lower-case hex of that length")
        .Reason("digest_invalid");
  };
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return malformed();
  const std::string_view name = text.substr(0, colon);
  const std::string_view hex = text.substr(colon + 1);
  if (name != kSha256 && name != kSha512) return malformed();
  const bool is_sha256 = name == kSha256;
  const bool lower_hex = std::all_of(hex.begin(), hex.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (hex.size() != (is_sha256 ? 64U : 128U) || !lower_hex) return malformed();
  return Digest(is_sha256 ? crypto::HashAlgorithm::kSha256 : crypto::HashAlgorithm::kSha512,
                std::string(text));
}

Digest Digest::Of(ByteView bytes, crypto::HashAlgorithm algorithm) {
  crypto::Hasher hasher(algorithm);
  hasher.Update(bytes);
  return FromHash(algorithm, hasher.Finish());
}

Digest Digest::FromHash(crypto::HashAlgorithm algorithm, ByteView hash) {
  return {algorithm, std::string(Name(algorithm)) + ":" + HexEncode(hash)};
}

std::string_view Digest::algorithm_name() const {
  return Name(algorithm_);
}

std::string_view Digest::hex() const {
  return std::string_view(text_).substr(algorithm_name().size() + 1);
}

}  // namespace breakwater::oci
