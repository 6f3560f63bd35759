#include "net/event_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_response.h"
#include "net/signals.h"
#include "observe/log.h"
#include "observe/request_id.h"

namespace breakwater::net {
namespace {

constexpr int kEventsPerTurn = 256;
constexpr int kAcceptsPerTurn = 64;
// Idle connections that are compared when one of them must go.
constexpr std::size_t kEvictionSample = 64;
constexpr std::size_t kEvictionSearch = 4096;
constexpr std::chrono::milliseconds kResourcePause{50};
// Tags of what is no connection; their addresses are no addresses of objects.
constexpr std::uint64_t kWakeTag = 1;
constexpr std::uint64_t kListenerTag = 2;

// Deadlines are looked at so often: late by an eighth of the shortest is on time.
std::chrono::milliseconds TickOf(const ConnectionLimits& limits) {
  const auto shortest = std::min({limits.head_timeout, limits.idle_timeout, limits.linger,
                                  limits.response.stall, limits.response.grace});
  return std::clamp<std::chrono::milliseconds>(shortest / 8, std::chrono::milliseconds(2),
                                               std::chrono::milliseconds(1000));
}

// Sent from a loop, so without waiting, and without TLS.
void SendBusy(int fd) {
  const std::string id = observe::NewRequestId();
  Response busy = ErrorResponse(503, "too_many_connections", "too many connections", id);
  busy.headers.Add("Retry-After", "1");
  const std::string text = FormatTextResponse(busy, {.keep_alive = false, .request_id = id});
  (void)::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::Make(LoopDeps deps) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return Internal(std::string("epoll_create1: ") + std::strerror(errno));
  UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake.valid()) return Internal(std::string("eventfd: ") + std::strerror(errno));
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kWakeTag}};
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return Internal(std::string("epoll_ctl: ") + std::strerror(errno));
  }
  return std::unique_ptr<EventLoop>(
      new EventLoop(std::move(deps), std::move(epoll), std::move(wake)));
}

EventLoop::EventLoop(LoopDeps deps, UniqueFd epoll, UniqueFd wake)
    : deps_(std::move(deps)),
      epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      tick_(TickOf(deps_.settings.limits)),
      next_tick_(SteadyClock::now() + tick_) {}

EventLoop::~EventLoop() {
  BW_CHECK(!thread_.joinable());
}

void EventLoop::Start() {
  const BlockSignals blocked;  // the new thread inherits the mask
  thread_ = std::thread([this] { Run(); });
}

void EventLoop::Wake() {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void EventLoop::Cut() {
  cut_.store(true);
  Wake();
}

bool EventLoop::WaitUntil(Deadline deadline) {
  return !thread_.joinable() || end_.wait_until(deadline) == std::future_status::ready;
}

void EventLoop::Join() {
  if (thread_.joinable()) thread_.join();
}

void EventLoop::Run() {
  std::array<epoll_event, kEventsPerTurn> events{};
  while (!stopped_ || !connections_.empty()) {
    if (!accepting_ && !stopped_ && SteadyClock::now() >= accept_again_) StartAccepting();
    const int n = ::epoll_wait(epoll_.get(), events.data(), kEventsPerTurn, NextTimeout());
    for (int i = 0; i < n; ++i) OnEvent(events[static_cast<std::size_t>(i)].data.u64);
    for (Connection* connection : std::exchange(again_, {})) {
      if (!connection->loop.closed) Drive(*connection, false);
    }
    TakeBack();
    const auto now = SteadyClock::now();
    if (now >= next_tick_) Expire(now);
    while (unsent() > deps_.max_unsent && EvictSlow()) continue;
    if (deps_.settings.stopping.load()) BeginStopping();
    if (cut_.load()) CutAll();
    closed_.clear();
  }
  ended_.set_value();
}

int EventLoop::NextTimeout() const {
  if (!again_.empty()) return 0;
  const bool paused = !accepting_ && !stopped_;
  const Deadline next = paused ? std::min(next_tick_, accept_again_) : next_tick_;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - SteadyClock::now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
}

void EventLoop::OnEvent(std::uint64_t tag) {
  if (tag == kWakeTag) {
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof count);
  } else if (tag == kListenerTag) {
    AcceptSome();
  } else {
    auto& connection = *reinterpret_cast<Connection*>(tag);
    // It may have been closed, or lent, by what came before in this turn.
    if (!connection.loop.closed && !connection.loop.lent) Drive(connection, true);
  }
}

