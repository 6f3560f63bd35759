// One thread that watches the sockets of many connections, accepts new ones, and lets each go on by
// what takes no time; workers do the rest. epoll(7), level-triggered.
#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "net/admission.h"
#include "net/http_connection.h"
#include "net/socket.h"
#include "net/tls.h"
#include "net/worker_pool.h"

namespace breakwater::net {

// What the loops of a server share. All of it outlives them.
struct LoopDeps {
  const ListeningSocket& listener;
  const TlsServerContext* tls;  // null: plain
  const ConnectionSettings& settings;
  Admission& admission;
  WorkerPool& workers;
  std::size_t max_unsent;  // of one loop; see ServerOptions
  Peer direct;             // of every connection, but for its address
};

class EventLoop {
 public:
  static Result<std::unique_ptr<EventLoop>> Make(LoopDeps deps);
  // All connections must be gone: Stop first if it was started.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void Start();
  // With ConnectionSettings::stopping: accepts nothing more, and ends when its last connection has.
  // Thread-safe, as is everything below.
  void Wake();
  // Ends connections in the midst of what they do.
  void Cut();
  // True if it has ended by then, or never was started.
  bool WaitUntil(Deadline deadline);
  void Join();

  std::size_t connections() const { return connection_count_.load(std::memory_order_relaxed); }
  std::size_t idle() const { return idle_count_.load(std::memory_order_relaxed); }
  // Octets of answers that wait in memory for their peers.
  std::size_t unsent() const { return unsent_.load(std::memory_order_relaxed); }

 private:
  struct Returned {
    Connection* connection;
    Connection::Step step;
  };

  EventLoop(LoopDeps deps, UniqueFd epoll, UniqueFd wake);
  void Run();
  int NextTimeout() const;
  void OnEvent(std::uint64_t tag);
  void StartAccepting();
  void StopAccepting();
  void AcceptSome();
  void Admit(Accepted accepted);
  void Add(Accepted accepted);
  bool EvictIdle();
  bool EvictSlow();
  void Drive(Connection& connection, bool ready);
  void Apply(Connection& connection, Connection::Step step);
  void Watch(Connection& connection, std::uint32_t events);
  void Unwatch(Connection& connection);
  void Lend(Connection& connection, WorkerPool::Kind kind);
  void WorkOn(Connection& connection, WorkerPool::Seat& seat);
  void GiveBack(Connection& connection, Connection::Step step);
  void TakeBack();
  void Close(Connection& connection);
  void CountIdle(Connection& connection, bool idle);
  void CountUnsent(Connection& connection, std::size_t unsent);
  void Expire(SteadyClock::time_point now);
  void BeginStopping();
  void CutAll();

  const LoopDeps deps_;
  const UniqueFd epoll_;
  const UniqueFd wake_;
  const std::chrono::milliseconds tick_;
  std::thread thread_;
  std::atomic<std::size_t> connection_count_{0};
  std::atomic<std::size_t> idle_count_{0};
  std::atomic<std::size_t> unsent_{0};
  std::atomic<bool> cut_{false};
  std::promise<void> ended_;
  std::future<void> end_ = ended_.get_future();

  // The loop's own.
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> closed_;  // until nobody can speak of them any more
  std::vector<Connection*> again_;
  Deadline next_tick_;
  Deadline accept_again_ = kNoWait;  // after the system lacked something
  std::size_t hand_ = 0;             // where the search for an idle connection goes on
  bool accepting_ = false;
  bool stopped_ = false;

  Mutex mutex_;
  std::vector<Returned> returned_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::net
