// If-Match and If-None-Match, one field for each line: what the strong comparison finds the weak
// one finds too, and nothing is found that is not in the text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "net/entity_tags.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace breakwater;
  constexpr std::string_view kOpaque = "ab";
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  net::Headers headers;
  for (const std::string_view line : Split(text, '\n')) headers.Add("If-Match", std::string(line));
  const bool weak = net::NamesEntity(headers, "if-match", kOpaque, net::EntityTagComparison::kWeak);
  const bool strong =
      net::NamesEntity(headers, "if-match", kOpaque, net::EntityTagComparison::kStrong);
  BW_CHECK(weak || !strong);
  BW_CHECK(!weak || text.find(kOpaque) != std::string_view::npos ||
           text.find('*') != std::string_view::npos);
  return 0;
}
