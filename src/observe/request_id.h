// Request ids and W3C trace context.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace breakwater::observe {

// A new random id (UUID).
std::string NewRequestId();
// 1 to 128 characters of [A-Za-z0-9._-]: safe to log and to send back.
bool IsValidRequestId(std::string_view text);

// W3C Trace Context §3.2: "00-<32 hex>-<16 hex>-<2 hex>".
struct TraceParent {
  std::string trace_id;   // 32 lower-case hexadecimal digits, not all zero
  std::string parent_id;  // 16 of them, not all zero
  bool sampled = false;

  // Nothing if the header is not well-formed; higher versions are read as far as version 00 goes.
  static std::optional<TraceParent> Parse(std::string_view header);
  static TraceParent New();
  // The same trace with a new parent: what an outgoing request carries.
  TraceParent Child() const;
  std::string ToString() const;
};

}  // namespace breakwater::observe
