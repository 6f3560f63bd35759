// Byte ranges of blob reads (RFC 9110 §14) and of upload chunks (distribution-spec, "Pushing a blob
// in chunks").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace breakwater::oci {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// What a Range header asks of a body of `size` bytes. Nothing: answer with the whole body (another
// unit, or several ranges). kRangeInvalid, "range_invalid", if it is malformed or lies outside.
Result<std::optional<ByteRange>> ParseRange(std::string_view header, std::uint64_t size);

// "START-END", inclusive; "bytes START-END/TOTAL" is understood too. kInvalid,
// "blob_upload_invalid".
Result<ByteRange> ParseContentRange(std::string_view header);

}  // namespace breakwater::oci