void EventLoop::StartAccepting() {
  // Exclusive: one of the loops that share the listener wakes for a connection.
  epoll_event event{.events = EPOLLIN | EPOLLEXCLUSIVE, .data = {.u64 = kListenerTag}};
  accepting_ =
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, deps_.listener.fd(), &event) == 0 || errno == EEXIST;
}

void EventLoop::StopAccepting() {
  if (!std::exchange(accepting_, false)) return;
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, deps_.listener.fd(), nullptr);
}

void EventLoop::AcceptSome() {
  for (int i = 0; i < kAcceptsPerTurn && accepting_; ++i) {
    auto accepted = deps_.listener.Accept();
    if (accepted.ok()) {
      Admit(*std::move(accepted));
      continue;
    }
    if (accepted.error().code() == ErrorCode::kUnavailable && !deps_.settings.stopping.load()) {
      observe::LogError(observe::Level::kWarning, "cannot accept", accepted.error());
      StopAccepting();
      accept_again_ = SteadyClock::now() + kResourcePause;
    }
    return;
  }
}

void EventLoop::Admit(Accepted accepted) {
  auto verdict = deps_.admission.Enter(accepted.peer);
  if (verdict == Admission::Verdict::kFull && EvictIdle()) {
    verdict = deps_.admission.Enter(accepted.peer);
  }
  if (verdict == Admission::Verdict::kAdmitted) return Add(std::move(accepted));
  deps_.admission.NoteRefused();
  if (deps_.tls == nullptr) SendBusy(accepted.socket.get());
}

void EventLoop::Add(Accepted accepted) {
  const int fd = accepted.socket.get();
  std::unique_ptr<Transport> transport;
  if (deps_.tls == nullptr) {
    transport = NewPlainTransport(fd, Waiter());
  } else {
    auto made = deps_.tls->NewTransport(fd, Waiter());
    if (!made.ok()) {
      observe::LogError(observe::Level::kError, "cannot begin TLS", made.error());
      return deps_.admission.Leave(accepted.peer);
    }
    transport = *std::move(made);
  }
  Peer direct = deps_.direct;
  direct.address = accepted.peer.ToString();
  auto connection = std::make_unique<Connection>(std::move(accepted.socket), std::move(transport),
                                                 std::move(direct), accepted.peer, deps_.settings);
  connection->loop.place = connections_.size();
  connections_.push_back(std::move(connection));
  connection_count_.store(connections_.size(), std::memory_order_relaxed);
  Drive(*connections_.back(), false);
}

// The one idle longest of some.
bool EventLoop::EvictIdle() {
  Connection* idlest = nullptr;
  std::size_t sample = 0;
  const std::size_t search = std::min(connections_.size(), kEvictionSearch);
  for (std::size_t i = 0; i < search && sample < kEvictionSample; ++i) {
    hand_ = hand_ + 1 < connections_.size() ? hand_ + 1 : 0;
    Connection& candidate = *connections_[hand_];
    if (candidate.loop.watched == 0 || !candidate.idle()) continue;
    ++sample;
    if (idlest == nullptr || candidate.deadline() < idlest->deadline()) idlest = &candidate;
  }
  if (idlest == nullptr) return false;
  Close(*idlest);
  deps_.admission.NoteEvicted();
  return true;
}

// Who holds little is spared: a download that is slow for hours waits with one piece.
bool EventLoop::EvictSlow() {
  std::size_t largest = 0;
  for (const auto& one : connections_) largest = std::max(largest, one->loop.unsent);
  Connection* slowest = nullptr;
  for (const auto& one : connections_) {
    if (one->loop.unsent <= largest / 2) continue;
    if (slowest == nullptr || one->deadline() < slowest->deadline()) slowest = one.get();
  }
  if (slowest == nullptr) return false;
  slowest->Abandon();
  Close(*slowest);
  deps_.admission.NoteEvicted();
  return true;
}

void EventLoop::Drive(Connection& connection, bool ready) {
  Apply(connection, connection.Advance(ready));
}

void EventLoop::Apply(Connection& connection, Connection::Step step) {
  CountUnsent(connection, step == Connection::Step::kWritable ? connection.unsent() : 0);
  switch (step) {
    case Connection::Step::kReadable:
      CountIdle(connection, connection.idle());
      return Watch(connection, EPOLLIN);
    case Connection::Step::kWritable:
      CountIdle(connection, false);
      return Watch(connection, EPOLLOUT);
    case Connection::Step::kShortWork: return Lend(connection, WorkerPool::Kind::kShort);
    case Connection::Step::kBulkWork: return Lend(connection, WorkerPool::Kind::kBulk);
    case Connection::Step::kAgain:
      Unwatch(connection);
      again_.push_back(&connection);
      return;
    case Connection::Step::kClose: return Close(connection);
  }
}

