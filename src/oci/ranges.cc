#include "oci/ranges.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/strings.h"

namespace breakwater::oci {
namespace {

Error NotSatisfiable(std::string message) {
  return Error(ErrorCode::kRangeInvalid, std::move(message)).Reason("range_invalid");
}

bool IsNumber(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Digits alone, as a number; nothing for anything else, and on overflow.
std::optional<std::uint64_t> ParseOffset(std::string_view text) {
  if (!IsNumber(text)) return std::nullopt;
  const auto value = ParseInt(text);
  if (!value.ok()) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

// The same, but what is too large for us is beyond every body, and not malformed (RFC 9110
// §14.1.2).
std::optional<std::uint64_t> ParsePosition(std::string_view text) {
  if (!IsNumber(text)) return std::nullopt;
  return ParseOffset(text).value_or(UINT64_MAX);
}

// One range of the header; nothing if it is well-formed and lies outside.
Result<std::optional<ByteRange>> ParseOne(std::string_view spec, std::uint64_t size) {
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos) return NotSatisfiable("malformed byte range");
  const std::string_view end = spec.substr(dash + 1);
  if (dash == 0) {
    const auto count = ParsePosition(end);
    if (!count) return NotSatisfiable("malformed byte range");
    const std::uint64_t length = std::min(*count, size);
    if (length == 0) return std::optional<ByteRange>();
    return std::optional(ByteRange{size - length, length});
  }
  const auto first = ParsePosition(spec.substr(0, dash));
  const auto last = end.empty() ? std::optional(UINT64_MAX) : ParsePosition(end);
  if (!first || !last) return NotSatisfiable("malformed byte range");
  if (*last < *first) return NotSatisfiable("the byte range ends before it begins");
  if (*first >= size) return std::optional<ByteRange>();
  return std::optional(ByteRange{*first, std::min(*last, size - 1) - *first + 1});
}

bool Overlap(std::vector<ByteRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& a, const ByteRange& b) { return a.offset < b.offset; });
  return std::adjacent_find(ranges.begin(), ranges.end(),
                            [](const ByteRange& a, const ByteRange& b) {
                              return b.offset - a.offset < a.length;
                            }) != ranges.end();
}

}  // namespace

Result<std::vector<ByteRange>> ParseRanges(std::string_view header, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  std::vector<ByteRange> ranges;
  if (!EqualsIgnoreCase(header.substr(0, kUnit.size()), kUnit)) return ranges;
  const auto specs = SplitN(header.substr(kUnit.size()), ',', kMaxRanges + 1);
  if (specs.size() > kMaxRanges) {
    return Invalid("at most " + std::to_string(kMaxRanges) + " byte ranges in one request")
        .Reason("too_many_ranges");
  }
  bool any = false;
  for (const std::string_view spec : specs) {
    if (Trim(spec).empty()) continue;  // of a list, empty elements count for nothing (§5.6.1)
    any = true;
    BW_TRY(const auto range, ParseOne(Trim(spec), size));
    if (range) ranges.push_back(*range);
  }
  if (!any) return NotSatisfiable("malformed byte range");
  if (ranges.empty()) return NotSatisfiable("the byte range lies outside of the blob");
  if (Overlap(ranges)) return NotSatisfiable("byte ranges overlap: ask for every byte once");
  return ranges;
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
