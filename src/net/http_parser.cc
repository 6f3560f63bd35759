#include "net/http_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/strings.h"

namespace breakwater::net {
namespace {

constexpr std::size_t kMaxMethod = 32;
constexpr std::size_t kMaxAuthority = 300;  // a host name of 253, brackets, port

constexpr std::array<bool, 256> MakeTable(std::string_view extra) {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (const char c : extra) table[static_cast<unsigned char>(c)] = true;
  return table;
}

constexpr auto kTokenTable = MakeTable("!#$%&'*+-.^_`|~");
// RFC 3986 §3.2: host and port. User information has no place in a request (RFC 9110 §4.2.4).
constexpr auto kAuthorityTable = MakeTable("-._~!$&'()*+,;=%:[]");

bool All(std::string_view text, const std::array<bool, 256>& table) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return table[static_cast<unsigned char>(c)]; });
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

HeadError Bad(std::string_view code, std::string_view message) {
  return {400, code, message};
}

// nullopt: no mistake so far.
using Verdict = std::optional<HeadError>;

std::string_view TrimOws(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes the text up to CRLF. RFC 9112 §2.2 allows to take a bare LF for an end of line; we do
// not, because another implementation in front of us may not.
std::string_view TakeLine(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  const auto line = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), line.size() + 2));
  return line;
}

// Calls `visit` with the place of each `c` until it gives a mistake.
template <class Visit>
Verdict EachOf(std::string_view text, char c, Visit visit) {
  for (auto at = text.find(c); at != std::string_view::npos; at = text.find(c, at + 1)) {
    if (auto bad = visit(at)) return bad;
  }
  return {};
}

// What can never become right, however much follows.
Verdict CheckBeginning(std::string_view buffer) {
  if (!kTokenTable[static_cast<unsigned char>(buffer[0])]) {
    return Bad("malformed_request", "this is not an HTTP/1.1 request");
  }
  if (buffer.find('\0') != std::string_view::npos) {
    return Bad("malformed_request", "the request's head holds a NUL");
  }
  if (auto bad = EachOf(buffer, '\n', [&](std::size_t at) -> Verdict {
        if (at > 0 && buffer[at - 1] == '\r') return {};
        return Bad("malformed_request", "lines must end with CR LF");
      })) {
    return bad;
  }
  return EachOf(buffer, '\r', [&](std::size_t at) -> Verdict {
    if (at + 1 == buffer.size() || buffer[at + 1] == '\n') return {};
    return Bad("malformed_request", "the request's head holds a bare CR");
  });
}

