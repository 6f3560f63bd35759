// A socket that cannot hold anybody up for longer than it may.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <netdb.h>

#include "base/result.h"
#include "base/sync.h"
#include "net/socket.h"

namespace breakwater::iam::ldap {

// The addresses of a host; null where `code` is not 0.
struct Addresses {
  int code = 0;  // as of getaddrinfo
  std::shared_ptr<const addrinfo> first;
};
using LookUpHost = std::function<Addresses(const std::string& host, const std::string& port)>;
Addresses LookUpBySystem(const std::string& host, const std::string& port);

// The system's resolver knows no deadline: it is asked on threads that this owns, and whoever waits
// leaves one to itself that takes too long. Thread-safe. Its end waits for them.
class HostLookUps {
 public:
  static constexpr std::size_t kMost = 32;  // at a time

  explicit HostLookUps(LookUpHost look_up = LookUpBySystem) : look_up_(std::move(look_up)) {}
  ~HostLookUps();
  HostLookUps(const HostLookUps&) = delete;
  HostLookUps& operator=(const HostLookUps&) = delete;

  // kDeadline "directory_timeout"; kUnavailable while too many do not end.
  Result<Addresses> LookUp(const std::string& host, const std::string& port, net::Deadline deadline)
      BW_EXCLUDES(mutex_);

 private:
  struct One;
  void Run(One& one, const std::string& host, const std::string& port) BW_EXCLUDES(mutex_);

  const LookUpHost look_up_;
  Mutex mutex_;
  ConditionVariable ended_;
  std::vector<std::shared_ptr<One>> running_ BW_GUARDED_BY(mutex_);
};

// Connects to the first address of the host that answers by the deadline; the socket blocks.
// kDeadline, or kUnavailable with why in the log.
Result<net::UniqueFd> ConnectTo(HostLookUps& look_ups, const std::string& host,
                                const std::string& port, net::Deadline deadline);

// Shuts a socket down when the deadline passes, so that whoever blocks on it (a TLS handshake of a
// library that knows no deadlines) goes on with an error. Must end before the socket is closed.
class Watchdog {
 public:
  Watchdog(int fd, net::Deadline deadline);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void Watch(int fd, net::Deadline deadline) BW_EXCLUDES(mutex_);

  Mutex mutex_;
  ConditionVariable ended_;
  bool done_ BW_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace breakwater::iam::ldap
