// Sockets: owned descriptors, and the one place that waits for them. All are non-blocking.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "base/ip.h"
#include "base/result.h"

namespace breakwater::net {

using SteadyClock = std::chrono::steady_clock;
using Deadline = SteadyClock::time_point;
// A deadline that has always passed: do what can be done at once.
inline constexpr Deadline kNoWait = Deadline::min();

// Owns a descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { Close(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void Close();

 private:
  int fd_ = -1;
};

// Whatever blocks on a socket blocks here. Thread-safe; holds nothing.
class Waiter {
 public:
  // kDeadline when it passes first. An error or hang-up of the socket counts as ready.
  Status Readable(int fd, Deadline deadline) const;
  Status Writable(int fd, Deadline deadline) const;
};

// An address and port as text for people and URLs: "127.0.0.1:5000", "[::1]:5000".
std::string FormatEndpoint(const IpAddress& address, std::uint16_t port);

struct Accepted {
  UniqueFd socket;  // non-blocking, close-on-exec, TCP_NODELAY
  IpAddress peer;
};

class ListeningSocket {
 public:
  // `address` is numeric; "::" takes IPv4 too. Port 0 picks a free one.
  static Result<ListeningSocket> Open(const std::string& address, std::uint16_t port);

  int fd() const { return fd_.get(); }
  const IpAddress& address() const { return address_; }
  std::uint16_t port() const { return port_; }
  // kDeadline if nobody waits any more, kUnavailable if the system lacks something (descriptors).
  Result<Accepted> Accept() const;

 private:
  ListeningSocket(UniqueFd fd, IpAddress address, std::uint16_t port)
      : fd_(std::move(fd)), address_(address), port_(port) {}
  UniqueFd fd_;
  IpAddress address_;
  std::uint16_t port_;
};

// Writing to a connection that the peer closed must be an error, not the end of the process.
// Process-wide; idempotent.
void IgnoreBrokenPipes();

}  // namespace breakwater::net
