#include "package/os_release.h"

#include <algorithm>

#include "base/strings.h"

namespace breakwater::package {
namespace {

constexpr std::size_t kMaxText = 64 * 1024;
constexpr std::size_t kMaxValue = 1024;

// One value with shell quoting, as os-release(5) allows it: no concatenation, no expansion.
std::string Unquote(std::string_view raw) {
  if (raw.empty() || (raw.front() != '"' && raw.front() != '\'')) {
    return std::string(raw.substr(0, raw.find_first_of(" \t")));
  }
  const char quote = raw.front();
  std::string out;
  for (std::size_t i = 1; i < raw.size() && raw[i] != quote; ++i) {
    const bool escape = quote == '"' && raw[i] == '\\' && i + 1 < raw.size();
    out += escape ? raw[++i] : raw[i];
  }
  return out;
}

std::string* FieldOf(OsRelease& os, std::string_view key) {
  if (key == "ID") return &os.id;
  if (key == "VERSION_ID") return &os.version_id;
  if (key == "VERSION_CODENAME") return &os.version_codename;
  if (key == "ID_LIKE") return &os.id_like;
  if (key == "NAME") return &os.name;
  if (key == "PRETTY_NAME") return &os.pretty_name;
  return nullptr;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

OsRelease ParseOsRelease(std::string_view text) {
  OsRelease os;
  for (std::string_view line : Split(text.substr(0, kMaxText), '\n')) {
    line = Trim(line);
    if (line.empty() || line.front() == '#') continue;
    const auto parts = SplitN(line, '=', 2);
    if (parts.size() != 2) continue;
    std::string* field = FieldOf(os, Trim(parts[0]));
    if (field == nullptr) continue;
    std::string value = Unquote(parts[1]);
    // Names from an image end up in reports; only text goes in.
    if (value.size() <= kMaxValue && IsValidUtf8(value)) *field = std::move(value);
  }
  os.id = LowerAscii(os.id);
  return os;
}

OsRelease ParseDebianVersion(std::string_view text) {
  const std::string_view line = Trim(text.substr(0, std::min(text.find('\n'), kMaxValue)));
  OsRelease os;
  if (line.empty() || !IsValidUtf8(line)) return os;
  os.id = "debian";
  os.name = "Debian";
  const std::string_view major = line.substr(0, line.find('.'));
  if (IsNumber(major)) {
    os.version_id = major;
  } else {
    os.version_codename = line;
  }
  return os;
}

}  // namespace breakwater::package
