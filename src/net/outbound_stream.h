// A connection to a server that the operator named, to send bytes, plain or under TLS. What users
// name goes through the outbound guard instead (http_client.h).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace breakwater::net {

struct StreamOptions {
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;          // with the server's certificate verified
  std::string ca_file = {};  // PEM bundle that replaces the system's trust store, or ""
  std::chrono::milliseconds timeout{10'000};  // to connect, and to send
};

// Not thread-safe.
class OutboundStream {
 public:
  // kUnavailable "cannot_connect".
  static Result<std::unique_ptr<OutboundStream>> Connect(StreamOptions options);
  ~OutboundStream();
  OutboundStream(const OutboundStream&) = delete;
  OutboundStream& operator=(const OutboundStream&) = delete;

  // All of it to the system, which may still lose it with the connection. kUnavailable where the
  // peer has closed; then the stream is of no more use.
  Status Send(ByteView bytes);

 private:
  class Impl;
  explicit OutboundStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace breakwater::net
