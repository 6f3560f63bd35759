// Byte ranges of blob reads (RFC 9110 §14) and of upload chunks (distribution-spec, "Pushing a blob
// in chunks").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace breakwater::oci {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// Ranges of one request: what a partial pull of a zstd:chunked layer asks for at most.
inline constexpr std::size_t kMaxRanges = 1024;

// What a Range header asks of a body of `size` bytes, in the order asked for. None: answer with the
// whole body (another unit). Of several ranges those that lie outside are left out.
// kRangeInvalid, "range_invalid", if it is malformed, if nothing of it lies inside, or if two
// ranges overlap: no answer is then longer than the body. kInvalid, "too_many_ranges", above
// kMaxRanges: clients of layers take a 400 as the advice to ask for fewer at once.
Result<std::vector<ByteRange>> ParseRanges(std::string_view header, std::uint64_t size);

// "START-END", inclusive; "bytes START-END/TOTAL" is understood too. kInvalid,
// "blob_upload_invalid".
Result<ByteRange> ParseContentRange(std::string_view header);

}  // namespace breakwater::oci
