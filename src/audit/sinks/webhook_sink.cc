#include "audit/sinks/webhook_sink.h"

#include "base/bytes.h"
#include "crypto/hash.h"

namespace breakwater::audit {
namespace {

// Nobody reads the answer; more than this is not waited for.
constexpr std::uint64_t kMaxAnswer = 64 << 10;

}  // namespace

Status WebhookSink::Deliver(std::span<const SinkItem> items) {
  net::ClientRequest request;
  request.method = "POST";
  request.url = options_.url;
  request.timeout = options_.timeout;
  request.max_response_bytes = kMaxAnswer;
  for (const SinkItem& item : items) {
    request.body += item.text;
    request.body += '\n';
  }
  const std::string timestamp = std::to_string(ToUnixSeconds(clock_.Now()));
  request.headers.Add("Content-Type", "application/jsonl");
  request.headers.Add("Breakwater-Audit-First", std::to_string(items.front().sequence));
  request.headers.Add("Breakwater-Audit-Last", std::to_string(items.back().sequence));
  request.headers.Add("Breakwater-Timestamp", timestamp);
  if (!options_.secret.empty()) {
    const Bytes mac = crypto::HmacSha256(AsBytes(options_.secret.Reveal()),
                                         AsBytes(timestamp + "." + request.body));
    request.headers.Add("Breakwater-Signature", "sha256=" + HexEncode(mac));
  }
  BW_TRY(const net::ClientResponse response, client_.Send(request));
  if (response.status >= 200 && response.status < 300) return Ok();
  return Unavailable("the receiver answered " + std::to_string(response.status));
}

}  // namespace breakwater::audit
