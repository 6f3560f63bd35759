// HTTP client for what this program calls by itself: webhooks, feeds, other services.
//
// http and https only; no redirects, no proxies from the environment, no cookies, no .netrc.
// Certificates are verified, always.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "io/stream.h"
#include "net/guard.h"
#include "net/http.h"

namespace breakwater::net {

struct ClientOptions {
  OutboundPolicy policy = {};
  // PEM bundle that replaces the system's trust store, or "".
  std::string ca_file = {};
  std::string user_agent = "breakwater";
  std::chrono::milliseconds connect_timeout{10'000};
  std::size_t max_idle_handles = 16;  // kept with their connections for later requests
  // "host:port" that every connection goes to, whatever URLs say, or "". Names in URLs stay what is
  // sent as Host and verified in certificates.
  std::string connect_to = {};
};

struct ClientRequest {
  std::string method = "GET";
  std::string url = {};
  Headers headers = {};
  std::string body = {};
  // If not empty, sent instead of `body`. Must outlive the call.
  ByteView body_view = {};
  // If set, sent instead of `body`: exactly `source_length` bytes. Must outlive the call.
  io::Source* source = nullptr;
  std::uint64_t source_length = 0;
  std::chrono::milliseconds timeout{30'000};  // for everything
  std::uint64_t max_response_bytes = std::uint64_t{1} << 20U;
};

struct ClientResponse {
  int status = 0;
  Headers headers = {};
  std::string body = {};  // empty after Download
};

// A response whose body is read as it comes, on the reader's thread and no faster than it reads:
// little more than a piece of it is in memory. Read fails with kUnavailable "request_failed" if the
// connection breaks before the body's end, and with kDeadline "timeout" if for the request's
// `timeout` nothing comes. Not thread-safe.
class ClientStream : public io::Source {
 public:
  virtual int status() const = 0;
  virtual const Headers& headers() const = 0;
};

// Thread-safe. A response of any status is a success of the client. Failures:
//   kInvalid      "invalid_url", "invalid_request"
//   kDenied       "plain_http_refused", "address_refused"
//   kDeadline     "timeout"
//   kTooLarge     "response_too_large"
//   kUnavailable  "cannot_resolve", "cannot_connect", "handshake_failed", "request_failed"; and
//                 "tls_failed" where the destination's certificate is not trusted
// and whatever a source or sink fails with.
class HttpClient {
 public:
  explicit HttpClient(ClientOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Result<ClientResponse> Send(const ClientRequest& request) const;
  // Gives the body of a 2xx response to `sink` as it comes; of others, returns it as Send does.
  Result<ClientResponse> Download(const ClientRequest& request, io::Sink& sink) const;
  // Returns when the response's head is there, at most `timeout` later. The client must outlive the
  // stream. `max_response_bytes` bounds the body here too. The request must have no `source`.
  Result<std::unique_ptr<ClientStream>> Open(ClientRequest request) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace breakwater::net
