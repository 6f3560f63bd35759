// Content digests: "sha256:…" and "sha512:…" in exact lower-case hex (image-spec, "Digests").
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace breakwater::oci {

class Digest {
 public:
  // Anything but a known algorithm with hex of its exact length is kInvalid, "digest_invalid".
  static Result<Digest> Parse(std::string_view text);
  static Digest Of(ByteView bytes,
                   crypto::HashAlgorithm algorithm = crypto::HashAlgorithm::kSha256);
  // From a finished hasher of that algorithm.
  static Digest FromHash(crypto::HashAlgorithm algorithm, ByteView hash);

  crypto::HashAlgorithm algorithm() const { return algorithm_; }
  std::string_view algorithm_name() const;  // "sha256"
  std::string_view hex() const;
  const std::string& text() const { return text_; }  // "sha256:…"

  friend bool operator==(const Digest& a, const Digest& b) { return a.text_ == b.text_; }
  friend auto operator<=>(const Digest& a, const Digest& b) { return a.text_ <=> b.text_; }

 private:
  Digest(crypto::HashAlgorithm algorithm, std::string text);
  crypto::HashAlgorithm algorithm_;
  std::string text_;
};

}  // namespace breakwater::oci

template <>
struct std::hash<breakwater::oci::Digest> {
  std::size_t operator()(const breakwater::oci::Digest& d) const noexcept {
    return std::hash<std::string>{}(d.text());
  }
};
