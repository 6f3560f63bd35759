// Sending a response piece by piece, by whatever thread has its connection: as much as the peer
// takes at once, or as much as it takes in a while.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/http_response.h"

namespace breakwater::net {

struct SentResponse {
  int status = 0;
  std::uint64_t bytes = 0;  // of the body
  bool keep_alive = false;  // the connection is fit for another request
};

// Not thread-safe, but may change threads between two calls.
class ResponseWriter {
 public:
  // Fields that decide the framing (Content-Length, Transfer-Encoding, Connection, Date,
  // X-Request-Id) are this class's alone; a handler's are dropped. A response whose fields hold
  // control characters becomes a 500 ("response splitting", RFC 9112 §11.1).
  ResponseWriter(Response response, const ResponseFraming& framing, const PaceLimits& pace);
  ResponseWriter(const ResponseWriter&) = delete;  // it holds views of itself
  ResponseWriter& operator=(const ResponseWriter&) = delete;

  // The rest comes from a disk or another machine, or is long: not to be sent on a thread that
  // others need.
  bool needs_thread() const;

  // True when everything is sent. False when the peer takes no more before `until`: to be called
  // again when the socket is writable, and before deadline(). Any failure is final.
  Result<bool> Advance(Transport& transport, Deadline until);
  // When a peer that takes nothing is given up. After Advance gave false.
  Deadline deadline() const { return deadline_; }
  // At that time: whether it is. A peer who has taken some of what the system holds, but not yet so
  // much that the socket became writable, gets another deadline.
  bool GivesUp(const Transport& transport);

  // Octets of memory that the answer keeps until it is sent.
  std::size_t held() const;

  const SentResponse& sent() const { return sent_; }

 private:
  enum class Stage { kHead, kText, kFile, kStream, kFlush, kDone };

  // Writes once, at least one byte; moves on to the next stage where one is through.
  Result<std::size_t> Step(Transport& transport, Deadline deadline);
  Result<std::size_t> StepStream(Transport& transport, Deadline deadline);
  void BeginWaiting(const Transport& transport);
  Status ReadPiece();
  void TakePiece(std::size_t size);
  // Waits for the peer, at its pace. Nothing if it took nothing before `until`.
  Result<std::optional<std::size_t>> StepPatiently(Transport& transport, Deadline until);

  Response response_;
  Stage body_stage_ = Stage::kFlush;  // what follows the head
  Stage stage_ = Stage::kHead;
  bool chunked_ = false;
  std::string head_;  // with the body, if it is small
  ByteView rest_;     // of the head, the text or the piece of a stream
  std::vector<std::byte> buffer_;
  bool piece_is_full_ = false;
  bool stream_ended_ = false;
  Pace pace_;
  bool waiting_ = false;
  std::size_t unsent_ = 0;  // when the waiting began
  Deadline deadline_ = kNoWait;
  SentResponse sent_;
};

}  // namespace breakwater::net
