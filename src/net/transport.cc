#include "net/transport.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

namespace breakwater::net {
namespace {

// Pieces of sendfile: large enough that the system call does not count, small enough that the
// peer's pace is seen.
constexpr std::uint64_t kFilePiece = 1024 * 1024;

bool WouldBlock(int code) {
  return code == EAGAIN || code == EWOULDBLOCK;
}

Error Closed(int code) {
  return Unavailable("the connection was closed")
      .Reason("connection_closed")
      .Log(std::strerror(code));
}

class PlainTransport final : public Transport {
 public:
  PlainTransport(int fd, Waiter waiter) : fd_(fd), waiter_(waiter) {}

  Status Handshake(Deadline) override { return Ok(); }

  Result<std::size_t> Read(std::span<std::byte> out, Deadline deadline) override {
    for (;;) {
      const ssize_t n = ::recv(fd_, out.data(), out.size(), 0);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno == EINTR) continue;
      if (!WouldBlock(errno)) return Closed(errno);
      wants_write_ = false;
      BW_TRY_STATUS(waiter_.Readable(fd_, deadline));
    }
  }

  Result<std::size_t> Write(ByteView bytes, bool more, Deadline deadline) override {
    for (;;) {
      const ssize_t n =
          ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | (more ? MSG_MORE : 0));
      if (n > 0) return static_cast<std::size_t>(n);
      BW_TRY_STATUS(AfterWriteFailure(deadline));
    }
  }

  Result<std::size_t> WriteFile(int file, std::uint64_t offset, std::uint64_t length,
                                Deadline deadline) override {
    for (;;) {
      auto position = static_cast<off_t>(offset);
      const ssize_t n =
          ::sendfile(fd_, file, &position, static_cast<std::size_t>(std::min(length, kFilePiece)));
      if (n > 0) return static_cast<std::size_t>(n);
      if (n == 0) return DataCorrupt("the content is shorter than recorded");
      BW_TRY_STATUS(AfterWriteFailure(deadline));
    }
  }

  Status Flush(Deadline) override { return Ok(); }
  bool wants_write() const override { return wants_write_; }
  std::size_t Unsent() const override { return UnsentOf(fd_); }
  bool HasBufferedInput() const override { return false; }

  void FinishWriting() override { (void)::shutdown(fd_, SHUT_WR); }

 private:
  Status AfterWriteFailure(Deadline deadline) {
    if (errno == EINTR) return Ok();
    if (!WouldBlock(errno)) return Closed(errno);
    wants_write_ = true;
    return waiter_.Writable(fd_, deadline);
  }

  int fd_;
  Waiter waiter_;
  bool wants_write_ = false;
};

}  // namespace

std::unique_ptr<Transport> NewPlainTransport(int fd, Waiter waiter) {
  return std::make_unique<PlainTransport>(fd, waiter);
}

// tcp(7).
std::size_t UnsentOf(int fd) {
  int bytes = 0;
  return ::ioctl(fd, SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

Deadline Pace::Next() {
  started_ = SteadyClock::now();
  const auto earned =
      limits_.min_bytes_per_second == 0
          ? SteadyClock::duration(std::chrono::hours(24))
          : SteadyClock::duration(std::chrono::seconds(bytes_ / limits_.min_bytes_per_second));
  const auto left = limits_.grace + earned - waited_;
  return started_ + std::min<SteadyClock::duration>(limits_.stall, left);
}

void Pace::Progress(std::size_t bytes) {
  waited_ += SteadyClock::now() - started_;
  bytes_ += bytes;
}

Status WriteAll(Transport& transport, ByteView bytes, bool more, Pace& pace) {
  while (!bytes.empty()) {
    BW_TRY(const std::size_t n, transport.Write(bytes, more, pace.Next()));
    pace.Progress(n);
    bytes = bytes.subspan(n);
  }
  return Ok();
}

}  // namespace breakwater::net