bool IsTargetText(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

bool IsAuthority(std::string_view text) {
  return text.size() <= kMaxAuthority && All(text, kAuthorityTable);
}

// RFC 9112 §3.2. CONNECT's and OPTIONS's own forms name nothing that we serve.
Verdict ParseTarget(std::string_view target, RequestHead& head,
                    std::optional<std::string>& authority) {
  if (!IsTargetText(target)) return Bad("invalid_target", "the request target is malformed");
  if (target[0] != '/') {
    const auto scheme = target.find("://");
    if (scheme == std::string_view::npos ||
        !(EqualsIgnoreCase(target.substr(0, scheme), "http") ||
          EqualsIgnoreCase(target.substr(0, scheme), "https"))) {
      return Bad("invalid_target", "the request target must be a path or an http URL");
    }
    target.remove_prefix(scheme + 3);
    const auto end = std::min(target.find_first_of("/?"), target.size());
    authority = std::string(target.substr(0, end));
    target.remove_prefix(end);
    if (authority->empty() || !IsAuthority(*authority)) {
      return Bad("invalid_target", "the request target names no valid host");
    }
  }
  const auto question = target.find('?');
  head.path = std::string(target.substr(0, question));
  if (head.path.empty()) head.path = "/";
  if (question != std::string_view::npos) head.query = std::string(target.substr(question + 1));
  return {};
}

Verdict ParseVersion(std::string_view version, RequestHead& head) {
  if (version == "HTTP/1.1") return {};
  if (version == "HTTP/1.0") {
    head.http11 = false;
    return {};
  }
  const bool well_formed = version.size() == 8 && version.substr(0, 5) == "HTTP/" &&
                           IsDigit(version[5]) && version[6] == '.' && IsDigit(version[7]);
  if (!well_formed) return Bad("malformed_request", "the request line is malformed");
  return HeadError{505, "version_not_supported", "only HTTP/1.0 and HTTP/1.1 are spoken here"};
}

Verdict ParseRequestLine(std::string_view line, const HeadLimits& limits, RequestHead& head,
                         std::optional<std::string>& authority) {
  const auto parts = Split(line, ' ');
  // Exactly one space between the three parts: RFC 9112 §3.
  if (parts.size() != 3 || parts[1].empty()) {
    return Bad("malformed_request", "the request line is malformed");
  }
  if (parts[0].size() > kMaxMethod || !IsToken(parts[0])) {
    return Bad("invalid_method", "the request method is malformed");
  }
  if (parts[1].size() > limits.max_target) {
    return HeadError{414, "target_too_long", "the request target is too long"};
  }
  head.method = std::string(parts[0]);
  if (auto bad = ParseVersion(parts[2], head)) return bad;
  return ParseTarget(parts[1], head, authority);
}

Verdict ParseField(std::string_view line, Headers& headers) {
  // RFC 9112 §5.2: obsolete line folding.
  if (line[0] == ' ' || line[0] == '\t') {
    return Bad("malformed_header", "header fields must not be folded");
  }
  const auto colon = line.find(':');
  // Whitespace before the colon fails here too: RFC 9112 §5.1.
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
    return Bad("malformed_header", "a header field's name is malformed");
  }
  const auto value = TrimOws(line.substr(colon + 1));
  if (!IsFieldValue(value)) return Bad("malformed_header", "a header field's value is malformed");
  headers.Add(std::string(line.substr(0, colon)), std::string(value));
  return {};
}

Verdict ParseContentLength(std::string_view text, RequestHead& head) {
  // Digits alone: no sign, no list, nothing that wraps around.
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || !std::all_of(text.begin(), text.end(), IsDigit) || error != std::errc{} ||
      end != text.data() + text.size()) {
    return Bad("invalid_content_length", "Content-Length is malformed");
  }
  head.content_length = length;
  return {};
}

// RFC 9112 §6: how long the body is. Stricter than it: both framings, or one twice, are refused.
Verdict ParseFraming(RequestHead& head) {
  const auto lengths = head.headers.GetAll("content-length");
  const auto codings = head.headers.GetAll("transfer-encoding");
  if (lengths.size() > 1) return Bad("invalid_content_length", "Content-Length is given twice");
  if (!lengths.empty() && !codings.empty()) {
    return Bad("ambiguous_length", "Content-Length and Transfer-Encoding exclude each other");
  }
  if (!lengths.empty()) return ParseContentLength(lengths[0], head);
  if (codings.empty()) return {};
  if (!head.http11 || codings.size() > 1) {
    return Bad("ambiguous_length", "Transfer-Encoding is not allowed here");
  }
  if (!EqualsIgnoreCase(codings[0], "chunked")) {
    return HeadError{501, "transfer_coding_not_supported", "only the chunked coding is supported"};
  }
  head.chunked = true;
  return {};
}

// RFC 9112 §3.2: exactly one Host in HTTP/1.1; the target's authority wins over it.
Verdict ParseHost(RequestHead& head, std::optional<std::string> authority) {
  const auto hosts = head.headers.GetAll("host");
  if (hosts.size() > 1) return Bad("invalid_host", "Host is given twice");
  if (hosts.empty() && head.http11) return Bad("missing_host", "Host is missing");
  if (!hosts.empty() && !IsAuthority(hosts[0])) return Bad("invalid_host", "Host is malformed");
  if (authority.has_value()) head.headers.Set("Host", *std::move(authority));
  return {};
}

