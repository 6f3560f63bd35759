#include "package/purl.h"

#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "base/strings.h"
#include "package/purl_types.h"

namespace breakwater::package {
namespace {

constexpr std::size_t kMaxPurlLength = 4096;

Error BadPurl(std::string message) {
  return Invalid("package URL: " + std::move(message)).Reason("invalid_purl");
}

bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// UTF-8 without NUL, which no escape may stand for either.
bool IsText(std::string_view part) {
  return IsValidUtf8(part) && part.find('\0') == std::string_view::npos;
}

// purl-spec, "Rules for each PURL component": letters, digits, '.' and '-'; not a digit first.
bool IsValidType(std::string_view type) {
  return !type.empty() && IsLower(type.front()) && std::ranges::all_of(type, [](char c) {
    return IsLower(c) || IsDigit(c) || c == '.' || c == '-';
  });
}

bool IsValidQualifierKey(std::string_view key) {
  return !key.empty() && IsLower(key.front()) && std::ranges::all_of(key, [](char c) {
    return IsLower(c) || IsDigit(c) || c == '.' || c == '-' || c == '_';
  });
}

std::string_view StripSlashes(std::string_view text) {
  while (!text.empty() && text.front() == '/') text.remove_prefix(1);
  while (!text.empty() && text.back() == '/') text.remove_suffix(1);
  return text;
}

// Splits the part behind the last `separator` off `text`; empty when there is none.
std::string_view CutLast(std::string_view& text, char separator) {
  const auto at = text.rfind(separator);
  if (at == std::string_view::npos) return {};
  const std::string_view tail = text.substr(at + 1);
  text = text.substr(0, at);
  return tail;
}

// Without empty segments, which the grammar does not know.
std::string JoinSegments(std::string_view path) {
  std::string out;
  for (std::string_view segment : Split(path, '/')) {
    if (segment.empty()) continue;
    if (!out.empty()) out += '/';
    out += segment;
  }
  return out;
}

std::string EncodeSegment(std::string_view text) {
  return PercentEncode(text, ":");
}

std::string EncodePath(std::string_view path) {
  std::string out;
  for (std::string_view segment : Split(path, '/')) {
    if (segment.empty()) continue;
    if (!out.empty()) out += '/';
    out += EncodeSegment(segment);
  }
  return out;
}

Result<std::string> Decode(std::string_view text) {
  auto decoded = PercentDecode(text);
  if (!decoded.ok()) return BadPurl(decoded.error().message());
  return decoded;
}

Result<std::string> DecodePath(std::string_view encoded, bool is_subpath) {
  std::string out;
  for (std::string_view segment : Split(encoded, '/')) {
    if (segment.empty()) continue;
    BW_TRY(std::string decoded, Decode(segment));
    // purl-spec: dot segments of a subpath are dropped, and an escaped '/' would forge a segment.
    if (is_subpath && (decoded == "." || decoded == "..")) continue;
    if (decoded.find('/') != std::string::npos) return BadPurl("'/' escaped inside a segment");
    if (!out.empty()) out += '/';
    out += decoded;
  }
  return out;
}

Status ParseQualifiers(std::string_view text, Purl& purl) {
  for (std::string_view pair : Split(text, '&')) {
    if (pair.empty()) continue;
    const auto parts = SplitN(pair, '=', 2);
    if (parts.size() != 2) return BadPurl("a qualifier without '='");
    BW_TRY(std::string value, Decode(parts[1]));
    std::string key = LowerAscii(parts[0]);
    if (!IsValidQualifierKey(key)) return BadPurl("a qualifier key holds characters it must not");
    if (!purl.qualifiers.emplace(std::move(key), std::move(value)).second) {
      return BadPurl("a qualifier key occurs twice");
    }
  }
  return Ok();
}

// Where the name begins in "namespace/name". Types whose names hold '/' have one-segment
// namespaces.
std::size_t NameStart(std::string_view type, std::string_view path) {
  if (!NameHoldsSlashes(type)) return path.rfind('/') + 1;
  const auto namespace_begin = path.find_first_not_of('/');
  return path.find('/', std::min(namespace_begin, path.size())) + 1;
}

Result<Purl> ParseParts(std::string_view text) {
  const auto scheme_end = text.find(':');
  if (scheme_end == std::string_view::npos ||
      !EqualsIgnoreCase(text.substr(0, scheme_end), "pkg")) {
    return BadPurl("it must begin with \"pkg:\"");
  }
  std::string_view rest = text.substr(scheme_end + 1);
  Purl purl;
  BW_TRY(purl.subpath, DecodePath(CutLast(rest, '#'), true));
  const auto qualifiers_at = rest.find('?');
  if (qualifiers_at != std::string_view::npos) {
    BW_TRY_STATUS(ParseQualifiers(rest.substr(qualifiers_at + 1), purl));
    rest = rest.substr(0, qualifiers_at);
  }
  rest = StripSlashes(rest);
  const auto type_end = rest.find('/');
  if (type_end == std::string_view::npos) return BadPurl("type or name is missing");
  purl.type = LowerAscii(rest.substr(0, type_end));
  rest = rest.substr(type_end + 1);
  // An unescaped '@' may also lead a namespace such as "@scope/name"; a version has no '/' after
  // it.
  const auto at = rest.rfind('@');
  if (at != std::string_view::npos && rest.find('/', at) == std::string_view::npos) {
    BW_TRY(purl.version, Decode(rest.substr(at + 1)));
    rest = rest.substr(0, at);
  }
  const auto name_at = NameStart(purl.type, rest);
  BW_TRY(purl.name_space, DecodePath(rest.substr(0, name_at), false));
  BW_TRY(purl.name, NameHoldsSlashes(purl.type) ? DecodePath(rest.substr(name_at), false)
                                                : Decode(rest.substr(name_at)));
  return purl;
}

}  // namespace

std::string Purl::ToString() const {
  std::string out = "pkg:" + type + "/";
  if (!name_space.empty()) out += EncodePath(name_space) + "/";
  out += NameHoldsSlashes(type) ? EncodePath(name) : EncodeSegment(name);
  if (!version.empty()) out += "@" + EncodeSegment(version);
  char lead = '?';
  for (const auto& [key, value] : qualifiers) {
    if (value.empty()) continue;
    out += lead + key + "=" + EncodeSegment(value);
    lead = '&';
  }
  if (const std::string path = EncodePath(subpath); !path.empty()) out += "#" + path;
  return out;
}

Result<Purl> ParsePurl(std::string_view text) {
  if (text.size() > kMaxPurlLength) return BadPurl("longer than 4096 characters");
  BW_TRY(Purl parts, ParseParts(text));
  return NormalizePurl(std::move(parts));
}

Result<Purl> NormalizePurl(Purl purl) {
  purl.type = LowerAscii(purl.type);
  if (!IsValidType(purl.type)) return BadPurl("the type is missing or not valid");
  purl.name_space = JoinSegments(purl.name_space);
  purl.subpath = JoinSegments(purl.subpath);
  if (NameHoldsSlashes(purl.type)) purl.name = JoinSegments(purl.name);
  if (purl.name.empty()) return BadPurl("the name is missing");
  for (const std::string* part : {&purl.name_space, &purl.name, &purl.version, &purl.subpath}) {
    if (!IsText(*part)) return BadPurl("a part is no text");
  }
  std::erase_if(purl.qualifiers, [](const auto& pair) { return pair.second.empty(); });
  for (const auto& [key, value] : purl.qualifiers) {
    if (!IsValidQualifierKey(key)) return BadPurl("a qualifier key holds characters it must not");
    if (!IsText(value)) return BadPurl("a qualifier's value is no text");
  }
  BW_TRY_STATUS(ApplyPurlTypeRules(purl));
  return purl;
}

}  // namespace breakwater::package
