// Sends notifications by HTTP POST, through the outbound guard.
#pragma once

#include <chrono>

#include "net/http_client.h"
#include "notify/sender.h"

namespace breakwater::app {

class WebhookSender final : public notify::Sender {
 public:
  WebhookSender(net::ClientOptions options, std::chrono::milliseconds timeout)
      : client_(std::move(options)), timeout_(timeout) {}

  Status Send(const notify::Message& message) override;

 private:
  net::HttpClient client_;
  std::chrono::milliseconds timeout_;
};

}  // namespace breakwater::app
