// Bytes over a connection, plain or under TLS, with deadlines. Not thread-safe; one thread owns a
// transport. Shutting the socket down from another thread ends its waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "net/socket.h"

namespace breakwater::net {

// Failures: kDeadline when a deadline passes, after which the same call may be made again;
// kUnavailable ("connection_closed") when the peer is gone, after which the transport is of no more
// use.
class Transport {
 public:
  virtual ~Transport() = default;

  // Before anything else, until it is Ok.
  virtual Status Handshake(Deadline deadline) = 0;
  // Reads at least one byte; 0 if the peer will send no more.
  virtual Result<std::size_t> Read(std::span<std::byte> out, Deadline deadline) = 0;
  // Writes some of `bytes`, at least one. `more` promises that more follows at once. What was taken
  // may be kept back until Flush.
  virtual Result<std::size_t> Write(ByteView bytes, bool more, Deadline deadline) = 0;
  // Writes some of a file's bytes, at least one; kDataCorrupt if the file ends before.
  virtual Result<std::size_t> WriteFile(int file, std::uint64_t offset, std::uint64_t length,
                                        Deadline deadline) = 0;
  // Sends what Write kept back. A response is sent when this is Ok.
  virtual Status Flush(Deadline deadline) = 0;
  // After kDeadline: the socket must become writable, not readable, before the call can go on.
  virtual bool wants_write() const = 0;
  // Bytes that the system has taken from us and the peer has not acknowledged.
  virtual std::size_t Unsent() const = 0;
  // True if a Read would return bytes that this program already took from the socket.
  virtual bool HasBufferedInput() const = 0;
  // Says that no more will be written. Does not wait.
  virtual void FinishWriting() = 0;
};

std::unique_ptr<Transport> NewPlainTransport(int fd, Waiter waiter);
// Transport::Unsent of a socket.
std::size_t UnsentOf(int fd);

// What the peer must keep up with: a time without any progress, and an average over the time we
// spent waiting for it (our own work does not count).
struct PaceLimits {
  std::chrono::milliseconds stall{30'000};
  std::chrono::milliseconds grace{30'000};  // before the average counts
  std::uint64_t min_bytes_per_second = 1024;
};

class Pace {
 public:
  explicit Pace(const PaceLimits& limits) : limits_(limits) {}
  // When the next wait must be over.
  Deadline Next();
  // The wait that Next() began is over and moved `bytes`; or it is interrupted (0).
  void Progress(std::size_t bytes);
  // `bytes` were moved without a wait.
  void Moved(std::size_t bytes) { bytes_ += bytes; }

 private:
  PaceLimits limits_;
  SteadyClock::time_point started_;
  SteadyClock::duration waited_{};
  std::uint64_t bytes_ = 0;
};

// All of it, at the peer's pace.
Status WriteAll(Transport& transport, ByteView bytes, bool more, Pace& pace);

}  // namespace breakwater::net
