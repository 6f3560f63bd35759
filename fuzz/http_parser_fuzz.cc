// A request's head, and behind it a chunked body.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "net/chunked.h"
#include "net/http_parser.h"

namespace {

using breakwater::net::ChunkedDecoder;
using breakwater::net::HeadLimits;
using breakwater::net::ParsedHead;
using breakwater::net::ParseRequestHead;

void Require(bool condition) {
  if (!condition) std::abort();
}

// What every accepted head guarantees to those behind it.
void CheckHead(const ParsedHead& parsed, std::string_view text, const HeadLimits& limits) {
  const auto& head = parsed.head;
  Require(parsed.consumed <= text.size());
  Require(text.substr(parsed.consumed - 4, 4) == "\r\n\r\n");
  Require(breakwater::net::IsToken(head.method));
  Require(head.path.starts_with('/'));
  Require(head.path.size() + head.query.size() <= limits.max_target);
  Require(!(head.chunked && head.content_length.has_value()));
  Require(head.headers.GetAll("content-length").size() <= 1);
  Require(head.headers.GetAll("host").size() <= 1);
  Require(!head.http11 || head.headers.Get("host").has_value());
  for (const auto& [name, value] : head.headers.all()) {
    Require(breakwater::net::IsToken(name) && breakwater::net::IsFieldValue(value));
  }
}

// The pieces must not matter.
std::string Decode(std::string text, std::size_t piece, bool& ok) {
  ChunkedDecoder decoder;
  std::string out;
  ok = true;
  for (std::size_t at = 0; at < text.size() && !decoder.done();) {
    const std::size_t n = std::min(piece, text.size() - at);
    const auto step = decoder.Decode(std::as_writable_bytes(std::span(text.data() + at, n)));
    ok = step.ok();
    if (!ok) return {};
    Require(step->produced <= step->consumed && step->consumed <= n);
    Require(step->consumed == n || decoder.done());
    out.append(text, at, step->produced);
    at += step->consumed;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const HeadLimits limits{.max_bytes = 1024, .max_target = 256, .max_fields = 10};
  const auto outcome = ParseRequestHead(text, limits);
  std::string_view body = text;
  if (const auto* parsed = std::get_if<ParsedHead>(&outcome)) {
    CheckHead(*parsed, text, limits);
    body.remove_prefix(parsed->consumed);
  }
  bool whole_ok = false;
  bool pieces_ok = false;
  const auto whole = Decode(std::string(body), body.size() + 1, whole_ok);
  const auto pieces = Decode(std::string(body), 1, pieces_ok);
  Require(whole_ok == pieces_ok && whole == pieces);
  return 0;
}
