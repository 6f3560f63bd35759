#include "iam/ldap/watched_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

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

Addresses LookUpBySystem(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  Addresses addresses;
  addresses.code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (addresses.code == 0) addresses.first.reset(found, FreeAddresses());
  return addresses;
}

struct HostLookUps::One {
  std::optional<Addresses> found;  // guarded by the owner's mutex
  std::thread thread;
};

HostLookUps::~HostLookUps() {
  std::vector<std::shared_ptr<One>> left;
  {
    const MutexLock lock(mutex_);
    left.swap(running_);
  }
  for (const auto& one : left) one->thread.join();
}

void HostLookUps::Run(One& one, const std::string& host, const std::string& port) {
  Addresses found = look_up_(host, port);
  const MutexLock lock(mutex_);
  one.found = std::move(found);
  ended_.notify_all();
}

Result<Addresses> HostLookUps::LookUp(const std::string& host, const std::string& port,
                                      net::Deadline deadline) {
  const MutexLock lock(mutex_);
  std::erase_if(running_, [](const std::shared_ptr<One>& one) {
    if (!one->found) return false;
    one->thread.join();  // which has nothing left to do
    return true;
  });
  if (running_.size() >= kMost) return Unreachable(host + ": too many look-ups do not end");
  const auto one = std::make_shared<One>();
  running_.push_back(one);
  one->thread = std::thread([this, one, host, port] { Run(*one, host, port); });
  while (!one->found) {
    if (ended_.wait_until(mutex_, deadline) == std::cv_status::timeout && !one->found) {
      return DeadlineExceeded("the directory does not answer in time")
          .Reason("directory_timeout")
          .Log(host + ": the look-up of its name");
    }
  }
  return *one->found;
}

Result<net::UniqueFd> ConnectTo(HostLookUps& look_ups, const std::string& host,
                                const std::string& port, net::Deadline deadline) {
  BW_TRY(const Addresses addresses, look_ups.LookUp(host, port, deadline));
  if (addresses.code != 0) return Unreachable(host + ": " + ::gai_strerror(addresses.code));
  Status last = Unreachable(host + " has no address");
  for (const addrinfo* one = addresses.first.get(); one != nullptr; one = one->ai_next) {
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
