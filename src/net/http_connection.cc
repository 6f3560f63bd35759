#include "net/http_connection.h"

#include <array>
#include <exception>
#include <memory>
#include <string>

#include "observe/log.h"
#include "observe/request_id.h"

namespace breakwater::net {
namespace {

// A lingering connection is not worth more than this.
constexpr std::size_t kLingerBytes = 16 * 1024 * 1024;

std::string ChooseRequestId(const Headers& headers) {
  for (const char* name : {"x-request-id", "transaction-id"}) {
    const auto id = headers.Get(name);
    if (id.has_value() && observe::IsValidRequestId(*id)) return std::string(*id);
  }
  return observe::NewRequestId();
}

class Connection {
 public:
  Connection(int fd, const Peer& direct, const IpAddress& address, Transport& transport,
             const ConnectionSettings& settings, ConnectionShared& shared)
      : fd_(fd),
        direct_(direct),
        address_(address),
        transport_(transport),
        settings_(settings),
        shared_(shared),
        input_(transport) {}

  void Serve() {
    while (AwaitRequest() && ServeOne()) {
    }
  }

 private:
  const ConnectionLimits& limits() const { return settings_.limits; }
  bool stopping() const { return settings_.stopping.load(std::memory_order_relaxed); }

  // True when bytes of a request are there. Meanwhile anybody may take the connection.
  bool AwaitRequest() {
    if (!input_.pending().empty() || transport_.HasBufferedInput()) return true;
    input_.Release();
    const auto now = SteadyClock::now();
    shared_.idle_since.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    shared_.phase.store(ConnectionPhase::kIdle);
    // After the store: a server that stops either sees kIdle, or we see that it stops.
    const bool ready =
        !settings_.stopping.load() && Waiter().Readable(fd_, now + limits().idle_timeout).ok();
    auto expected = ConnectionPhase::kIdle;
    return shared_.phase.compare_exchange_strong(expected, ConnectionPhase::kBusy) && ready;
  }

  // True if the connection can carry another request.
  bool ServeOne() {
    const Deadline deadline = SteadyClock::now() + limits().head_timeout;
    for (;;) {
      auto parsed = ParseRequestHead(input_.pending(), limits().head);
      if (auto* head = std::get_if<ParsedHead>(&parsed)) {
        input_.Consume(head->consumed);
        return Answer(std::move(head->head));
      }
      if (const auto* bad = std::get_if<HeadError>(&parsed)) return Refuse(*bad, Request{}, true);
      const auto got = input_.Fill(deadline);
      if (got.ok() && *got > 0) continue;
      const bool timed_out = !got.ok() && got.error().code() == ErrorCode::kDeadline;
      if (timed_out && !input_.pending().empty()) {
        return Refuse({408, "request_timeout", "the request's head took too long"}, Request{},
                      true);
      }
      return false;
    }
  }

  bool Answer(RequestHead head) {
    Request request;
    request.id = ChooseRequestId(head.headers);
    request.method = std::move(head.method);
    request.path = std::move(head.path);
    request.query = std::move(head.query);
    request.headers = std::move(head.headers);
    request.peer = ResolvePeer(direct_, address_, request.headers, settings_.trust);
    request.content_length = head.content_length;
    request.has_body = head.chunked || head.content_length.value_or(0) > 0;
    if (head.content_length.value_or(0) > limits().max_body_bytes) {
      return Refuse({413, "body_too_large", "the request's body is too large"}, std::move(request),
                    head.http11);
    }
    RequestBody body(input_, transport_,
                     {.chunked = head.chunked,
                      .length = head.content_length.value_or(0),
                      .send_continue = head.expect_continue,
                      .max_bytes = limits().max_body_bytes,
                      .pace = limits().body});
    request.body = &body;

    const observe::ScopedRequestId scope(request.id);
    const auto start = SteadyClock::now();
    Response response = Handle(request);
    const bool reusable = body.IsDrainable(limits().drain_bytes);
    const ResponseFraming framing{.head_request = request.method == "HEAD",
                                  .http11 = head.http11,
                                  .keep_alive = head.keep_alive && reusable && !stopping(),
                                  .request_id = request.id};
    SentResponse sent;
    const Status status =
        SendResponse(transport_, std::move(response), framing, limits().response, sent);
    Report(request, sent, status, body.bytes_read(), start);
    return Finish(body, sent, status);
  }

