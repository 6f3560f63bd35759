// Views of raw bytes and text encodings of them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace breakwater {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

inline ByteView AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string HexEncode(ByteView bytes);                 // lower case
Result<Bytes> HexDecode(std::string_view text);        // either case
std::string Base64Encode(ByteView bytes);              // RFC 4648 §4, padded
Result<Bytes> Base64Decode(std::string_view text);     // strict; padding required
std::string Base64UrlEncode(ByteView bytes);           // RFC 4648 §5, no padding
Result<Bytes> Base64UrlDecode(std::string_view text);  // strict; no padding

// RFC 3986: everything but unreserved characters and those of `keep` is escaped.
std::string PercentEncode(std::string_view text, std::string_view keep = "");
// Fails on a broken escape, an escaped NUL, and what is not UTF-8. `plus_is_space` for form bodies
// and queries.
Result<std::string> PercentDecode(std::string_view text, bool plus_is_space = false);

}  // namespace breakwater
