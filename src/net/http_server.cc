#include "net/http_server.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <list>
#include <thread>
#include <unordered_map>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sync.h"
#include "net/http_response.h"
#include "observe/log.h"
#include "observe/request_id.h"

namespace breakwater::net {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kStackFactor = 4;  // instrumented frames are larger
#else
constexpr std::size_t kStackFactor = 1;
#endif

constexpr int kAcceptsPerTurn = 64;
constexpr std::chrono::milliseconds kResourcePause{50};

// Sent from the accepting thread, so without waiting, and without TLS.
void SendBusy(int fd) {
  const std::string id = observe::NewRequestId();
  Response busy = ErrorResponse(503, "too_many_connections", "too many connections", id);
  busy.headers.Add("Retry-After", "1");
  const std::string text = FormatTextResponse(busy, {.keep_alive = false, .request_id = id});
  (void)::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Signals belong to the main thread. Those that a thread brings upon itself stay.
class BlockSignals {
 public:
  BlockSignals() {
    sigset_t all;
    sigfillset(&all);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGPROF}) {
      sigdelset(&all, own);
    }
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockSignals(const BlockSignals&) = delete;
  BlockSignals& operator=(const BlockSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

class HttpServer::Impl {
 public:
  Impl(ServerOptions options, RequestHandler handler, ListeningSocket listener,
       std::unique_ptr<TlsServerContext> tls, UniqueFd wake)
      : options_(std::move(options)),
        listener_(std::move(listener)),
        endpoint_(FormatEndpoint(listener_->address(), listener_->port())),
        port_(listener_->port()),
        tls_(std::move(tls)),
        wake_(std::move(wake)) {
    settings_.limits = options_.limits;
    settings_.trust = options_.trust;
    settings_.handler = std::move(handler);
    settings_.on_complete = options_.on_complete;
  }

  std::uint16_t port() const { return port_; }
  const std::string& endpoint() const { return endpoint_; }

  Status Start() {
    const BlockSignals blocked;  // the new thread inherits the mask
    acceptor_ = std::thread([this] { AcceptLoop(); });
    return Ok();
  }

  void Stop(std::chrono::milliseconds deadline) {
    settings_.stopping.store(true);
    Wake();
    if (acceptor_.joinable()) acceptor_.join();
    listener_.reset();  // from here on connecting is refused
    const Deadline end = SteadyClock::now() + deadline;
    MutexLock lock(mutex_);
    for (auto& slot : live_) (void)Take(slot);
    while (!live_.empty() && changed_.wait_until(mutex_, end) != std::cv_status::timeout) {
    }
    for (auto& slot : live_) (void)::shutdown(slot.fd.get(), SHUT_RDWR);
    while (!live_.empty()) changed_.wait(mutex_);
    Reap();
  }

  Status ReloadTls() { return tls_ == nullptr ? Ok() : tls_->Reload(); }

  ServerStats stats() const {
    MutexLock lock(mutex_);
    ServerStats out = stats_;
    out.connections = live_.size();
    out.idle = static_cast<std::size_t>(std::count_if(live_.begin(), live_.end(), [](auto& slot) {
      return slot.shared.phase.load() == ConnectionPhase::kIdle;
    }));
    return out;
  }

 private:
  // A connection and its thread. In live_ while the thread runs, then in finished_ to be joined.
  struct Slot {
    Impl* server = nullptr;
    UniqueFd fd;
    IpAddress address;
    std::string address_text;
    pthread_t thread{};
    ConnectionShared shared;
    std::list<Slot>::iterator self;
  };

  void AcceptLoop() {
    while (!settings_.stopping.load()) {
      AwaitWork(listener_->fd(), -1);
      {
        MutexLock lock(mutex_);
        Reap();
      }
      for (int i = 0; i < kAcceptsPerTurn && !settings_.stopping.load(); ++i) {
        auto accepted = listener_->Accept();
        if (accepted.ok()) {
          Admit(*std::move(accepted));
          continue;
        }
        if (accepted.error().code() == ErrorCode::kUnavailable) {
          observe::LogError(observe::Level::kWarning, "cannot accept", accepted.error());
          AwaitWork(-1, static_cast<int>(kResourcePause.count()));
        }
        break;
      }
    }
  }

  // Until a connection waits on `listener` (if >= 0), somebody wakes us, or the time is over.
  void AwaitWork(int listener, int timeout_ms) {
    pollfd ready[2] = {{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                       {.fd = listener, .events = POLLIN, .revents = 0}};
    if (::poll(ready, 2, timeout_ms) > 0 && ready[0].revents != 0) {
      std::uint64_t count = 0;
      (void)!::read(wake_.get(), &count, sizeof count);
    }
  }

  void Wake() {
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  }

  void Admit(Accepted accepted) {
    MutexLock lock(mutex_);
    const std::string text = accepted.peer.ToString();
    const auto known = by_address_.find(text);
    const bool address_full = known != by_address_.end() &&
                              known->second >= options_.max_connections_per_address &&
                              !options_.trust.Trusts(accepted.peer);
    if (address_full || (live_.size() - closing_ >= options_.max_connections && !EvictIdlest()) ||
        !Launch(accepted, text)) {
      ++stats_.refused;
      if (tls_ == nullptr) SendBusy(accepted.socket.get());
      return;
    }
    ++stats_.accepted;
  }

  // False if the system gives no thread; `accepted` then still has its socket.
  bool Launch(Accepted& accepted, const std::string& text) BW_REQUIRES(mutex_) {
    live_.emplace_back();
    Slot& slot = live_.back();
    slot.self = std::prev(live_.end());
    slot.server = this;
    slot.fd = std::move(accepted.socket);
    slot.address = accepted.peer;
    slot.address_text = text;

    const BlockSignals blocked;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, options_.stack_bytes * kStackFactor);
    const int failed = pthread_create(&slot.thread, &attributes, &Impl::Run, &slot);
    pthread_attr_destroy(&attributes);
    if (failed != 0) {
      observe::Log(observe::Level::kWarning, "cannot start a connection's thread",
                   {{"error", std::strerror(failed)}});
      accepted.socket = std::move(slot.fd);
      live_.pop_back();
      return false;
    }
    ++by_address_[text];
    return true;
  }

  static void* Run(void* argument) {
    Slot& slot = *static_cast<Slot*>(argument);
    Impl& server = *slot.server;
    const Peer direct{.address = slot.address_text,
                      .listener = server.options_.kind,
                      .tls = server.tls_ != nullptr,
                      .server_address = server.endpoint_};
    ServeConnection(slot.fd.get(), direct, slot.address, server.tls_.get(), server.settings_,
                    slot.shared);
    server.Finish(slot);
    return nullptr;
  }

  void Finish(Slot& slot) {
    MutexLock lock(mutex_);
    slot.fd.Close();
    if (--by_address_[slot.address_text] == 0) by_address_.erase(slot.address_text);
    if (slot.shared.phase.load() == ConnectionPhase::kClosing) --closing_;
    finished_.splice(finished_.end(), live_, slot.self);
    changed_.notify_all();
    Wake();
  }

  // Threads in finished_ have nothing left to do but to return.
  void Reap() BW_REQUIRES(mutex_) {
    for (auto& slot : finished_) pthread_join(slot.thread, nullptr);
    finished_.clear();
  }

  // Ends a connection if it is idle.
  bool Take(Slot& slot) BW_REQUIRES(mutex_) {
    auto expected = ConnectionPhase::kIdle;
    if (!slot.shared.phase.compare_exchange_strong(expected, ConnectionPhase::kClosing)) {
      return false;
    }
    ++closing_;
    (void)::shutdown(slot.fd.get(), SHUT_RDWR);
    return true;
  }

  bool EvictIdlest() BW_REQUIRES(mutex_) {
    Slot* idlest = nullptr;
    for (auto& slot : live_) {
      if (slot.shared.phase.load() != ConnectionPhase::kIdle) continue;
      if (idlest == nullptr || slot.shared.idle_since < idlest->shared.idle_since) idlest = &slot;
    }
    if (idlest == nullptr || !Take(*idlest)) return false;
    ++stats_.evicted;
    return true;
  }

  const ServerOptions options_;
  std::optional<ListeningSocket> listener_;
  const std::string endpoint_;
  const std::uint16_t port_;
  const std::unique_ptr<TlsServerContext> tls_;
  const UniqueFd wake_;
  ConnectionSettings settings_;
  std::thread acceptor_;

  mutable Mutex mutex_;
  ConditionVariable changed_;
  std::list<Slot> live_ BW_GUARDED_BY(mutex_);
  std::list<Slot> finished_ BW_GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::size_t> by_address_ BW_GUARDED_BY(mutex_);
  std::size_t closing_ BW_GUARDED_BY(mutex_) = 0;  // of live_, taken while idle
  ServerStats stats_ BW_GUARDED_BY(mutex_);
};

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(ServerOptions options,
                                                       RequestHandler handler) {
  BW_CHECK(handler != nullptr);
  IgnoreBrokenPipes();
  if (options.stack_bytes < static_cast<std::size_t>(PTHREAD_STACK_MIN)) {
    return Invalid("the stack size is too small").Reason("invalid_stack_size");
  }
  std::unique_ptr<TlsServerContext> tls;
  if (options.tls.has_value()) {
    BW_TRY(tls, TlsServerContext::Load(*options.tls));
  }
  BW_TRY(auto listener, ListeningSocket::Open(options.address, options.port));
  UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake.valid()) return Internal(std::string("eventfd: ") + std::strerror(errno));
  return std::unique_ptr<HttpServer>(
      new HttpServer(std::make_unique<Impl>(std::move(options), std::move(handler),
                                            std::move(listener), std::move(tls), std::move(wake))));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() {
  impl_->Stop(std::chrono::milliseconds(0));
}

std::uint16_t HttpServer::port() const {
  return impl_->port();
}
const std::string& HttpServer::endpoint() const {
  return impl_->endpoint();
}
Status HttpServer::Start() {
  return impl_->Start();
}
void HttpServer::Stop(std::chrono::milliseconds deadline) {
  impl_->Stop(deadline);
}
Status HttpServer::ReloadTls() {
  return impl_->ReloadTls();
}
ServerStats HttpServer::stats() const {
  return impl_->stats();
}

}  // namespace breakwater::net
