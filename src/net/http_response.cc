#include "net/http_response.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/strings.h"
#include "net/http_parser.h"

namespace breakwater::net {
namespace {

// RFC 9110 §6.4.1 and §15.3.5: never a body.
bool IsBodiless(int status) {
  return status < 200 || status == 204 || status == 304;
}

std::optional<std::uint64_t> BodyLength(const Response& response) {
  if (const auto text = response.text()) return text->size();
  if (const auto* file = std::get_if<FileSlice>(&response.body)) return file->length;
  return std::get<StreamBody>(response.body).length;
}

bool IsOurs(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kOurs = {"Content-Length", "Transfer-Encoding",
                                                            "Connection", "Date", "X-Request-Id"};
  return std::any_of(kOurs.begin(), kOurs.end(),
                     [&](std::string_view ours) { return EqualsIgnoreCase(name, ours); });
}

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

const std::string& DateNow() {
  thread_local std::int64_t second = -1;
  thread_local std::string text;
  const Timestamp now = SystemClock().Now();
  if (ToUnixSeconds(now) != second) {
    second = ToUnixSeconds(now);
    text = FormatHttpDate(now);
  }
  return text;
}

std::string JsonText(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

}  // namespace

bool IsSendable(const Response& response) {
  const auto& fields = response.headers.all();
  return response.status >= 200 && response.status <= 999 &&
         std::all_of(fields.begin(), fields.end(), [](const auto& field) {
           return IsToken(field.first) && IsFieldValue(field.second);
         });
}

Delimiting Delimit(const Response& response, const ResponseFraming& framing) {
  Delimiting out;
  const auto length = BodyLength(response);
  out.send_body = !framing.head_request && !IsBodiless(response.status);
  if (out.send_body) {
    out.content_length = length;
    out.chunked = !length.has_value() && framing.http11;
    out.until_close = !length.has_value() && !framing.http11;
  } else if (framing.head_request && !IsBodiless(response.status)) {
    out.content_length = response.announced_length.has_value() ? response.announced_length : length;
  } else if (response.status == 304) {
    out.content_length = response.announced_length;
  }
  return out;
}

std::string FormatHead(const Response& response, const ResponseFraming& framing,
                       const Delimiting& delimiting, bool keep_alive) {
  std::string out;
  out.reserve(512);
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(ReasonPhrase(response.status)).append("\r\n");
  AppendField(out, "Date", DateNow());
  AppendField(out, "X-Request-Id", framing.request_id);
  for (const auto& [name, value] : response.headers.all()) {
    if (!IsOurs(name)) AppendField(out, name, value);
  }
  if (delimiting.content_length.has_value()) {
    AppendField(out, "Content-Length", std::to_string(*delimiting.content_length));
  }
  if (delimiting.chunked) AppendField(out, "Transfer-Encoding", "chunked");
  if (!keep_alive) {
    AppendField(out, "Connection", "close");
  } else if (!framing.http11) {
    AppendField(out, "Connection", "keep-alive");
  }
  return out += "\r\n";
}

std::string FormatTextResponse(const Response& response, const ResponseFraming& framing) {
  return FormatHead(response, framing, Delimit(response, framing), framing.keep_alive)
      .append(response.text().value_or(""));
}

// `code` and `message` are literals of ours and the id is checked: quotes are all there is to
// escape.
Response ErrorResponse(int status, std::string_view code, std::string_view message,
                       std::string_view request_id) {
  Response out;
  out.status = status;
  out.headers.Add("Content-Type", "application/json");
  const std::string what = R"("code":)" + JsonText(code) + R"(,"message":)" + JsonText(message);
  out.body = R"({"errors":[{)" + what + R"(}],"trace":)" + JsonText(request_id) + "," + what +
             R"(,"request-id":)" + JsonText(request_id) + "}\n";
  return out;
}

std::string_view ReasonPhrase(int status) {
  struct Row {
    int status;
    std::string_view phrase;
  };
  static constexpr Row kRows[] = {{200, "OK"},
                                  {201, "Created"},
                                  {202, "Accepted"},
                                  {204, "No Content"},
                                  {206, "Partial Content"},
                                  {207, "Multi-Status"},
                                  {301, "Moved Permanently"},
                                  {302, "Found"},
                                  {303, "See Other"},
                                  {304, "Not Modified"},
                                  {307, "Temporary Redirect"},
                                  {308, "Permanent Redirect"},
                                  {400, "Bad Request"},
                                  {401, "Unauthorized"},
                                  {402, "Payment Required"},
                                  {403, "Forbidden"},
                                  {404, "Not Found"},
                                  {405, "Method Not Allowed"},
                                  {406, "Not Acceptable"},
                                  {408, "Request Timeout"},
                                  {409, "Conflict"},
                                  {410, "Gone"},
                                  {411, "Length Required"},
                                  {412, "Precondition Failed"},
                                  {413, "Content Too Large"},
                                  {414, "URI Too Long"},
                                  {415, "Unsupported Media Type"},
                                  {416, "Range Not Satisfiable"},
                                  {417, "Expectation Failed"},
                                  {422, "Unprocessable Content"},
                                  {423, "Locked"},
                                  {424, "Failed Dependency"},
                                  {428, "Precondition Required"},
                                  {429, "Too Many Requests"},
                                  {431, "Request Header Fields Too Large"},
                                  {500, "Internal Server Error"},
                                  {501, "Not Implemented"},
                                  {502, "Bad Gateway"},
                                  {503, "Service Unavailable"},
                                  {504, "Gateway Timeout"},
                                  {505, "HTTP Version Not Supported"},
                                  {507, "Insufficient Storage"}};
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows),
                                 [&](const Row& r) { return r.status == status; });
  return row == std::end(kRows) ? "" : row->phrase;
}

std::string FormatHttpDate(Timestamp t) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(t - day));
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT",
                kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text;
}

}  // namespace breakwater::net
