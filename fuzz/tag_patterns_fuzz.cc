// Patterns of immutable tags: a line for each, exceptions after "!"; the first line is a tag. What
// is accepted is kept and read back as it was, and an exception never makes a tag immutable.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "registry/tag_patterns.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace breakwater;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lines = Split(text, '\n');
  registry::TagPatterns patterns;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const bool except = lines[i].starts_with('!');
    auto& list = except ? patterns.except : patterns.immutable;
    list.emplace_back(lines[i].substr(except ? 1 : 0));
  }
  if (const Status valid = registry::Validate(patterns); !valid.ok()) {
    BW_CHECK(valid.error().reason() == "tag_pattern_invalid");
    return 0;
  }
  const auto kept = registry::TagPatternsFromJson(json::Serialize(registry::ToJson(patterns)));
  BW_CHECK(kept.ok() && *kept == patterns);
  const bool covered = patterns.Covers(lines[0]);
  BW_CHECK(covered == !patterns.Covering(lines[0]).empty());
  if (covered) {
    const registry::TagPatterns without{.immutable = patterns.immutable, .except = {}};
    BW_CHECK(without.Covers(lines[0]));
  }
  patterns.except.emplace_back("*");
  BW_CHECK(!patterns.Covers(lines[0]));
  return 0;
}
