// The head of an HTTP/1.x request, parsed strictly: what two implementations could read in two
// ways is refused (RFC 9112; request smuggling, RFC 9112 §11.2). Pure; fuzzed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "net/http.h"

namespace breakwater::net {

struct HeadLimits {
  std::size_t max_bytes = 32 * 1024;  // request line and fields; 431 beyond
  std::size_t max_target = 8 * 1024;  // 414 beyond
  std::size_t max_fields = 100;       // 431 beyond
};

struct RequestHead {
  std::string method;
  std::string path;  // begins with "/"
  std::string query;
  Headers headers;     // Host is replaced by the authority of an absolute-form target
  bool http11 = true;  // else HTTP/1.0
  bool keep_alive = true;
  bool expect_continue = false;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
};

// Why a head was refused: the status to answer before closing the connection.
struct HeadError {
  int status = 400;
  std::string_view code;     // lower_snake_case
  std::string_view message;  // for the client; literals
};

// The bytes so far are the beginning of a head.
struct NeedMore {};

struct ParsedHead {
  RequestHead head;
  std::size_t consumed = 0;  // bytes of the buffer; the body, if any, begins after them
};

std::variant<NeedMore, ParsedHead, HeadError> ParseRequestHead(std::string_view buffer,
                                                               const HeadLimits& limits);

// RFC 9110 §5.6.2: a token, such as a field's name.
bool IsToken(std::string_view text);
// RFC 9110 §5.5: no control characters but tab.
bool IsFieldValue(std::string_view text);

}  // namespace breakwater::net
