// Helpers for tests that speak HTTP byte by byte. Blocking, with a time-out far above any test.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"
#include "net/http_server.h"

namespace breakwater::net::testing {

struct RawResponse {
  int status = 0;
  Headers headers;
  std::string body;
  bool chunked = false;
};

// A client's end of a connection to 127.0.0.1, plain or under TLS without verification.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, bool tls = false);
  ~RawClient();

  // False if the connection broke.
  bool Send(std::string_view bytes);
  // The next response, without its interim ones; its body as framed, unless it answers HEAD.
  Result<RawResponse> Read(bool head_request = false);
  // The next line, without CR LF.
  Result<std::string> ReadLine();
  // True if the server ends the connection (orderly or not) before it sends another byte.
  bool IsClosed();
  void FinishWriting();
  // Closes with a reset.
  void Abort();
  std::string negotiated_protocol() const;  // by ALPN

 private:
  struct State;
  Result<std::string> ReadExactly(std::size_t n);
  Result<std::string> ReadChunks();
  Result<std::size_t> Fill();
  std::unique_ptr<State> state_;
};

// A started server on a free port of 127.0.0.1.
std::unique_ptr<HttpServer> StartServer(ServerOptions options, RequestHandler handler);
Response Text(std::string text);
// A handler that answers "METHOD PATH?QUERY [BODY]", or 400 with the reason why there is no body.
Response Echo(Request& request);
// A whole GET request; `fields` are lines with their ends.
std::string Get(const std::string& target, const std::string& fields = "");

// A fresh self-signed certificate for 127.0.0.1 and localhost, as PEM files in `directory`.
struct TestCertificate {
  std::string certificate_file;
  std::string key_file;
};
TestCertificate MakeCertificate(const std::string& directory, const std::string& name = "server");

}  // namespace breakwater::net::testing
