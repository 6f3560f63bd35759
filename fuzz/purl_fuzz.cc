// Package URLs: what parses prints canonically, and the canonical form reads back the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "package/purl.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace package = breakwater::package;
  const auto purl = package::ParsePurl({reinterpret_cast<const char*>(data), size});
  if (!purl.ok()) {
    BW_CHECK(purl.error().reason() == "invalid_purl");
    return 0;
  }
  const std::string text = purl->ToString();
  if (text.size() > 4096) return 0;  // escapes may take a long one over the limit
  const auto again = package::ParsePurl(text);
  BW_CHECK(again.ok() && again->ToString() == text);
  return 0;
}
