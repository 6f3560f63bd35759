// Forms: no crash, and every part lies within the text.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/multipart.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  const auto boundary = breakwater::net::BoundaryOf(text.substr(0, line));
  const auto parts =
      breakwater::net::ParseForm(text.substr(line + 1), boundary.ok() ? *boundary : "b");
  if (!parts.ok()) return 0;
  for (const auto& part : *parts) {
    if (part.body.data() < text.data() || part.body.size() > size) std::abort();
  }
  return 0;
}
