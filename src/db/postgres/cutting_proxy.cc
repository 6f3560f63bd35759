#include "db/postgres/cutting_proxy.h"

#include <array>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

namespace breakwater::db::testing {
namespace {

constexpr int kTickMs = 20;  // how soon a stop is noticed

io::UniqueFd Socket() {
  io::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  BW_CHECK(static_cast<bool>(fd));
  return fd;
}

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// False at the end of the stream.
bool Receive(int from, std::string& bytes) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  bytes.assign(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

bool Send(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

CuttingProxy::CuttingProxy(int server_port) : server_port_(server_port), listener_(Socket()) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  BW_CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  BW_CHECK(::listen(listener_.get(), 16) == 0);
  BW_CHECK(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Listen(); });
}

CuttingProxy::~CuttingProxy() {
  stopping_ = true;
  thread_.join();
  const MutexLock lock(mutex_);
  for (auto& connection : connections_) connection.join();
}

void CuttingProxy::Listen() {
  while (!stopping_) {
    pollfd waiting{.fd = listener_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, kTickMs) <= 0) continue;
    io::UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) continue;
    const MutexLock lock(mutex_);
    connections_.emplace_back([this, fd = std::move(client)]() mutable { Serve(std::move(fd)); });
  }
}

void CuttingProxy::Serve(io::UniqueFd client) {
  const io::UniqueFd server = Socket();
  const sockaddr_in address = Loopback(server_port_);
  if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return;
  }
  Cut cut = Cut::kNever;
  std::string bytes;
  while (!stopping_) {
    std::array<pollfd, 2> ends{{{.fd = client.get(), .events = POLLIN, .revents = 0},
                                {.fd = server.get(), .events = POLLIN, .revents = 0}}};
    if (::poll(ends.data(), ends.size(), kTickMs) <= 0) continue;
    if (ends[1].revents != 0) {
      if (!Receive(server.get(), bytes) || cut == Cut::kAfterCommit) return;
      if (client && !Send(client.get(), bytes)) return;
    }
    if (!client || ends[0].revents == 0) continue;
    if (!Receive(client.get(), bytes)) return;
    if (bytes.find("COMMIT") != std::string::npos) cut = next_.exchange(Cut::kNever);
    if (cut == Cut::kBeforeCommit) return;
    if (cut == Cut::kHoldCommit) {
      client.Reset();
    } else if (!Send(server.get(), bytes)) {
      return;
    }
  }
}

}  // namespace breakwater::db::testing
