#include "crypto/name_uuid.h"

#include <array>

#include <openssl/evp.h>

namespace breakwater::crypto {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

bool IsDashPlace(std::size_t place) {
  return place == 8 || place == 13 || place == 18 || place == 23;
}

Result<std::string> OctetsOf(std::string_view uuid) {
  if (uuid.size() != 36) return Invalid("a UUID has 36 characters");
  std::string octets;
  unsigned half = 0;
  bool second = false;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (IsDashPlace(i)) {
      if (uuid[i] != '-') return Invalid("a UUID has dashes between its groups");
      continue;
    }
    const char lower = uuid[i] >= 'A' && uuid[i] <= 'F' ? static_cast<char>(uuid[i] + 32) : uuid[i];
    const std::size_t digit = kDigits.find(lower);
    if (digit == std::string_view::npos) return Invalid("a UUID has hexadecimal digits");
    if (second) octets += static_cast<char>(half << 4U | digit);
    half = static_cast<unsigned>(digit);
    second = !second;
  }
  return octets;
}

}  // namespace

Result<std::string> NameUuid(std::string_view space, std::string_view name) {
  BW_TRY(std::string input, OctetsOf(space));
  input += name;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  std::size_t size = 0;
  const int done =
      EVP_Q_digest(nullptr, "SHA1", nullptr, input.data(), input.size(), digest.data(), &size);
  if (done != 1 || size < 16) return Internal("no SHA-1 in this OpenSSL");
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0FU) | 0x50U);
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3FU) | 0x80U);
  std::string out;
  for (std::size_t i = 0; i < 16; ++i) {
    if (IsDashPlace(out.size())) out += '-';
    out += kDigits[digest.at(i) >> 4U];
    out += kDigits[digest.at(i) & 0x0FU];
  }
  return out;
}

}  // namespace breakwater::crypto
