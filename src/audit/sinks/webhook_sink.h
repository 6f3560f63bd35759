// Batches as one POST of JSON lines, signed with a shared secret.
#pragma once

#include <string>

#include "audit/sinks/sink.h"
#include "base/secret.h"
#include "net/http_client.h"

namespace breakwater::audit {

struct WebhookOptions {
  std::string url;
  Secret secret;  // empty: not signed
  net::ClientOptions client = {};
  std::chrono::milliseconds timeout{30'000};
};

// Headers: Breakwater-Audit-First and -Last, the sequences; Breakwater-Timestamp, Unix seconds;
// Breakwater-Signature, "sha256=" and the hexadecimal HMAC-SHA256 of "<timestamp>.<body>".
class WebhookSink final : public Sink {
 public:
  WebhookSink(WebhookOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock), client_(options_.client) {}
  // Taken is what is answered with 2xx.
  Status Deliver(std::span<const SinkItem> items) override;

 private:
  const WebhookOptions options_;
  const Clock& clock_;
  const net::HttpClient client_;
};

}  // namespace breakwater::audit
