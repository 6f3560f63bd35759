// The process boundary of notifications: one attempt to hand a message to a receiver.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace breakwater::notify {

struct Message {
  std::string endpoint;
  std::string body;  // application/json
  std::vector<std::pair<std::string, std::string>> headers;
};

// Thread-safe.
class Sender {
 public:
  virtual ~Sender() = default;
  // OK only if the receiver took it (HTTP 200). The error's message may be shown to the account.
  virtual Status Send(const Message& message) = 0;
};

}  // namespace breakwater::notify