  Response Handle(Request& request) {
    try {
      return settings_.handler(request);
    } catch (const std::exception& e) {
      observe::Log(observe::Level::kError, "a request's handler failed",
                   {{"method", request.method}, {"path", request.path}, {"error", e.what()}});
    } catch (...) {
      observe::Log(observe::Level::kError, "a request's handler failed",
                   {{"method", request.method}, {"path", request.path}});
    }
    return ErrorResponse(500, "internal_error", "internal error", request.id);
  }

  // Answers without a handler and ends the connection.
  bool Refuse(const HeadError& why, Request request, bool http11) {
    if (request.id.empty()) {
      request.id = observe::NewRequestId();
      request.peer = direct_;
    }
    const observe::ScopedRequestId scope(request.id);
    const auto start = SteadyClock::now();
    SentResponse sent;
    const ResponseFraming framing{.head_request = request.method == "HEAD",
                                  .http11 = http11,
                                  .keep_alive = false,
                                  .request_id = request.id};
    const Status status =
        SendResponse(transport_, ErrorResponse(why.status, why.code, why.message, request.id),
                     framing, limits().response, sent);
    Report(request, sent, status, 0, start);
    if (status.ok()) Linger();
    return false;
  }

  void Report(Request& request, const SentResponse& sent, const Status& status,
              std::uint64_t bytes_in, SteadyClock::time_point start) {
    if (!status.ok() && status.error().code() != ErrorCode::kUnavailable &&
        status.error().code() != ErrorCode::kDeadline) {
      observe::LogError(observe::Level::kError, "a response broke off", status.error(),
                        {{"path", request.path}});
    }
    if (!settings_.on_complete) return;
    request.body = nullptr;
    settings_.on_complete(request,
                          {.status = sent.status,
                           .bytes_in = bytes_in,
                           .bytes_out = sent.bytes,
                           .duration = std::chrono::duration_cast<std::chrono::microseconds>(
                               SteadyClock::now() - start),
                           .complete = status.ok()});
  }

  bool Finish(RequestBody& body, const SentResponse& sent, const Status& status) {
    if (!status.ok()) return false;
    if (sent.keep_alive && body.Drain(limits().drain_bytes)) return true;
    // Only a client that may still be sending needs to be listened to.
    if (!body.finished()) Linger();
    return false;
  }

  // Closing with unread input makes the system send a reset, which can destroy the answer before
  // the client has read it. RFC 9112 §9.6.
  void Linger() {
    transport_.FinishWriting();
    const Deadline deadline = SteadyClock::now() + limits().linger;
    std::array<std::byte, 16 * 1024> dropped;
    for (std::size_t total = 0; total < kLingerBytes && !stopping();) {
      const auto got = transport_.Read(dropped, deadline);
      if (!got.ok() || *got == 0) return;
      total += *got;
    }
  }

  const int fd_;
  const Peer& direct_;
  const IpAddress& address_;
  Transport& transport_;
  const ConnectionSettings& settings_;
  ConnectionShared& shared_;
  InputBuffer input_;
};

}  // namespace

void ServeConnection(int fd, const Peer& direct, const IpAddress& address,
                     const TlsServerContext* tls, const ConnectionSettings& settings,
                     ConnectionShared& shared) {
  const Waiter waiter;
  std::unique_ptr<Transport> transport;
  if (tls == nullptr) {
    transport = NewPlainTransport(fd, waiter);
  } else {
    auto accepted = tls->Accept(fd, waiter, SteadyClock::now() + settings.limits.head_timeout);
    if (!accepted.ok()) {
      observe::LogError(observe::Level::kDebug, "a TLS handshake failed", accepted.error(),
                        {{"peer", direct.address}});
      return;
    }
    transport = *std::move(accepted);
  }
  Connection(fd, direct, address, *transport, settings, shared).Serve();
  transport->FinishWriting();
}

}  // namespace breakwater::net
