// A proxy before PostgreSQL, for tests: it cuts a connection at a chosen moment of a commit.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/sync.h"
#include "io/file.h"

namespace breakwater::db::testing {

enum class Cut {
  kNever,
  kBeforeCommit,  // the server never gets COMMIT, and sees the connection end
  kAfterCommit,   // the server has committed; its answer is lost
  kHoldCommit,    // the client sees the connection end, the server sees nothing
};

// Listens on a loopback port and passes on to another. Connections must not be encrypted.
class CuttingProxy {
 public:
  explicit CuttingProxy(int server_port);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  int port() const { return port_; }
  // What is done to the next connection that sends COMMIT, once.
  void CutNext(Cut cut) { next_ = cut; }
  bool done() const { return next_ == Cut::kNever; }

 private:
  void Listen();
  void Serve(io::UniqueFd client);

  const int server_port_;
  int port_ = 0;
  io::UniqueFd listener_;
  std::atomic<Cut> next_{Cut::kNever};
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  std::vector<std::thread> connections_ BW_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses everything above
};

}  // namespace breakwater::db::testing
