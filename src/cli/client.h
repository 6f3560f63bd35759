// How commands talk to a running server: HTTP with an API key, JSON in and out.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "io/stream.h"
#include "json/json.h"
#include "net/http_client.h"

namespace breakwater::cli {

struct ClientArguments {
  std::string url = "http://127.0.0.1:5000";
  Secret api_key;
  Secret token{};    // a Bearer token: sent instead of the API key
  std::string host;  // Host header: which registry is meant; empty: the URL's own
};

struct Answer {
  int status = 0;
  net::Headers headers;
  std::string body;
  // The body as JSON; null if it is none.
  json::Value document;
  bool ok() const { return status >= 200 && status < 300; }
};

// One server, one registry. Movable; not thread-safe.
class Client {
 public:
  explicit Client(ClientArguments arguments);

  // Of any status; an error only if there was no answer.
  Result<Answer> Call(std::string_view method, std::string_view path,
                      const std::optional<json::Value>& body = std::nullopt);
  // The same with a body and type of any kind.
  Result<Answer> Send(std::string_view method, std::string_view path, std::string_view content_type,
                      std::string_view body);
  Result<Answer> Upload(std::string_view method, std::string_view path,
                        std::string_view content_type, io::Source& source, std::uint64_t length);
  // An answer that is no success becomes an error with the server's own message.
  Result<json::Value> Must(std::string_view method, std::string_view path,
                           const std::optional<json::Value>& body = std::nullopt);

  // GET of an answer that is too long to be kept, from this byte on; one that is no success is an
  // error with the server's own message. kDeadline if nothing comes for three minutes. The client
  // must outlive the stream.
  Result<std::unique_ptr<io::Source>> Open(const std::string& path, std::uint64_t from = 0);

  const ClientArguments& arguments() const { return arguments_; }

 private:
  // Adds what every request has.
  void Prepare(net::ClientRequest& request, std::string_view path) const;
  Result<Answer> Exchange(net::ClientRequest request, std::string_view path);

  ClientArguments arguments_;
  std::unique_ptr<net::HttpClient> http_;
};

// What the server said went wrong, in whichever face's words.
std::string MessageOf(const Answer& answer);
// The error that an answer other than 2xx stands for, with the server's own message, its code as
// the reason, and its Retry-After as the detail "retry_after".
Error ErrorOf(const Answer& answer);

}  // namespace breakwater::cli
