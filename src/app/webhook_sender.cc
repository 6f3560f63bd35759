#include "app/webhook_sender.h"

namespace breakwater::app {
namespace {

// Nobody reads the answer; more than this is not waited for.
constexpr std::uint64_t kMaxAnswer = 64 << 10;

}  // namespace

Status WebhookSender::Send(const notify::Message& message) {
  net::ClientRequest request;
  request.method = "POST";
  request.url = message.endpoint;
  request.body = message.body;
  request.timeout = timeout_;
  request.max_response_bytes = kMaxAnswer;
  request.headers.Add("Content-Type", "application/json");
  for (const auto& [name, value] : message.headers) request.headers.Add(name, value);
  BW_TRY(const net::ClientResponse response, client_.Send(request));
  // The reference system counts nothing but 200 as taken (ibm-scc 4.2).
  if (response.status == 200) return Ok();
  return Unavailable("the receiver answered " + std::to_string(response.status) + ", not 200");
}

}  // namespace breakwater::app
