// Small helpers on text. ASCII only; none looks at the locale.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace breakwater {

std::vector<std::string_view> Split(std::string_view text, char separator);
// At most `parts` parts; the last keeps further separators.
std::vector<std::string_view> SplitN(std::string_view text, char separator, std::size_t parts);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view Trim(std::string_view text);  // spaces, tabs, CR, LF
std::string LowerAscii(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
// The whole text as a decimal integer; fails on anything else, and on overflow.
Result<std::int64_t> ParseInt(std::string_view text);
bool IsValidUtf8(std::string_view text);
// Each byte that is part of no valid sequence becomes U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);
// The known word nearest to `word` by edit distance, if it is near enough to be a slip; else "".
std::string Nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace breakwater
