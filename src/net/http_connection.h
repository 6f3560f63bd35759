// One connection, as a machine that goes on by steps: on the loop that watches its socket, where it
// never waits, and on a worker's thread for what may wait. One thread at a time has it.
//
//   handshake -> head -> handle -> send -> head -> …      any of them -> linger -> gone
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "net/forwarded.h"
#include "net/http.h"
#include "net/http_body.h"
#include "net/http_parser.h"
#include "net/response_writer.h"
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
  // and for so long: it may hold a worker's thread.
  std::chrono::milliseconds drain_patience{100};
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

// Called after each answer from the thread that sent it. The request has no body any more; its
// method is empty if its head was refused.
using CompletionHook = std::function<void(const Request&, const Completion&)>;

// What all connections of a server have in common. Immutable but for `stopping`.
struct ConnectionSettings {
  ConnectionLimits limits;
  ProxyTrust trust;
  RequestHandler handler;
  bool try_at_once = false;  // see ServerOptions
  CompletionHook on_complete;
  std::atomic<bool> stopping{false};  // finish the request at hand and end
};

class Connection {
 public:
  // What must happen for it to go on.
  enum class Step {
    kReadable,   // the socket becomes readable, before deadline()
    kWritable,   // the same, writable
    kShortWork,  // Work on a thread that may wait for disks and databases
    kBulkWork,   // Work on a thread that may wait for this peer
    kAgain,      // Advance, when others have had their turn
    kClose,      // nothing will: destroy it
  };

  // `transport` is of the socket `fd`; both are the connection's from here on. `settings` outlive
  // it.
  Connection(UniqueFd fd, std::unique_ptr<Transport> transport, Peer direct, IpAddress address,
             const ConnectionSettings& settings);
  ~Connection();

  // On the loop. `ready`: the socket is what the last step asked for.
  Step Advance(bool ready);
  // On the loop, when deadline() has passed.
  Step Expire();
  // On a worker, after kShortWork or kBulkWork. After kShortWork it may give kBulkWork.
  Step Work();

  int fd() const { return fd_.get(); }
  const IpAddress& address() const { return address_; }
  Deadline deadline() const { return deadline_; }
  // Octets of an answer that wait in memory for the peer to take them.
  std::size_t unsent() const { return stage_ == Stage::kSend ? writer_->held() : 0; }
  // Reports the answer that is being sent as broken off; the connection is to be destroyed.
  void Abandon();
  // Between two requests: may be ended without a word. `deadline()` tells since when.
  bool idle() const { return stage_ == Stage::kHead && input_.pending().empty(); }

  // For the loop that has it.
  struct LoopState {
    std::size_t place = 0;         // among the loop's connections
    std::uint32_t watched = 0;     // events
    bool lent = false;             // to a worker
    bool closed = false;           // and to be destroyed
    bool counted_as_idle = false;  // in the statistics
    std::size_t unsent = 0;        // counted among what the loop's connections wait with
  } loop;

 private:
  enum class Stage { kHandshake, kHead, kHandle, kSend, kLinger };

  const ConnectionLimits& limits() const { return settings_.limits; }
  bool stopping() const { return settings_.stopping.load(std::memory_order_relaxed); }

  // One stage's work; nothing if the next stage can be tried at once.
  std::optional<Step> Handshake();
  std::optional<Step> ReadHead(bool ready);
  std::optional<Step> TryHandle();
  std::optional<Step> TrySend();
  std::optional<Step> DropInput();

  // Turns to the next stage.
  void AwaitHead();
  void BeginRequest(RequestHead head);
  void Refuse(const HeadError& why, bool http11);
  Response Handle();
  void Respond(Response response);
  // Sends until `until`; then what the loop is to wait for, or nothing when all is sent.
  std::optional<Step> SendUntil(Deadline until);
  std::optional<Step> Finish();
  std::optional<Step> Linger();
  void Report(const Status& status);
  void FinishWriting();

  const UniqueFd fd_;
  const std::unique_ptr<Transport> transport_;
  const Peer direct_;
  const IpAddress address_;
  const ConnectionSettings& settings_;
  InputBuffer input_;
  Stage stage_ = Stage::kHandshake;
  Deadline deadline_;
  Deadline head_deadline_;

  // Of the request at hand.
  Request request_;
  std::optional<RequestBody> body_;
  bool http11_ = true;
  bool keep_alive_ = true;
  SteadyClock::time_point started_;
  std::optional<ResponseWriter> writer_;

  bool finished_writing_ = false;
  std::size_t dropped_ = 0;  // while lingering
};

}  // namespace breakwater::net
