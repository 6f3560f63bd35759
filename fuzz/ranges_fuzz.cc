// Range and Content-Range: whatever parses lies inside, and no answer is longer than the body.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "oci/ranges.h"

namespace {

using namespace breakwater;

void CheckRanges(std::string_view text, std::uint64_t size) {
  const auto ranges = oci::ParseRanges(text, size);
  if (!ranges.ok()) {
    BW_CHECK(ranges.error().reason() == "range_invalid" ||
             ranges.error().reason() == "too_many_ranges");
    return;
  }
  BW_CHECK(ranges->size() <= oci::kMaxRanges);
  std::uint64_t sum = 0;
  for (const oci::ByteRange& range : *ranges) {
    BW_CHECK(range.length > 0);
    BW_CHECK(range.offset < size && range.length <= size - range.offset);
    BW_CHECK(range.length <= size - sum);
    sum += range.length;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::uint64_t total : {std::uint64_t{0}, std::uint64_t{2000}, UINT64_MAX}) {
    CheckRanges(text, total);
  }
  const auto chunk = oci::ParseContentRange(text);
  BW_CHECK(!chunk.ok() || chunk->length > 0);
  BW_CHECK(chunk.ok() || chunk.error().reason() == "blob_upload_invalid");
  return 0;
}
