#include "iam/ldap/filter.h"

namespace breakwater::iam::ldap {
namespace {

constexpr std::size_t kMaxFilter = 1024;

// RFC 4515 §3: what must be escaped, and whatever a directory might fold or drop.
bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_.@=,+ ").find(c) != std::string_view::npos;
}

std::string Replace(std::string_view filter, std::string_view placeholder,
                    std::string_view escaped) {
  std::string out;
  for (std::size_t at = 0; at < filter.size();) {
    if (filter.substr(at).starts_with(placeholder)) {
      out += escaped;
      at += placeholder.size();
    } else {
      out += filter[at++];
    }
  }
  return out;
}

}  // namespace

std::string EscapeFilterValue(std::string_view value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    if (IsPlain(c)) {
      out += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    out += '\\';
    out += kHex[octet >> 4U];
    out += kHex[octet & 0xfU];
  }
  return out;
}

std::string FillFilter(std::string_view filter, std::string_view placeholder,
                       std::string_view value) {
  return Replace(filter, placeholder, EscapeFilterValue(value));
}

std::string OpenFilter(std::string_view filter, std::string_view placeholder) {
  return Replace(filter, placeholder, "*");
}

std::string AnyOf(std::string_view filter, std::string_view placeholder,
                  std::span<const std::string> values) {
  std::string out = "(|";
  for (const std::string& value : values) out += FillFilter(filter, placeholder, value);
  return out + ")";
}

Status CheckFilter(std::string_view filter, std::string_view placeholder) {
  int depth = 0;
  bool whole = filter.size() <= kMaxFilter && filter.starts_with('(') && filter.ends_with(')');
  for (std::size_t i = 0; whole && i < filter.size(); ++i) {
    if (filter[i] == '(') ++depth;
    if (filter[i] == ')') --depth;
    if (depth < 0 || (depth == 0 && i + 1 < filter.size())) whole = false;
  }
  if (!whole || depth != 0) {
    return Invalid("must be one search filter in parentheses, of at most 1024 characters");
  }
  if (filter.find(placeholder) == std::string_view::npos) {
    return Invalid("must hold " + std::string(placeholder));
  }
  return Ok();
}

}  // namespace breakwater::iam::ldap
