#include "net/multipart.h"

#include "base/strings.h"

namespace breakwater::net {
namespace {

constexpr std::size_t kMaxBoundary = 70;  // RFC 2046 §5.1.1
constexpr std::size_t kMaxHeaders = 4096;

Error Wrong(std::string_view what) {
  return Invalid("the form is malformed: " + std::string(what)).Reason("malformed_form");
}

bool EqualNoCase(std::string_view a, std::string_view b) {
  return LowerAscii(a) == LowerAscii(b);
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The value of a parameter of a header: name="file"; both the quoted and the bare form.
std::string Parameter(std::string_view header, std::string_view name) {
  std::size_t at = header.find(';');
  while (at != std::string_view::npos && at < header.size()) {
    std::string_view rest = Trim(header.substr(at + 1));
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return {};
    const std::string_view key = Trim(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    std::string value;
    std::size_t used = 0;
    if (rest.starts_with('"')) {
      used = 1;
      while (used < rest.size() && rest[used] != '"') {
        if (rest[used] == '\\' && used + 1 < rest.size()) ++used;
        value += rest[used++];
      }
    } else {
      used = std::min(rest.find(';'), rest.size());
      value = Trim(rest.substr(0, used));
    }
    if (EqualNoCase(key, name)) return value;
    const std::size_t next = rest.find(';', used);
    if (next == std::string_view::npos) return {};
    header = rest;
    at = next;
  }
  return {};
}

Result<FormPart> PartOf(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos || end > kMaxHeaders) return Wrong("a part has no headers");
  FormPart part;
  part.body = text.substr(end + 4);
  std::string_view headers = text.substr(0, end);
  while (!headers.empty()) {
    const std::size_t line_end = std::min(headers.find("\r\n"), headers.size());
    const std::string_view line = headers.substr(0, line_end);
    headers.remove_prefix(std::min(line_end + 2, headers.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Wrong("a header of a part has no colon");
    const std::string_view value = Trim(line.substr(colon + 1));
    if (EqualNoCase(line.substr(0, colon), "Content-Disposition")) {
      part.name = Parameter(value, "name");
      part.file_name = Parameter(value, "filename");
    }
    if (EqualNoCase(line.substr(0, colon), "Content-Type")) part.content_type = std::string(value);
  }
  if (part.name.empty()) return Wrong("a part has no name");
  return part;
}

}  // namespace

Result<std::string> BoundaryOf(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  if (!EqualNoCase(Trim(type), "multipart/form-data")) {
    return Wrong("Content-Type must be multipart/form-data");
  }
  std::string boundary = Parameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > kMaxBoundary) return Wrong("it names no boundary");
  return boundary;
}

Result<std::vector<FormPart>> ParseForm(std::string_view text, std::string_view boundary) {
  const std::string first = "--" + std::string(boundary);
  const std::string next = "\r\n" + first;
  std::size_t at = text.find(first);
  // What stands before the first boundary is no part of it, but must be lines of its own.
  if (at == std::string_view::npos || (at > 0 && !text.substr(0, at).ends_with("\r\n"))) {
    return Wrong("its boundary is missing");
  }
  text.remove_prefix(at + first.size());
  std::vector<FormPart> parts;
  while (!text.starts_with("--")) {
    const std::size_t line = text.find("\r\n");
    if (line == std::string_view::npos || !Trim(text.substr(0, line)).empty()) {
      return Wrong("a boundary has something behind it");
    }
    text.remove_prefix(line);
    at = text.find(next, 2);
    if (at == std::string_view::npos) return Wrong("it has no end");
    if (parts.size() >= kMaxFormParts) return Wrong("it has too many parts");
    BW_TRY(auto part, PartOf(text.substr(2, at - 2)));
    parts.push_back(std::move(part));
    text.remove_prefix(at + next.size());
  }
  return parts;
}

}  // namespace breakwater::net
