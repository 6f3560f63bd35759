#include "cli/client.h"

#include <limits>

#include "base/bytes.h"

namespace breakwater::cli {
namespace {

constexpr std::chrono::minutes kTimeout{10};
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

}  // namespace

std::string MessageOf(const Answer& answer) {
  if (const json::Value* errors = json::Find(answer.document, "errors")) {
    const auto* list = errors->if_array();
    if (list != nullptr && !list->empty()) {
      return std::string(json::FindText(list->front(), "message"));
    }
  }
  for (const char* name : {"message", "errorMessage"}) {
    const std::string_view text = json::FindText(answer.document, name);
    if (!text.empty()) return std::string(text);
  }
  return answer.body.substr(0, 200);
}

Error ErrorOf(const Answer& answer) {
  const std::string message =
      "the server answered " + std::to_string(answer.status) + ": " + MessageOf(answer);
  switch (answer.status) {
    case 401: return Unauthenticated(message);
    case 403: return Denied(message);
    case 404: return NotFound(message);
    case 409: return Conflict(message);
    default: return Invalid(message);
  }
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

Result<std::unique_ptr<net::ClientStream>> Client::Open(const std::string& path) {
  net::ClientRequest request;
  Prepare(request, path);
  request.max_response_bytes = std::numeric_limits<std::uint64_t>::max();
  BW_TRY(auto stream, http_->Open(std::move(request)).Context(arguments_.url));
  Answer answer{.status = stream->status(), .headers = {}, .body = {}, .document = {}};
  if (answer.ok()) return stream;
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
