#include "net/http_connection.h"

#include <array>
#include <exception>
#include <string>
#include <utility>

#include "base/wait.h"
#include "observe/log.h"
#include "observe/request_id.h"

namespace breakwater::net {
namespace {

// A lingering connection is not worth more than this.
constexpr std::size_t kLingerBytes = 16 * 1024 * 1024;
// Stages in one turn on the loop: several requests of one peer, while others wait.
constexpr int kStagesPerTurn = 24;
// How long a thread waits for a peer that takes no more, before the loop does it.
constexpr std::chrono::milliseconds kPatience{20};

std::string ChooseRequestId(const Headers& headers) {
  for (const char* name : {"x-request-id", "transaction-id"}) {
    const auto id = headers.Get(name);
    if (id.has_value() && observe::IsValidRequestId(*id)) return std::string(*id);
  }
  return observe::NewRequestId();
}

bool IsDeadline(const Error& error) {
  return error.code() == ErrorCode::kDeadline;
}

}  // namespace

Connection::Connection(UniqueFd fd, std::unique_ptr<Transport> transport, Peer direct,
                       IpAddress address, const ConnectionSettings& settings)
    : fd_(std::move(fd)),
      transport_(std::move(transport)),
      direct_(std::move(direct)),
      address_(address),
      settings_(settings),
      input_(*transport_),
      deadline_(SteadyClock::now() + settings.limits.head_timeout) {}

Connection::~Connection() {
  FinishWriting();
}

void Connection::FinishWriting() {
  if (!std::exchange(finished_writing_, true)) transport_->FinishWriting();
}

Connection::Step Connection::Advance(bool ready) {
  for (int i = 0; i < kStagesPerTurn; ++i) {
    std::optional<Step> step;
    switch (stage_) {
      case Stage::kHandshake: step = Handshake(); break;
      case Stage::kHead: step = ReadHead(std::exchange(ready, false)); break;
      case Stage::kHandle: step = TryHandle(); break;
      case Stage::kSend: step = TrySend(); break;
      case Stage::kLinger: step = DropInput(); break;
    }
    if (step) return *step;
  }
  return Step::kAgain;
}

Connection::Step Connection::Work() {
  if (stage_ == Stage::kHandle) {
    Respond(Handle());
    if (!request_.has_body && writer_->needs_thread()) return Step::kBulkWork;
  }
  BW_CHECK(stage_ == Stage::kSend);
  return SendUntil(SteadyClock::now() + kPatience).value_or(Step::kAgain);
}

Connection::Step Connection::Expire() {
  if (stage_ == Stage::kHead && !idle()) {
    Refuse({408, "request_timeout", "the request's head took too long"}, true);
    return Advance(false);
  }
  if (stage_ == Stage::kSend) {
    if (!writer_->GivesUp(*transport_)) {
      deadline_ = writer_->deadline();
      return Step::kWritable;
    }
    Abandon();
  }
  return Step::kClose;
}

void Connection::Abandon() {
  Report(DeadlineExceeded("the peer took too long").Reason("peer_too_slow"));
}

std::optional<Connection::Step> Connection::Handshake() {
  const Status done = transport_->Handshake(kNoWait);
  if (done.ok()) {
    AwaitHead();
    return std::nullopt;
  }
  if (IsDeadline(done.error())) {
    return transport_->wants_write() ? Step::kWritable : Step::kReadable;
  }
  observe::LogError(observe::Level::kDebug, "a TLS handshake failed", done.error(),
                    {{"peer", direct_.address}});
  return Step::kClose;
}

void Connection::AwaitHead() {
  stage_ = Stage::kHead;
  const auto now = SteadyClock::now();
  head_deadline_ = now + limits().head_timeout;
  deadline_ = now + limits().idle_timeout;
}

std::optional<Connection::Step> Connection::ReadHead(bool ready) {
  Step wanted = Step::kReadable;
  for (;;) {
    if (!input_.pending().empty()) {
      auto parsed = ParseRequestHead(input_.pending(), limits().head);
      if (auto* head = std::get_if<ParsedHead>(&parsed)) {
        input_.Consume(head->consumed);
        BeginRequest(std::move(head->head));
        return std::nullopt;
      }
      if (const auto* bad = std::get_if<HeadError>(&parsed)) {
        Refuse(*bad, true);
        return std::nullopt;
      }
    } else if (stopping()) {
      return Step::kClose;
    }
    if (!ready && !transport_->HasBufferedInput()) break;
    const bool first = input_.pending().empty();
    const auto got = input_.Fill(kNoWait);
    if (!got.ok() && IsDeadline(got.error())) {
      if (transport_->wants_write()) wanted = Step::kWritable;
      break;
    }
    if (!got.ok() || *got == 0) return Step::kClose;
    if (first) head_deadline_ = SteadyClock::now() + limits().head_timeout;
    ready = input_.filled();  // else the socket has no more
  }
  if (input_.pending().empty()) {
    input_.Release();
  } else {
    deadline_ = head_deadline_;
  }
  return wanted;
}

void Connection::BeginRequest(RequestHead head) {
  started_ = SteadyClock::now();
  request_ = Request{};
  request_.id = ChooseRequestId(head.headers);
  request_.method = std::move(head.method);
  request_.path = std::move(head.path);
  request_.query = std::move(head.query);
  request_.headers = std::move(head.headers);
  request_.peer = ResolvePeer(direct_, address_, request_.headers, settings_.trust);
  request_.content_length = head.content_length;
  request_.has_body = head.chunked || head.content_length.value_or(0) > 0;
  http11_ = head.http11;
  keep_alive_ = head.keep_alive;
  if (head.content_length.value_or(0) > limits().max_body_bytes) {
    return Refuse({413, "body_too_large", "the request's body is too large"}, head.http11);
  }
  body_.emplace(input_, *transport_,
                BodyOptions{.chunked = head.chunked,
                            .length = head.content_length.value_or(0),
                            .send_continue = head.expect_continue,
                            .max_bytes = limits().max_body_bytes,
                            .pace = limits().body});
  request_.body = &*body_;
  stage_ = Stage::kHandle;
}

// Answers without a handler and ends the connection.
void Connection::Refuse(const HeadError& why, bool http11) {
  if (request_.id.empty()) {
    request_.id = observe::NewRequestId();
    request_.peer = direct_;
    started_ = SteadyClock::now();
  }
  http11_ = http11;
  body_.reset();
  Respond(ErrorResponse(why.status, why.code, why.message, request_.id));
}

// Most requests can be answered from memory; the others say so, and are asked again elsewhere.
std::optional<Connection::Step> Connection::TryHandle() {
  const bool bodiless = !request_.has_body;
  const bool reads = request_.method == "GET" || request_.method == "HEAD";
  if (!settings_.try_at_once || !bodiless || !reads) {
    return bodiless ? Step::kShortWork : Step::kBulkWork;
  }
  const NoWaitScope scope;
  Response response = Handle();
  if (scope.refused()) return Step::kShortWork;
  Respond(std::move(response));
  return std::nullopt;
}

Response Connection::Handle() {
  const observe::ScopedRequestId scope(request_.id);
  try {
    return settings_.handler(request_);
  } catch (const std::exception& e) {
    observe::Log(observe::Level::kError, "a request's handler failed",
                 {{"method", request_.method}, {"path", request_.path}, {"error", e.what()}});
  } catch (...) {
    observe::Log(observe::Level::kError, "a request's handler failed",
                 {{"method", request_.method}, {"path", request_.path}});
  }
  return ErrorResponse(500, "internal_error", "internal error", request_.id);
}

void Connection::Respond(Response response) {
  const bool reusable = body_.has_value() && body_->IsDrainable(limits().drain_bytes);
  writer_.emplace(std::move(response),
                  ResponseFraming{.head_request = request_.method == "HEAD",
                                  .http11 = http11_,
                                  .keep_alive = keep_alive_ && reusable && !stopping(),
                                  .request_id = request_.id},
                  limits().response);
  stage_ = Stage::kSend;
}

std::optional<Connection::Step> Connection::TrySend() {
  // What is left of a body may have to be waited for.
  if (writer_->needs_thread() || (body_.has_value() && !body_->finished())) return Step::kBulkWork;
  return SendUntil(kNoWait);
}

std::optional<Connection::Step> Connection::SendUntil(Deadline until) {
  const observe::ScopedRequestId scope(request_.id);
  const auto sent = writer_->Advance(*transport_, until);
  if (sent.ok() && !*sent) {
    deadline_ = writer_->deadline();
    return Step::kWritable;
  }
  Report(sent.ok() ? Ok() : Status(sent.error()));
  if (!sent.ok()) return Step::kClose;
  return Finish();
}

std::optional<Connection::Step> Connection::Finish() {
  const bool keep_alive = writer_->sent().keep_alive;
  // A worker's thread waits for the rest: not for long, or those who send nothing would have them
  // all.
  const auto drain = [&] {
    return body_->Drain(limits().drain_bytes, SteadyClock::now() + limits().drain_patience);
  };
  const bool drained = body_.has_value() && (body_->finished() || (keep_alive && drain()));
  writer_.reset();
  body_.reset();
  request_ = Request{};
  if (keep_alive && drained) {
    AwaitHead();
    return std::nullopt;
  }
  FinishWriting();
  // Only a client that may still be sending needs to be listened to.
  if (drained) return Step::kClose;
  return Linger();
}

// Closing with unread input makes the system send a reset, which can destroy the answer before the
// client has read it. RFC 9112 §9.6.
std::optional<Connection::Step> Connection::Linger() {
  stage_ = Stage::kLinger;
  deadline_ = SteadyClock::now() + limits().linger;
  return std::nullopt;
}

std::optional<Connection::Step> Connection::DropInput() {
  std::array<std::byte, 16 * 1024> dropped;
  const auto got = transport_->Read(dropped, kNoWait);
  if (!got.ok() && IsDeadline(got.error()) && !stopping()) return Step::kReadable;
  if (!got.ok() || *got == 0 || stopping()) return Step::kClose;
  dropped_ += *got;
  if (dropped_ > kLingerBytes) return Step::kClose;
  return std::nullopt;
}

void Connection::Report(const Status& status) {
  if (!status.ok() && status.error().code() != ErrorCode::kUnavailable &&
      !IsDeadline(status.error())) {
    observe::LogError(observe::Level::kError, "a response broke off", status.error(),
                      {{"path", request_.path}});
  }
  if (!settings_.on_complete) return;
  request_.body = nullptr;
  const SentResponse& sent = writer_->sent();
  settings_.on_complete(request_,
                        {.status = sent.status,
                         .bytes_in = body_.has_value() ? body_->bytes_read() : 0,
                         .bytes_out = sent.bytes,
                         .duration = std::chrono::duration_cast<std::chrono::microseconds>(
                             SteadyClock::now() - started_),
                         .complete = status.ok()});
}

}  // namespace breakwater::net