void EventLoop::Watch(Connection& connection, std::uint32_t events) {
  auto& watched = connection.loop.watched;
  if (watched == events) return;
  const int operation = watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  epoll_event event{.events = events,
                    .data = {.u64 = reinterpret_cast<std::uint64_t>(&connection)}};
  if (::epoll_ctl(epoll_.get(), operation, connection.fd(), &event) == 0) {
    watched = events;
    return;
  }
  observe::Log(observe::Level::kError, "cannot watch a connection",
               {{"error", std::strerror(errno)}});
  Close(connection);
}

// Taken out, not watched for nothing: a socket that the peer has reset would wake the loop for
// ever.
void EventLoop::Unwatch(Connection& connection) {
  if (std::exchange(connection.loop.watched, 0) == 0) return;
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection.fd(), nullptr);
}

void EventLoop::Lend(Connection& connection, WorkerPool::Kind kind) {
  Unwatch(connection);
  CountIdle(connection, false);
  connection.loop.lent = true;
  deps_.workers.Submit(kind,
                       [this, &connection](WorkerPool::Seat& seat) { WorkOn(connection, seat); });
}

// On a worker.
void EventLoop::WorkOn(Connection& connection, WorkerPool::Seat& seat) {
  auto step = connection.Work();
  if (step == Connection::Step::kBulkWork && seat.TurnToBulk()) step = connection.Work();
  if (step != Connection::Step::kBulkWork) return GiveBack(connection, step);
  deps_.workers.Submit(WorkerPool::Kind::kBulk,
                       [this, &connection](WorkerPool::Seat& next) { WorkOn(connection, next); });
}

void EventLoop::GiveBack(Connection& connection, Connection::Step step) {
  bool first = false;
  {
    const MutexLock lock(mutex_);
    first = returned_.empty();
    returned_.push_back({&connection, step});
  }
  if (first) Wake();
}

void EventLoop::TakeBack() {
  std::vector<Returned> returned;
  {
    const MutexLock lock(mutex_);
    returned.swap(returned_);
  }
  for (const Returned& back : returned) {
    back.connection->loop.lent = false;
    if (back.step == Connection::Step::kAgain) {
      Drive(*back.connection, false);
    } else {
      Apply(*back.connection, back.step);
    }
  }
}

void EventLoop::Close(Connection& connection) {
  Unwatch(connection);
  CountIdle(connection, false);
  CountUnsent(connection, 0);
  deps_.admission.Leave(connection.address());
  connection.loop.closed = true;
  const std::size_t place = connection.loop.place;
  std::swap(connections_[place], connections_.back());
  connections_[place]->loop.place = place;
  closed_.push_back(std::move(connections_.back()));
  connections_.pop_back();
  connection_count_.store(connections_.size(), std::memory_order_relaxed);
}

void EventLoop::CountIdle(Connection& connection, bool idle) {
  if (std::exchange(connection.loop.counted_as_idle, idle) == idle) return;
  // Nobody else writes it.
  const std::size_t count = idle_count_.load(std::memory_order_relaxed);
  idle_count_.store(idle ? count + 1 : count - 1, std::memory_order_relaxed);
}

void EventLoop::CountUnsent(Connection& connection, std::size_t unsent) {
  const std::size_t before = std::exchange(connection.loop.unsent, unsent);
  if (before == unsent) return;
  // Nobody else writes it.
  unsent_.store(unsent_.load(std::memory_order_relaxed) - before + unsent,
                std::memory_order_relaxed);
}

void EventLoop::Expire(SteadyClock::time_point now) {
  next_tick_ = now + tick_;
  // From the end: what is closed gives its place to the last one, which has been looked at.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    Connection& connection = *connections_[i];
    if (connection.loop.watched == 0 || now < connection.deadline()) continue;
    Apply(connection, connection.Expire());
  }
}

void EventLoop::BeginStopping() {
  if (std::exchange(stopped_, true)) return;
  StopAccepting();
  for (std::size_t i = connections_.size(); i-- > 0;) {
    Connection& connection = *connections_[i];
    if (connection.loop.watched != 0 && connection.idle()) Close(connection);
  }
}

void EventLoop::CutAll() {
  for (std::size_t i = connections_.size(); i-- > 0;) {
    Connection& connection = *connections_[i];
    if (connection.loop.lent) {
      (void)::shutdown(connection.fd(), SHUT_RDWR);
    } else {
      Close(connection);
    }
  }
}

}  // namespace breakwater::net
