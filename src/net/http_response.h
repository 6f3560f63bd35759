// Responses as text: framing, and the headers that every response has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "net/http.h"
#include "net/transport.h"

namespace breakwater::net {

// What the request and the connection say about the response.
struct ResponseFraming {
  bool head_request = false;  // no body, but the length of it
  bool http11 = true;
  bool keep_alive = true;  // false: announces the end of the connection
  std::string_view request_id;
};

// How a response's body is delimited. RFC 9112 §6.
struct Delimiting {
  bool send_body = true;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool until_close = false;
};
Delimiting Delimit(const Response& response, const ResponseFraming& framing);

// Status line and fields, with the empty line behind them. `keep_alive`: as announced.
std::string FormatHead(const Response& response, const ResponseFraming& framing,
                       const Delimiting& delimiting, bool keep_alive);
// False for a status that is none, or fields that hold control characters.
bool IsSendable(const Response& response);

// The whole of a response with a text body, for who must not wait.
std::string FormatTextResponse(const Response& response, const ResponseFraming& framing);

// What is answered without a handler, before it is known whose form the client reads errors in. So
// it has the members of all of them: {"errors":[{"code":"…","message":"…"}],"trace":"<id>",
// "code":"…","message":"…","request-id":"<id>"}.
Response ErrorResponse(int status, std::string_view code, std::string_view message,
                       std::string_view request_id);

// "Bad Request" for 400; "" for a status without a name here. RFC 9110 §15.
std::string_view ReasonPhrase(int status);
// "Sun, 06 Nov 1994 08:49:37 GMT". RFC 9110 §5.6.7.
std::string FormatHttpDate(Timestamp t);

}  // namespace breakwater::net
