#include "cli/client.h"

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "oci/ranges.h"

namespace breakwater::cli {
namespace {

constexpr std::chrono::minutes kTimeout{10};
// Without progress; whoever sends for hours does not pause for so long.
constexpr std::chrono::minutes kStall{3};
constexpr std::uint64_t kMaxAnswer = 256U << 20;
constexpr std::size_t kMaxError = 1U << 20;

net::ClientOptions OptionsOf() {
  net::ClientOptions options;
  // The operator named the server; nobody else chooses where this connects to.
  options.policy.allow_plain_http = true;
  options.policy.allow_non_public = true;
  options.user_agent = "breakwater-cli/" BW_VERSION;
  return options;
}

ErrorCode CodeOf(int status) {
  switch (status) {
    case 401: return ErrorCode::kUnauthenticated;
    case 403: return ErrorCode::kDenied;
    case 404: return ErrorCode::kNotFound;
    case 409: return ErrorCode::kConflict;
    case 429: return ErrorCode::kRateLimited;
    case 502:
    case 503: return ErrorCode::kUnavailable;
    case 504: return ErrorCode::kDeadline;
    default: return ErrorCode::kInvalid;
  }
}

// The first of the errors that it holds, or null.
const json::Value* FirstError(const Answer& answer) {
  const json::Value* errors = json::Find(answer.document, "errors");
  const auto* list = errors == nullptr ? nullptr : errors->if_array();
  return list == nullptr || list->empty() ? nullptr : &list->front();
}

std::string ReasonOf(const Answer& answer) {
  const json::Value* error = FirstError(answer);
  return error == nullptr ? std::string() : std::string(json::FindText(*error, "code"));
}

// What follows the first `dropped` bytes of another.
class Rest final : public io::Source {
 public:
  Rest(std::unique_ptr<io::Source> source, std::uint64_t dropped)
      : source_(std::move(source)), dropped_(dropped) {}
  Result<std::size_t> Read(std::span<std::byte> out) override {
    while (dropped_ > 0) {
      const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), dropped_));
      BW_TRY(const std::size_t count, source_->Read(out.first(room)));
      if (count == 0) return std::size_t{0};
      dropped_ -= count;
    }
    return source_->Read(out);
  }

 private:
  std::unique_ptr<io::Source> source_;
  std::uint64_t dropped_;
};

// A server, or a proxy before it, may answer the whole. RFC 9110 §14.2.
Result<std::unique_ptr<io::Source>> From(std::unique_ptr<net::ClientStream> stream,
                                         std::uint64_t from) {
  std::uint64_t begin = 0;
  if (stream->status() == 206) {
    BW_TRY(const oci::ByteRange range,
           oci::ParseContentRange(stream->headers().Get("Content-Range").value_or("")));
    begin = range.offset;
  }
  if (begin > from) return Invalid("the server answered another part than was asked for");
  if (begin == from) return std::unique_ptr<io::Source>(std::move(stream));
  return std::unique_ptr<io::Source>(std::make_unique<Rest>(std::move(stream), from - begin));
}

}  // namespace

std::string MessageOf(const Answer& answer) {
  if (const json::Value* error = FirstError(answer)) {
    return std::string(json::FindText(*error, "message"));
  }
  for (const char* name : {"message", "errorMessage"}) {
    const std::string_view text = json::FindText(answer.document, name);
    if (!text.empty()) return std::string(text);
  }
  return answer.body.substr(0, 200);
}

Error ErrorOf(const Answer& answer) {
  Error error =
      Error(CodeOf(answer.status),
            "the server answered " + std::to_string(answer.status) + ": " + MessageOf(answer))
          .Reason(ReasonOf(answer));
  const auto later = answer.headers.Get("Retry-After");
  if (!later) return error;
  return std::move(error).Detail("retry_after", std::string(*later));
}

Client::Client(ClientArguments arguments)
    : arguments_(std::move(arguments)), http_(std::make_unique<net::HttpClient>(OptionsOf())) {
  while (arguments_.url.ends_with('/')) arguments_.url.pop_back();
}

void Client::Prepare(net::ClientRequest& request, std::string_view path) const {
  request.url = arguments_.url + std::string(path);
  request.timeout = kTimeout;
  request.max_response_bytes = kMaxAnswer;
  request.headers.Set("Accept", "application/json");
  if (!arguments_.token.empty()) {
    request.headers.Set("Authorization", "Bearer " + arguments_.token.Reveal());
  } else if (!arguments_.api_key.empty()) {
    request.headers.Set(
        "Authorization",
        "Basic " + Base64Encode(AsBytes("iamapikey:" + arguments_.api_key.Reveal())));
  }
  if (!arguments_.host.empty()) request.headers.Set("Host", arguments_.host);
}

Result<Answer> Client::Exchange(net::ClientRequest request, std::string_view path) {
  Prepare(request, path);
  BW_TRY(net::ClientResponse response, http_->Send(request).Context(arguments_.url));
  Answer answer{.status = response.status,
                .headers = std::move(response.headers),
                .body = std::move(response.body),
                .document = {}};
  if (auto document = json::Parse(answer.body, {.max_bytes = kMaxAnswer, .max_depth = 64});
      document.ok()) {
    answer.document = *std::move(document);
  }
  return answer;
}

Result<Answer> Client::Call(std::string_view method, std::string_view path,
                            const std::optional<json::Value>& body) {
  return Send(method, path, body ? "application/json" : "", body ? json::Serialize(*body) : "");
}

Result<Answer> Client::Send(std::string_view method, std::string_view path,
                            std::string_view content_type, std::string_view body) {
  net::ClientRequest request;
  request.method = method;
  request.body = body;
  if (!content_type.empty()) request.headers.Set("Content-Type", std::string(content_type));
  return Exchange(std::move(request), path);
}

Result<Answer> Client::Upload(std::string_view method, std::string_view path,
                              std::string_view content_type, io::Source& source,
                              std::uint64_t length) {
  net::ClientRequest request;
  request.method = method;
  request.source = &source;
  request.source_length = length;
  request.headers.Set("Content-Type", std::string(content_type));
  return Exchange(std::move(request), path);
}

Result<std::unique_ptr<io::Source>> Client::Open(const std::string& path, std::uint64_t from) {
  net::ClientRequest request;
  Prepare(request, path);
  request.timeout = kStall;
  request.max_response_bytes = std::numeric_limits<std::uint64_t>::max();
  if (from > 0) request.headers.Set("Range", "bytes=" + std::to_string(from) + "-");
  BW_TRY(auto stream, http_->Open(std::move(request)).Context(arguments_.url));
  Answer answer{
      .status = stream->status(), .headers = stream->headers(), .body = {}, .document = {}};
  if (answer.ok()) return From(std::move(stream), from);
  BW_TRY(answer.body, io::ReadAll(*stream, kMaxError));
  if (auto document = json::Parse(answer.body); document.ok()) {
    answer.document = *std::move(document);
  }
  return ErrorOf(answer);
}

Result<json::Value> Client::Must(std::string_view method, std::string_view path,
                                 const std::optional<json::Value>& body) {
  BW_TRY(Answer answer, Call(method, path, body));
  if (!answer.ok()) return ErrorOf(answer).Context(std::string(method) + " " + std::string(path));
  return std::move(answer.document);
}

}  // namespace breakwater::cli
