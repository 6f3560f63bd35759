#include "config/file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

// Without exceptions a syntax error is a value; toml++ throws nothing else.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace breakwater::config {
namespace {

// A dotted key nests one table per dot, and tables are destroyed by recursion.
constexpr std::ptrdiff_t kMaxDots = 4096;

std::string TypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::none: return "nothing";
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "a text";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a fraction";
    case toml::node_type::boolean: return "true or false";
    case toml::node_type::date: return "a date";
    case toml::node_type::time: return "a time";
    case toml::node_type::date_time: return "a date and time";
  }
  return "a value";
}

void Flatten(const toml::table& table, const std::string& prefix, std::vector<Entry>& out);

Value ConvertArray(const toml::array& array) {
  std::vector<std::string> texts;
  std::vector<std::vector<Entry>> tables;
  for (const toml::node& node : array) {
    if (const auto* text = node.as_string()) {
      texts.push_back(text->get());
    } else if (const auto* table = node.as_table()) {
      Flatten(*table, "", tables.emplace_back());
    } else {
      return OtherValue{"a list with " + TypeName(node) + " in it"};
    }
  }
  if (!texts.empty() && !tables.empty()) return OtherValue{"a list of texts and tables"};
  if (!tables.empty()) return tables;
  return texts;
}

Value Convert(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* array = node.as_array()) return ConvertArray(*array);
  return OtherValue{TypeName(node)};
}

void Flatten(const toml::table& table, const std::string& prefix, std::vector<Entry>& out) {
  for (const auto& [key, node] : table) {
    const std::string path =
        prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
    const auto* inner = node.as_table();
    if (inner != nullptr && !inner->empty()) {
      Flatten(*inner, path, out);
      continue;
    }
    out.push_back({.key = path,
                   .value = Convert(node),
                   .line = key.source().begin.line,
                   .column = key.source().begin.column});
  }
}

}  // namespace

Result<std::vector<Entry>> ParseFile(std::string_view name, std::string_view text) {
  const std::string file(name);
  if (text.size() > kMaxFileBytes) return TooLarge(file + ": larger than 256 KiB");
  if (std::count(text.begin(), text.end(), '.') > kMaxDots) {
    return TooLarge(file + ": has more than 4096 dots, which no configuration needs");
  }
  const toml::parse_result parsed = toml::parse(text, name);
  if (!parsed) {
    const toml::source_position at = parsed.error().source().begin;
    return Invalid(file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
                   std::string(parsed.error().description()));
  }
  std::vector<Entry> entries;
  Flatten(parsed.table(), "", entries);
  return entries;
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return NotFound(path + ": cannot be opened: " + std::strerror(errno));
  std::string text(kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.fail() && !in.eof())) return Unavailable(path + ": cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxFileBytes) return TooLarge(path + ": larger than 256 KiB");
  return text;
}

}  // namespace breakwater::config
