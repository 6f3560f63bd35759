#include "oci/ranges.h"

#include <algorithm>

#include "base/strings.h"

namespace breakwater::oci {
namespace {

Error NotSatisfiable(std::string message) {
  return Error(ErrorCode::kRangeInvalid, std::move(message)).Reason("range_invalid");
}

// Digits alone, as a number; nothing for anything else, and on overflow.
std::optional<std::uint64_t> ParseOffset(std::string_view text) {
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return std::nullopt;
  const auto value = ParseInt(text);
  if (!value.ok()) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

Result<std::optional<ByteRange>> Suffix(std::string_view text, std::uint64_t size) {
  const auto count = ParseOffset(text);
  if (!count) return NotSatisfiable("malformed byte range");
  const std::uint64_t length = std::min(*count, size);
  if (length == 0) return NotSatisfiable("the byte range is empty");
  return std::optional(ByteRange{size - length, length});
}

}  // namespace

Result<std::optional<ByteRange>> ParseRange(std::string_view header, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit) || header.find(',') != std::string_view::npos) {
    return std::optional<ByteRange>();
  }
  const std::string_view spec = Trim(header.substr(kUnit.size()));
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos) return NotSatisfiable("malformed byte range");
  if (dash == 0) return Suffix(spec.substr(1), size);

  const auto first = ParseOffset(spec.substr(0, dash));
  const std::string_view end = spec.substr(dash + 1);
  const auto last = end.empty() ? std::optional(UINT64_MAX) : ParseOffset(end);
  if (!first || !last) return NotSatisfiable("malformed byte range");
  if (*last < *first) return NotSatisfiable("the byte range ends before it begins");
  if (*first >= size) return NotSatisfiable("the byte range begins past the end");
  return std::optional(ByteRange{*first, std::min(*last, size - 1) - *first + 1});
}

Result<ByteRange> ParseContentRange(std::string_view header) {
  constexpr std::string_view kUnit = "bytes ";
  std::string_view text = Trim(header);
  if (text.starts_with(kUnit)) text = Trim(text.substr(kUnit.size()));
  text = text.substr(0, text.find('/'));
  const auto dash = text.find('-');
  const auto first = ParseOffset(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? std::optional<std::uint64_t>()
                                                   : ParseOffset(text.substr(dash + 1));
  if (!first || !last || *last < *first) {
    return Invalid("malformed Content-Range: want START-END, inclusive")
        .Reason("blob_upload_invalid");
  }
  return ByteRange{*first, *last - *first + 1};
}

}  // namespace breakwater::oci
