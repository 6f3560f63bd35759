#include "app/server.h"

#include <algorithm>

#include <sys/resource.h>

#include "api/dispatcher.h"
#include "app/endpoints.h"
#include "app/installation.h"
#include "app/parts.h"
#include "app/told_process.h"
#include "base/ids.h"
#include "jobs/ticker.h"
#include "net/http_server.h"
#include "observe/log.h"

namespace breakwater::app {
namespace {

// Of each listener. The rest of the open files is for the stores.
std::size_t Connections(const config::Http& http) {
  const auto wanted = static_cast<std::size_t>(http.connections);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return wanted;
  const std::size_t most =
      std::max<std::size_t>(static_cast<std::size_t>(files.rlim_cur) * 2 / 5, 1);
  if (most >= wanted) return wanted;
  observe::Log(observe::Level::kWarning,
               "fewer connections than configured: open files are limited",
               {{"open_files", files.rlim_cur}, {"connections", most}});
  return most;
}

net::ServerOptions OptionsOf(const config::Settings& settings, const config::Listener& listener,
                             net::ListenerKind kind) {
  net::ServerOptions options;
  options.address = listener.address.host;
  options.port = listener.address.port;
  options.kind = kind;
  if (!listener.tls_certificate.empty()) {
    options.tls = net::TlsFiles{listener.tls_certificate, listener.tls_key};
  }
  const config::Http& http = settings.http;
  options.limits.head.max_bytes = static_cast<std::size_t>(http.header_bytes);
  options.limits.head_timeout = http.header_deadline;
  options.limits.idle_timeout = http.idle_timeout;
  options.limits.body.stall = http.body_deadline;
  options.limits.response.stall = http.body_deadline;
  options.limits.body.min_bytes_per_second = static_cast<std::uint64_t>(http.body_min_rate);
  options.limits.response.min_bytes_per_second = static_cast<std::uint64_t>(http.body_min_rate);
  options.limits.max_body_bytes = static_cast<std::uint64_t>(settings.content.blob_bytes);
  options.max_connections = Connections(http);
  options.max_connections_per_address = static_cast<std::size_t>(http.connections_per_address);
  options.try_at_once = true;
  options.trust.proxies = settings.proxy.trusted;
  options.trust.network_header = settings.proxy.plane_header;
  return options;
}

std::string UrlOf(const net::HttpServer& server, const config::Listener& listener) {
  return (listener.tls_certificate.empty() ? "http://" : "https://") + server.endpoint();
}

std::optional<std::chrono::seconds> UrlLife(const config::Settings& settings,
                                            const config::Registry& registry) {
  if (!registry.redirect_pulls) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(settings.s3.redirect_lifetime);
}

std::vector<control::RegistryInfo> RegistriesOf(const config::Settings& settings,
                                                const net::HttpServer& public_listener,
                                                const net::HttpServer& private_listener) {
  std::vector<control::RegistryInfo> registries;
  for (const config::Registry& registry : settings.registries) {
    registries.push_back({.name = RegistryName(registry.public_hosts.front()),
                          .region = registry.region,
                          .public_hosts = registry.public_hosts,
                          .private_hosts = registry.private_hosts,
                          .pull_url_life = UrlLife(settings, registry)});
  }
  if (registries.empty()) {
    registries.push_back({.name = RegistryName(public_listener.endpoint()),
                          .region = "local",
                          .public_hosts = {public_listener.endpoint()},
                          .private_hosts = {private_listener.endpoint()}});
  }
  return registries;
}

}  // namespace

// A third of the lease that what a process tells of itself has.
constexpr std::chrono::seconds kTellInterval{30};

struct Server::State {
  config::Settings settings;
  // Listeners are taken first (the registry may be named by its port) and stopped first.
  std::unique_ptr<Installation> installation;
  std::unique_ptr<Faces> faces;
  std::unique_ptr<api::Dispatcher> dispatcher;
  std::unique_ptr<net::HttpServer> public_listener;
  std::unique_ptr<net::HttpServer> private_listener;
  admin::Processes::Options process;
  std::unique_ptr<jobs::Ticker> teller;

  // Says what this process is, and goes on saying so.
  Status Tell() {
    Installation::Parts& parts = installation->parts();
    process = {.id = NewUuid(), .alone = !parts.stores.shared};
    const admin::ToldProcess told = DescribeProcess(
        settings, {{"public", settings.public_listener, public_listener->port()},
                   {"private", settings.private_listener, private_listener->port()}});
    BW_TRY_STATUS(parts.processes.Tell(process, told));
    teller = std::make_unique<jobs::Ticker>("process", kTellInterval, [this, &parts, told] {
      return parts.processes.Tell(process, told);
    });
    teller->Start();
    return Ok();
  }
  void FallSilent() {
    if (!teller) return;
    teller->Stop();
    teller.reset();
    if (const Status left = installation->parts().processes.Leave(process.id); !left.ok()) {
      observe::LogError(observe::Level::kWarning, "what this process has told of itself stays",
                        left.error());
    }
  }
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() {
  Stop();
}

Result<std::unique_ptr<Server>> Server::Start(const config::Settings& settings) {
  auto state = std::make_unique<State>();
  state->settings = settings;
  // Nothing is answered before the listeners are started below, when the dispatcher is there.
  const net::RequestHandler handler = [state = state.get()](net::Request& request) {
    return state->dispatcher->Handle(request);
  };
  BW_TRY(state->public_listener,
         net::HttpServer::Listen(
             OptionsOf(settings, settings.public_listener, net::ListenerKind::kPublic), handler));
  BW_TRY(state->private_listener,
         net::HttpServer::Listen(
             OptionsOf(settings, settings.private_listener, net::ListenerKind::kPrivate), handler));
  BW_TRY(state->installation,
         Installation::Open(
             settings, RegistriesOf(settings, *state->public_listener, *state->private_listener)));
  state->faces = std::make_unique<Faces>(state->installation->parts());
  state->dispatcher = state->faces->NewDispatcher();
  BW_TRY_STATUS(state->Tell());
  state->installation->StartJobs();
  BW_TRY_STATUS(state->public_listener->Start());
  BW_TRY_STATUS(state->private_listener->Start());
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

std::string Server::public_url() const {
  return UrlOf(*state_->public_listener, state_->settings.public_listener);
}

std::string Server::private_url() const {
  return UrlOf(*state_->private_listener, state_->settings.private_listener);
}

void Server::Stop() {
  if (!state_->installation) return;
  const auto grace = state_->settings.http.stop_grace;
  state_->public_listener->Stop(grace);
  state_->private_listener->Stop(grace);
  state_->FallSilent();
  state_->installation->StopJobs(grace);
  state_->dispatcher.reset();
  state_->faces.reset();
  state_->installation.reset();
  observe::Log(observe::Level::kInfo, "stopped");
}

}  // namespace breakwater::app
