// Sending responses: framing, the headers that every response has, and bodies of each kind.
#pragma once

#include <cstdint>
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

struct SentResponse {
  int status = 0;
  std::uint64_t bytes = 0;  // of the body
  bool keep_alive = false;  // the connection is fit for another request
};

// Sends it all. Fields that decide the framing (Content-Length, Transfer-Encoding, Connection,
// Date, X-Request-Id) are this function's alone; a handler's are dropped. A response whose fields
// hold control characters becomes a 500 ("response splitting", RFC 9112 §11.1).
// The status that was sent is set even on failure.
Status SendResponse(Transport& transport, Response response, const ResponseFraming& framing,
                    const PaceLimits& pace, SentResponse& sent);

// The whole of a response with a text body, for who must not wait.
std::string FormatTextResponse(const Response& response, const ResponseFraming& framing);

// {"errors":[{"code":"…","message":"…"}],"trace":"<id>"}: what is answered without a handler.
Response ErrorResponse(int status, std::string_view code, std::string_view message,
                       std::string_view request_id);

// "Bad Request" for 400; "" for a status without a name here. RFC 9110 §15.
std::string_view ReasonPhrase(int status);
// "Sun, 06 Nov 1994 08:49:37 GMT". RFC 9110 §5.6.7.
std::string FormatHttpDate(Timestamp t);

}  // namespace breakwater::net
