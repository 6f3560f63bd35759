#include "cli/tour_receiver.h"

#include "json/json.h"

namespace breakwater::cli {
namespace {

constexpr std::size_t kMaxMessage = 1U << 20;
constexpr std::size_t kMaxKept = 1000;
constexpr std::string_view kPath = "/alerts";

net::Response Empty(int status) {
  net::Response response;
  response.status = status;
  return response;
}

}  // namespace

Result<std::unique_ptr<AlertReceiver>> AlertReceiver::Start() {
  std::unique_ptr<AlertReceiver> receiver(new AlertReceiver());
  net::ServerOptions options;
  options.max_connections = 32;
  BW_TRY(receiver->server_, net::HttpServer::Listen(std::move(options),
                                                    [self = receiver.get()](net::Request& request) {
                                                      return self->Take(request);
                                                    }));
  BW_TRY_STATUS(receiver->server_->Start());
  return receiver;
}

AlertReceiver::~AlertReceiver() {
  if (server_ != nullptr) server_->Stop(std::chrono::seconds{1});
}

std::string AlertReceiver::url() const {
  return "http://" + server_->endpoint() + std::string(kPath);
}

std::vector<std::string> AlertReceiver::Tokens() const {
  MutexLock lock(mutex_);
  return tokens_;
}

net::Response AlertReceiver::Take(net::Request& request) {
  if (request.method != "POST" || request.path != kPath) return Empty(404);
  const auto body = io::ReadAll(*request.body, kMaxMessage);
  if (!body.ok()) return Empty(400);
  const auto message = json::Parse(*body);
  if (!message.ok()) return Empty(400);
  const std::string_view token = json::FindText(*message, "data");
  if (token.empty()) return Empty(400);
  MutexLock lock(mutex_);
  if (tokens_.size() < kMaxKept) tokens_.emplace_back(token);
  return Empty(200);
}

}  // namespace breakwater::cli
