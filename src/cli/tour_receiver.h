// A receiver of alerts on this machine, as an operator would write one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "net/http_server.h"

namespace breakwater::cli {

// Listens on a free port of the loopback interface until it is destroyed. Thread-safe.
class AlertReceiver {
 public:
  static Result<std::unique_ptr<AlertReceiver>> Start();
  ~AlertReceiver();
  AlertReceiver(const AlertReceiver&) = delete;
  AlertReceiver& operator=(const AlertReceiver&) = delete;

  std::string url() const;
  // The signed tokens that came so far, oldest first.
  std::vector<std::string> Tokens() const;

 private:
  AlertReceiver() = default;
  net::Response Take(net::Request& request);

  mutable Mutex mutex_;
  std::vector<std::string> tokens_ BW_GUARDED_BY(mutex_);
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace breakwater::cli
