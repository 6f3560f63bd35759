// One connection, served by one thread from its first byte to its last.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "net/forwarded.h"
#include "net/http.h"
#include "net/http_body.h"
#include "net/http_parser.h"
#include "net/http_response.h"
#include "net/tls.h"
#include "net/transport.h"

namespace breakwater::net {

struct ConnectionLimits {
  HeadLimits head;
  std::chrono::milliseconds head_timeout{15'000};  // first byte to end of head; TLS handshake
  std::chrono::milliseconds idle_timeout{75'000};  // between requests
  PaceLimits body;                                 // request bodies
  PaceLimits response;
  std::uint64_t max_body_bytes = std::uint64_t{64} << 30U;
  // What a handler left of a body is read and dropped up to here; beyond, the connection ends.
  std::uint64_t drain_bytes = 256 * 1024;
  // How long an ending connection listens on, so that the client can read the last answer.
  std::chrono::milliseconds linger{2'000};
};

// How a request went, for access logs and metrics.
struct Completion {
  int status = 0;                        // of the answer, even if it could not be sent whole
  std::uint64_t bytes_in = 0;            // of the body
  std::uint64_t bytes_out = 0;           // of the body
  std::chrono::microseconds duration{};  // from the end of the head to the last byte
  bool complete = false;                 // the answer was sent whole
};

// Called after each answer from the connection's thread. The request has no body any more; its
// method is empty if its head was refused.
using CompletionHook = std::function<void(const Request&, const Completion&)>;

// What a connection is doing, for whoever wants to end it. Only kIdle connections may be taken:
// by the change from kIdle to kClosing.
enum class ConnectionPhase { kBusy, kIdle, kClosing };

struct ConnectionShared {
  std::atomic<ConnectionPhase> phase{ConnectionPhase::kBusy};
  std::atomic<std::int64_t> idle_since{0};  // SteadyClock ticks
};

// What all connections of a server have in common. Immutable but for `stopping`.
struct ConnectionSettings {
  ConnectionLimits limits;
  ProxyTrust trust;
  RequestHandler handler;
  CompletionHook on_complete;
  std::atomic<bool> stopping{false};  // finish the request at hand and end
};

// Serves requests until the connection ends. `fd` stays open; `direct` is the peer as the listener
// sees it and `address` its address.
void ServeConnection(int fd, const Peer& direct, const IpAddress& address,
                     const TlsServerContext* tls, const ConnectionSettings& settings,
                     ConnectionShared& shared);

}  // namespace breakwater::net
