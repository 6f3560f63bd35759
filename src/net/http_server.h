// HTTP/1.1 server: loops that watch many connections and answer what takes no time, and threads for
// what may wait. RFC 9110, RFC 9112.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/http.h"
#include "net/http_connection.h"
#include "net/tls.h"
#include "net/worker_pool.h"

namespace breakwater::net {

struct ServerOptions {
  std::string address = "127.0.0.1";  // numeric
  std::uint16_t port = 0;             // 0 picks a free one
  ListenerKind kind = ListenerKind::kPublic;
  std::optional<TlsFiles> tls;
  ConnectionLimits limits;
  // At the limit one that has been idle for long gives way; if none is idle, the new one gets 503.
  std::size_t max_connections = 2048;
  std::size_t max_connections_per_address = 1024;  // trusted proxies are exempt
  // Octets of answers in memory that wait for slow peers. Beyond them one of the largest gives way:
  // the one whose peer has taken nothing for the longest.
  std::size_t max_unsent = std::size_t{256} << 20U;
  std::size_t loops = 0;  // 0: one for every two processors
  WorkerOptions workers;
  // GET and HEAD without a body are handled on the loop first. The handler then must not wait there
  // without asking (base/wait.h); if it would have, it is called again on a thread that may.
  bool try_at_once = false;
  ProxyTrust trust;
  CompletionHook on_complete;  // may be empty
};

struct ServerStats {
  std::size_t connections = 0;  // open now
  std::size_t idle = 0;         // of those, without a request
  std::size_t unsent = 0;       // octets of answers that wait in memory for slow peers
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  // for a limit
  std::uint64_t evicted = 0;  // idle ones, for a new one; slow ones, for their memory
};

// Thread-safe but for Start and Stop, which belong to the owner.
class HttpServer {
 public:
  // Takes the address; answers nothing before Start. kUnavailable ("address_in_use",
  // "cannot_listen"), kInvalid for a bad address or certificate.
  static Result<std::unique_ptr<HttpServer>> Listen(ServerOptions options, RequestHandler handler);
  // Stops at once.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  // "127.0.0.1:5000": what Peer::server_address says.
  const std::string& endpoint() const;

  Status Start();
  // Accepts nothing more, ends idle connections, lets requests finish up to `deadline`, then cuts
  // them, and returns when all threads are gone. Waits for handlers, whatever the deadline: they
  // bound themselves.
  void Stop(std::chrono::milliseconds deadline);

  // Reads the certificate and key again; on failure the old ones stay. Ok without TLS.
  Status ReloadTls();
  ServerStats stats() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace breakwater::net
