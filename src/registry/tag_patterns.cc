#include "registry/tag_patterns.h"

#include <algorithm>

#include "condition/operators.h"
#include "json/reader.h"
#include "oci/names.h"

namespace breakwater::registry {
namespace {

bool IsPatternCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_.-*?").find(c) != std::string_view::npos;
}

Status ValidateOne(const std::string& pattern) {
  if (!pattern.empty() && pattern.size() <= oci::kMaxTagLength &&
      std::all_of(pattern.begin(), pattern.end(), IsPatternCharacter)) {
    return Ok();
  }
  return Invalid(
             "malformed tag pattern: want 1 to 128 letters, digits, '_', '.', '-', '*' (any text) "
             "and '?' (one character)")
      .Reason("tag_pattern_invalid");
}

std::string_view FirstMatch(const std::vector<std::string>& patterns, std::string_view tag) {
  for (const std::string& pattern : patterns) {
    if (condition::WildcardMatch(pattern, tag)) return pattern;
  }
  return {};
}

json::Array Texts(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.emplace_back(json::Text(text));
  return array;
}

}  // namespace

bool TagPatterns::Covers(std::string_view tag) const {
  return !Covering(tag).empty();
}

std::string_view TagPatterns::Covering(std::string_view tag) const {
  const std::string_view found = FirstMatch(immutable, tag);
  if (found.empty() || !FirstMatch(except, tag).empty()) return {};
  return found;
}

std::vector<std::string> TagPatterns::ToList() const {
  std::vector<std::string> list = immutable;
  for (const std::string& pattern : except) list.push_back("!" + pattern);
  return list;
}

TagPatterns TagPatterns::FromList(const std::vector<std::string>& list) {
  TagPatterns patterns;
  for (const std::string& pattern : list) {
    if (pattern.starts_with('!')) {
      patterns.except.push_back(pattern.substr(1));
    } else {
      patterns.immutable.push_back(pattern);
    }
  }
  return patterns;
}

Status Validate(const TagPatterns& patterns) {
  if (patterns.immutable.size() + patterns.except.size() > kMaxTagPatterns) {
    return Invalid("a namespace may have at most 50 tag patterns").Reason("tag_pattern_invalid");
  }
  if (patterns.immutable.empty() && !patterns.except.empty()) {
    return Invalid("except: there is nothing to except from: immutable is empty")
        .Reason("tag_pattern_invalid");
  }
  for (const std::string& pattern : patterns.immutable) BW_TRY_STATUS(ValidateOne(pattern));
  for (const std::string& pattern : patterns.except) BW_TRY_STATUS(ValidateOne(pattern));
  return Ok();
}

json::Value ToJson(const TagPatterns& patterns) {
  return {{"immutable", Texts(patterns.immutable)}, {"except", Texts(patterns.except)}};
}

Result<TagPatterns> TagPatternsFromJson(std::string_view text) {
  const auto damaged = [](const Error& error) {
    return DataCorrupt("the namespace's tag patterns are damaged").Log(error.message());
  };
  const auto document = json::Parse(text);
  if (!document.ok()) return damaged(document.error());
  const json::Reader in(*document);
  TagPatterns patterns{.immutable = in.Field("immutable").Strings(kMaxTagPatterns),
                       .except = in.Field("except").Strings(kMaxTagPatterns)};
  if (const Status whole = in.Finish(); !whole.ok()) return damaged(whole.error());
  return patterns;
}

}  // namespace breakwater::registry
