// The configuration file: TOML 1.0 text as a flat list of keys and values with their places.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace breakwater::config {

struct Entry;

// A value of a type that no option has (a date, a float, a mixed list).
struct OtherValue {
  std::string type;
};

using Value = std::variant<bool, std::int64_t, std::string, std::vector<std::string>,
                           std::vector<std::vector<Entry>>, OtherValue>;

struct Entry {
  std::string key;  // dotted: "public.tls_key"
  Value value;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

// Most bytes that a configuration file may have.
inline constexpr std::size_t kMaxFileBytes = 256 * 1024;

// In the order of the keys. `name` is put before line and column in errors.
Result<std::vector<Entry>> ParseFile(std::string_view name, std::string_view text);

// Reads a file of at most kMaxFileBytes.
Result<std::string> ReadFile(const std::string& path);

}  // namespace breakwater::config
