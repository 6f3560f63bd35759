#include "net/http_server.h"

#include <algorithm>
#include <climits>
#include <thread>
#include <vector>

#include <sys/socket.h>

#include "net/admission.h"
#include "net/event_loop.h"

namespace breakwater::net {

class HttpServer::Impl {
 public:
  Impl(ServerOptions options, RequestHandler handler, ListeningSocket listener,
       std::unique_ptr<TlsServerContext> tls)
      : options_(std::move(options)),
        listener_(std::move(listener)),
        endpoint_(FormatEndpoint(listener_.address(), listener_.port())),
        tls_(std::move(tls)),
        admission_({options_.max_connections, options_.max_connections_per_address},
                   options_.trust),
        workers_(std::make_unique<WorkerPool>(options_.workers)) {
    settings_.limits = options_.limits;
    settings_.trust = options_.trust;
    settings_.handler = std::move(handler);
    settings_.try_at_once = options_.try_at_once;
    settings_.on_complete = options_.on_complete;
  }

  std::uint16_t port() const { return listener_.port(); }
  const std::string& endpoint() const { return endpoint_; }

  Status Start() {
    const std::size_t processors = std::thread::hardware_concurrency();
    const std::size_t count =
        options_.loops > 0 ? options_.loops : std::max<std::size_t>(processors / 2, 1);
    for (std::size_t i = 0; i < count; ++i) {
      BW_TRY(auto loop, EventLoop::Make({.listener = listener_,
                                         .tls = tls_.get(),
                                         .settings = settings_,
                                         .admission = admission_,
                                         .workers = *workers_,
                                         .max_unsent = options_.max_unsent / count,
                                         .direct = {.address = {},
                                                    .listener = options_.kind,
                                                    .tls = tls_ != nullptr,
                                                    .server_address = endpoint_}}));
      loops_.push_back(std::move(loop));
    }
    for (const auto& loop : loops_) loop->Start();
    return Ok();
  }

  void Stop(std::chrono::milliseconds deadline) {
    settings_.stopping.store(true);
    // From here on connecting is refused.
    (void)::shutdown(listener_.fd(), SHUT_RD);
    for (const auto& loop : loops_) loop->Wake();
    const Deadline end = SteadyClock::now() + deadline;
    for (const auto& loop : loops_) {
      if (!loop->WaitUntil(end)) loop->Cut();
    }
    for (const auto& loop : loops_) loop->Join();
    // Before the loops: a worker that gave a connection back may still be about to say so.
    workers_.reset();
  }

  Status ReloadTls() { return tls_ == nullptr ? Ok() : tls_->Reload(); }

  ServerStats stats() const {
    const Admission::Counts counts = admission_.counts();
    ServerStats out{
        .accepted = counts.accepted, .refused = counts.refused, .evicted = counts.evicted};
    for (const auto& loop : loops_) {
      out.connections += loop->connections();
      out.idle += loop->idle();
      out.unsent += loop->unsent();
    }
    return out;
  }

 private:
  const ServerOptions options_;
  const ListeningSocket listener_;
  const std::string endpoint_;
  const std::unique_ptr<TlsServerContext> tls_;
  ConnectionSettings settings_;
  Admission admission_;
  std::unique_ptr<WorkerPool> workers_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(ServerOptions options,
                                                       RequestHandler handler) {
  BW_CHECK(handler != nullptr);
  IgnoreBrokenPipes();
  if (options.workers.stack_bytes < static_cast<std::size_t>(PTHREAD_STACK_MIN)) {
    return Invalid("the stack size is too small").Reason("invalid_stack_size");
  }
  std::unique_ptr<TlsServerContext> tls;
  if (options.tls.has_value()) {
    BW_TRY(tls, TlsServerContext::Load(*options.tls));
  }
  BW_TRY(auto listener, ListeningSocket::Open(options.address, options.port));
  return std::unique_ptr<HttpServer>(new HttpServer(std::make_unique<Impl>(
      std::move(options), std::move(handler), std::move(listener), std::move(tls))));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() {
  impl_->Stop(std::chrono::milliseconds(0));
}

std::uint16_t HttpServer::port() const {
  return impl_->port();
}
const std::string& HttpServer::endpoint() const {
  return impl_->endpoint();
}
Status HttpServer::Start() {
  return impl_->Start();
}
void HttpServer::Stop(std::chrono::milliseconds deadline) {
  impl_->Stop(deadline);
}
Status HttpServer::ReloadTls() {
  return impl_->ReloadTls();
}
ServerStats HttpServer::stats() const {
  return impl_->stats();
}

}  // namespace breakwater::net
