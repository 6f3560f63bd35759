// A socket that cannot hold anybody up for longer than it may.
#pragma once

#include <condition_variable>
#include <string>
#include <thread>

#include "base/result.h"
#include "base/sync.h"
#include "net/socket.h"

namespace breakwater::iam::ldap {

// Connects to the first address of the host that answers by the deadline; the socket blocks.
// kDeadline, or kUnavailable with why in the log. The system's resolver has its own time-out.
Result<net::UniqueFd> ConnectTo(const std::string& host, const std::string& port,
                                net::Deadline deadline);

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
