#include "net/socket.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <optional>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace breakwater::net {
namespace {

constexpr int kBacklog = 4096;  // the kernel caps it at net.core.somaxconn

Error TooSlow() {
  return DeadlineExceeded("the peer took too long").Reason("peer_too_slow");
}

Status Wait(int fd, short events, Deadline deadline) {
  if (deadline == kNoWait) return TooSlow();
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
    const auto timeout = std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, INT_MAX);
    pollfd ready{.fd = fd, .events = events, .revents = 0};
    const int n = ::poll(&ready, 1, static_cast<int>(timeout));
    if (n > 0) return Ok();
    if (n < 0 && errno != EINTR) return Internal(std::string("poll: ") + std::strerror(errno));
    if (n == 0 && SteadyClock::now() >= deadline) {
      return TooSlow();
    }
  }
}

socklen_t ToSockaddr(const IpAddress& address, std::uint16_t port, sockaddr_storage& out) {
  out = {};
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data(), 4);
    std::memcpy(&out, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
  std::memcpy(&out, &v6, sizeof v6);
  return sizeof v6;
}

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
};

std::optional<Endpoint> FromSockaddr(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &from, sizeof v4);
    std::array<std::uint8_t, 4> raw{};
    std::memcpy(raw.data(), &v4.sin_addr, raw.size());
    return Endpoint{*IpAddress::FromBytes(raw), ntohs(v4.sin_port)};
  }
  if (from.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &from, sizeof v6);
    std::array<std::uint8_t, 16> raw{};
    std::memcpy(raw.data(), &v6.sin6_addr, raw.size());
    return Endpoint{*IpAddress::FromBytes(raw), ntohs(v6.sin6_port)};
  }
  return std::nullopt;
}

Error ListenError(const std::string& where, const char* call) {
  const int code = errno;
  return Unavailable("cannot listen on " + where + ": " + std::strerror(code))
      .Reason(code == EADDRINUSE ? "address_in_use" : "cannot_listen")
      .Log(call);
}

void SetOption(int fd, int level, int option, int value) {
  // These options only tune; a system that lacks one still works.
  (void)::setsockopt(fd, level, option, &value, sizeof value);
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void UniqueFd::Close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Status Waiter::Readable(int fd, Deadline deadline) const {
  return Wait(fd, POLLIN, deadline);
}
Status Waiter::Writable(int fd, Deadline deadline) const {
  return Wait(fd, POLLOUT, deadline);
}

std::string FormatEndpoint(const IpAddress& address, std::uint16_t port) {
  const std::string host = address.is_v4() ? address.ToString() : "[" + address.ToString() + "]";
  return host + ":" + std::to_string(port);
}

Result<ListeningSocket> ListeningSocket::Open(const std::string& address, std::uint16_t port) {
  BW_TRY(const IpAddress ip, IpAddress::Parse(address).Context("listener"));
  const std::string where = FormatEndpoint(ip, port);
  UniqueFd fd(
      ::socket(ip.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ListenError(where, "socket");
  SetOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (!ip.is_v4()) SetOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  sockaddr_storage raw;
  const socklen_t size = ToSockaddr(ip, port, raw);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&raw), size) != 0) {
    return ListenError(where, "bind");
  }
  if (::listen(fd.get(), kBacklog) != 0) return ListenError(where, "listen");
  socklen_t bound_size = sizeof raw;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&raw), &bound_size) != 0) {
    return ListenError(where, "getsockname");
  }
  const auto bound = FromSockaddr(raw);
  if (!bound.has_value()) return Internal("getsockname gave an unknown family");
  return ListeningSocket(std::move(fd), bound->address, bound->port);
}

Result<Accepted> ListeningSocket::Accept() const {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  UniqueFd fd(
      ::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&raw), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.valid()) {
    const int code = errno;
    // accept(2) passes on errors of the new connection; to us those just never came.
    if (code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM) {
      return Unavailable("out of resources").Log(std::string("accept: ") + std::strerror(code));
    }
    return DeadlineExceeded("no connection is waiting");
  }
  const auto peer = FromSockaddr(raw);
  if (!peer.has_value()) return DeadlineExceeded("no connection is waiting");
  SetOption(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  return Accepted{std::move(fd), peer->address};
}

void IgnoreBrokenPipes() {
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace breakwater::net
