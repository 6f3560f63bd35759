#include "iam/ldap/watched_socket.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace breakwater::iam::ldap {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};

Error Unreachable(std::string log) {
  return Unavailable("the directory cannot be reached")
      .Reason("directory_unavailable")
      .Log(std::move(log));
}

Status FinishConnecting(int fd, const addrinfo& address, net::Deadline deadline) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return Unreachable(std::strerror(errno));
    BW_TRY_STATUS(net::Waiter().Writable(fd, deadline));
    int problem = 0;
    socklen_t size = sizeof problem;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0) problem = errno;
    if (problem != 0) return Unreachable(std::strerror(problem));
  }
  return Ok();
}

void Prepare(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Result<net::UniqueFd> ConnectTo(const std::string& host, const std::string& port,
                                net::Deadline deadline) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); code != 0) {
    return Unreachable(host + ": " + ::gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  Status last = Unreachable(host + " has no address");
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    net::UniqueFd fd(::socket(one->ai_family, one->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid()) return Unreachable(std::strerror(errno));
    last = FinishConnecting(fd.get(), *one, deadline);
    if (last.ok()) {
      Prepare(fd.get());
      return fd;
    }
  }
  return last.error();
}

Watchdog::Watchdog(int fd, net::Deadline deadline)
    : thread_([this, fd, deadline] { Watch(fd, deadline); }) {}

Watchdog::~Watchdog() {
  {
    const MutexLock lock(mutex_);
    done_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

void Watchdog::Watch(int fd, net::Deadline deadline) {
  const MutexLock lock(mutex_);
  while (!done_) {
    if (ended_.wait_until(mutex_, deadline) == std::cv_status::timeout && !done_) {
      ::shutdown(fd, SHUT_RDWR);
      return;
    }
  }
}

}  // namespace breakwater::iam::ldap
