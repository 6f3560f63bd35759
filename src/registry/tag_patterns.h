// Which tags of a namespace cannot move once they are set. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/json.h"

namespace breakwater::registry {

// Patterns of a namespace, both lists together.
inline constexpr std::size_t kMaxTagPatterns = 50;

// In a pattern "*" is any text and "?" one character; the rest is itself.
struct TagPatterns {
  std::vector<std::string> immutable;
  std::vector<std::string> except;  // of those, tags that may move after all

  bool Covers(std::string_view tag) const;
  // The pattern of `immutable` by which a tag is covered; empty if it is not.
  std::string_view Covering(std::string_view tag) const;
  // As one list, in which exceptions begin with "!": what rules and goals see.
  std::vector<std::string> ToList() const;
  static TagPatterns FromList(const std::vector<std::string>& list);

  friend bool operator==(const TagPatterns&, const TagPatterns&) = default;
};

// kInvalid "tag_pattern_invalid": a pattern is 1 to 128 of the characters of tags, "*" and "?".
// Exceptions without anything to be excepted from are refused as well.
Status Validate(const TagPatterns& patterns);

// {"immutable":["v*"],"except":["v*-rc?"]}: as rows keep it.
json::Value ToJson(const TagPatterns& patterns);
// What ToJson gave; kDataCorrupt for anything else.
Result<TagPatterns> TagPatternsFromJson(std::string_view text);

}  // namespace breakwater::registry
