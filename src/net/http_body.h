// What arrives on a connection after a head: buffered bytes, and the request's body as a Source.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "io/stream.h"
#include "net/chunked.h"
#include "net/transport.h"

namespace breakwater::net {

// Bytes read from a transport and not used yet. Not thread-safe; the transport must outlive it.
class InputBuffer {
 public:
  explicit InputBuffer(Transport& transport) : transport_(transport) {}

  std::string_view pending() const { return std::string_view(bytes_).substr(begin_); }
  void Consume(std::size_t n);
  // Reads more behind what is pending; 0 at the end of the connection.
  Result<std::size_t> Fill(Deadline deadline);
  // The last Fill got all it had room for: there may be more.
  bool filled() const { return filled_; }
  // What is pending or else, without a copy of our own, what the transport has; 0 at the end.
  Result<std::size_t> Read(std::span<std::byte> out, Deadline deadline);
  // Gives bytes back, before everything pending.
  void PutBack(ByteView bytes);
  // Frees the memory of an empty buffer.
  void Release();

 private:
  Transport& transport_;
  std::string bytes_;
  std::size_t begin_ = 0;
  bool filled_ = false;
};

struct BodyOptions {
  bool chunked = false;
  std::uint64_t length = 0;     // if not chunked
  bool send_continue = false;   // the client waits for "100 Continue"
  std::uint64_t max_bytes = 0;  // kTooLarge beyond (chunked; a length is checked before)
  PaceLimits pace;
};

// A request's body. Failures: kDeadline (too slow), kTooLarge, kInvalid (malformed chunks, or the
// connection ended early). Not thread-safe.
class RequestBody final : public io::Source {
 public:
  RequestBody(InputBuffer& input, Transport& transport, const BodyOptions& options);

  Result<std::size_t> Read(std::span<std::byte> out) override;

  // Everything of it was read: the connection is at the next request.
  bool finished() const { return finished_; }
  std::uint64_t bytes_read() const { return bytes_; }
  // The client was not told to send it, and may or may not do so.
  bool awaiting_continue() const { return options_.send_continue && !continued_; }
  // Could be small enough to be worth reading, rather than closing the connection.
  bool IsDrainable(std::uint64_t limit) const;
  // Reads and drops up to `limit` bytes that arrive until then. True if that was all.
  bool Drain(std::uint64_t limit, Deadline until);

 private:
  Status Begin();
  Result<std::size_t> ReadSized(std::span<std::byte> out);
  Result<std::size_t> ReadChunked(std::span<std::byte> out);
  Result<std::size_t> ReadRaw(std::span<std::byte> out);

  InputBuffer& input_;
  Transport& transport_;
  BodyOptions options_;
  Pace pace_;
  ChunkedDecoder decoder_;
  std::uint64_t left_;
  std::uint64_t bytes_ = 0;
  bool continued_ = false;
  bool finished_ = false;
  bool failed_ = false;
  std::optional<Deadline> until_;  // while draining
};

}  // namespace breakwater::net