Verdict ParseConnection(RequestHead& head) {
  bool close = false;
  bool keep = false;
  for (const auto value : head.headers.GetAll("connection")) {
    for (const auto option : Split(value, ',')) {
      close = close || EqualsIgnoreCase(TrimOws(option), "close");
      keep = keep || EqualsIgnoreCase(TrimOws(option), "keep-alive");
    }
  }
  head.keep_alive = !close && (head.http11 || keep);
  const auto expectations = head.headers.GetAll("expect");
  for (const auto expectation : expectations) {
    if (!EqualsIgnoreCase(expectation, "100-continue")) {
      return HeadError{417, "expectation_failed", "only the expectation 100-continue is known"};
    }
  }
  // RFC 9110 §10.1.1: an HTTP/1.0 client cannot mean it.
  head.expect_continue = !expectations.empty() && head.http11;
  return {};
}

bool AreFieldOctets(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
  });
}

Verdict ParseFields(std::string_view fields, const HeadLimits& limits, Headers& headers) {
  std::size_t count = 0;
  while (!fields.empty()) {
    const auto line = TakeLine(fields);
    if (++count > limits.max_fields) {
      return HeadError{431, "too_many_headers", "the request has too many header fields"};
    }
    if (auto bad = ParseField(line, headers)) return bad;
  }
  return {};
}

}  // namespace

bool IsToken(std::string_view text) {
  return !text.empty() && All(text, kTokenTable);
}

bool IsFieldValue(std::string_view text) {
  // Eight at a time: a credential is a thousand characters, and every request has one.
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = kOnes * 0x80;
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    const std::uint64_t below_space = (word - kOnes * 0x20) & ~word & kHighs;
    const std::uint64_t from_del = word ^ (kOnes * 0x7f);
    const std::uint64_t del = (from_del - kOnes) & ~from_del & kHighs;
    if ((below_space | del) != 0 && !AreFieldOctets(text.substr(0, sizeof word))) return false;
    text.remove_prefix(sizeof word);
  }
  return AreFieldOctets(text);
}

std::variant<NeedMore, ParsedHead, HeadError> ParseRequestHead(std::string_view buffer,
                                                               const HeadLimits& limits) {
  // RFC 9112 §2.2: one empty line before the request is forgiven.
  const std::size_t skipped = buffer.substr(0, 2) == "\r\n" ? 2 : 0;
  buffer.remove_prefix(skipped);
  if (buffer.empty() || (skipped == 0 && buffer == "\r")) return NeedMore{};

  const auto end = buffer.find("\r\n\r\n");
  const auto seen = end == std::string_view::npos ? buffer : buffer.substr(0, end + 4);
  if (auto bad = CheckBeginning(seen)) return *bad;
  if (seen.size() > limits.max_bytes) {
    const bool long_line = seen.substr(0, limits.max_target).find("\r\n") == std::string_view::npos;
    if (long_line) return HeadError{414, "target_too_long", "the request target is too long"};
    return HeadError{431, "headers_too_large", "the request's header fields are too large"};
  }
  if (end == std::string_view::npos) return NeedMore{};

  ParsedHead parsed;
  std::optional<std::string> authority;
  std::string_view fields = buffer.substr(0, end + 2);
  const auto line = TakeLine(fields);
  if (auto bad = ParseRequestLine(line, limits, parsed.head, authority)) return *bad;
  if (auto bad = ParseFields(fields, limits, parsed.head.headers)) return *bad;
  if (auto bad = ParseHost(parsed.head, std::move(authority))) return *bad;
  if (auto bad = ParseFraming(parsed.head)) return *bad;
  if (auto bad = ParseConnection(parsed.head)) return *bad;
  parsed.consumed = skipped + end + 4;
  return parsed;
}

}  // namespace breakwater::net
