#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "net/http_server.h"
#include "net/testing.h"

namespace breakwater::net {
namespace {

using std::chrono::milliseconds;
using testing::Echo;
using testing::Get;
using testing::RawClient;
using testing::StartServer;
using testing::Text;

// Opens once; handlers may wait for it.
class Gate {
 public:
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Await() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

TEST(HttpServerLimits, CloseAfterALargeBodyThatNobodyReads) {
  const auto server = StartServer({}, [](Request&) { return Text("no"); });
  RawClient client(server->port());
  ASSERT_TRUE(client.Send("PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\nhello"));
  const auto response = client.Read();
  EXPECT_EQ(response->headers.Get("connection"), "close");
  client.FinishWriting();
  EXPECT_TRUE(client.IsClosed());
}

TEST(HttpServerLimits, RefuseABodyThatAnnouncesTooMuch) {
  ServerOptions options;
  options.limits.max_body_bytes = 10;
  const auto server = StartServer(std::move(options), Echo);
  RawClient sized(server->port());
  ASSERT_TRUE(sized.Send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"));
  EXPECT_EQ(sized.Read()->status, 413);
  RawClient chunked(server->port());
  ASSERT_TRUE(
      chunked.Send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "b\r\n01234567890\r\n0\r\n\r\n"));
  EXPECT_EQ(chunked.Read()->body, "body_too_large");
}

TEST(HttpServerLimits, EndAHeadThatTakesTooLong) {
  ServerOptions options;
  options.limits.head_timeout = milliseconds(30);
  const auto server = StartServer(std::move(options), Echo);
  RawClient client(server->port());
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost:"));
  EXPECT_EQ(client.Read()->status, 408);
  EXPECT_TRUE(client.IsClosed());
}

TEST(HttpServerLimits, EndAnIdleConnectionWithoutAWord) {
  ServerOptions options;
  options.limits.idle_timeout = milliseconds(30);
  const auto server = StartServer(std::move(options), Echo);
  RawClient client(server->port());
  EXPECT_TRUE(client.IsClosed());
}

TEST(HttpServerLimits, EndABodyThatComesTooSlowly) {
  ServerOptions options;
  options.limits.body = {.stall = milliseconds(30), .grace = milliseconds(30)};
  const auto server = StartServer(std::move(options), Echo);
  RawClient client(server->port());
  ASSERT_TRUE(client.Send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"));
  EXPECT_EQ(client.Read()->body, "body_too_slow");
}

TEST(HttpServerLimits, EndAResponseThatNobodyReads) {
  std::promise<Completion> completed;
  ServerOptions options;
  options.limits.response = {.stall = milliseconds(30), .grace = milliseconds(30)};
  options.on_complete = [&](const Request&, const Completion& c) { completed.set_value(c); };
  const auto server = StartServer(std::move(options), [](Request&) {
    return Text(std::string(64U << 20U, 'x'));  // more than sockets hold
  });
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Get("/")));
  EXPECT_FALSE(completed.get_future().get().complete);
}

TEST(HttpServerLimits, AnswersThatNobodyTakesAreBoundedInMemory) {
  constexpr std::size_t kAnswer = 16U << 20U;  // more than sockets hold
  std::atomic<int> broken_off = 0;
  ServerOptions options;
  options.loops = 1;
  options.max_unsent = 3 * kAnswer + kAnswer / 2;
  options.on_complete = [&](const Request&, const Completion& c) { broken_off += !c.complete; };
  const auto server =
      StartServer(std::move(options), [](Request&) { return Text(std::string(kAnswer, 'x')); });
  std::vector<std::unique_ptr<RawClient>> slow;
  for (std::uint64_t i = 0; i < 6; ++i) {
    slow.push_back(std::make_unique<RawClient>(server->port()));
    ASSERT_TRUE(slow.back()->Send(Get("/")));
    // The next one begins when this one waits, or has made another give way.
    while (server->stats().unsent < std::min(i + 1, std::uint64_t{3}) * kAnswer ||
           server->stats().evicted < (i < 3 ? 0 : i - 2)) {
      std::this_thread::yield();
    }
  }
  EXPECT_EQ(server->stats().evicted, 3U);
  EXPECT_EQ(broken_off, 3);
  EXPECT_FALSE(slow[0]->Read().ok()) << "it has waited longest";
  EXPECT_EQ(slow[5]->Read()->body.size(), kAnswer);
}

TEST(HttpServerLimits, EndTheIdlestConnectionForANewOne) {
  ServerOptions options;
  options.max_connections = 2;
  const auto server = StartServer(std::move(options), Echo);
  const auto await_idle = [&](std::size_t n) {
    while (server->stats().idle != n) std::this_thread::yield();
  };
  RawClient first(server->port());
  await_idle(1);
  RawClient second(server->port());
  await_idle(2);
  RawClient third(server->port());
  ASSERT_TRUE(third.Send(Get("/3")));
  EXPECT_EQ(third.Read()->status, 200);
  EXPECT_TRUE(first.IsClosed());
  EXPECT_EQ(server->stats().evicted, 1U);
  ASSERT_TRUE(second.Send(Get("/2")));
  EXPECT_EQ(second.Read()->status, 200);
}

TEST(HttpServerLimits, RefuseConnectionsWhileAllAreBusy) {
  ServerOptions options;
  options.max_connections = 1;
  Gate gate;
  std::promise<void> entered;
  auto server = StartServer(std::move(options), [&](Request&) {
    entered.set_value();
    gate.Await();
    return Text("done");
  });
  RawClient busy(server->port());
  ASSERT_TRUE(busy.Send(Get("/")));
  entered.get_future().wait();
  RawClient refused(server->port());
  const auto response = refused.Read();
  EXPECT_EQ(response->status, 503);
  EXPECT_NE(response->body.find("too_many_connections"), std::string::npos);
  EXPECT_TRUE(response->headers.Get("retry-after").has_value());
  EXPECT_TRUE(refused.IsClosed());
  gate.Open();
  EXPECT_EQ(busy.Read()->body, "done");
  EXPECT_EQ(server->stats().refused, 1U);
}

TEST(HttpServerLimits, CapConnectionsOfOneAddress) {
  ServerOptions options;
  options.max_connections_per_address = 1;
  const auto server = StartServer(std::move(options), Echo);
  RawClient first(server->port());
  ASSERT_TRUE(first.Send(Get("/")));
  ASSERT_TRUE(first.Read().ok());
  RawClient second(server->port());
  EXPECT_EQ(second.Read()->status, 503);
}

TEST(HttpServerLife, StopLetsARequestFinishAndEndsIdleConnections) {
  Gate gate;
  std::promise<void> entered;
  auto server = StartServer({}, [&](Request& request) {
    if (request.path == "/slow") {
      entered.set_value();
      gate.Await();
    }
    return Text("done");
  });
  RawClient idle(server->port());
  ASSERT_TRUE(idle.Send(Get("/")));
  ASSERT_TRUE(idle.Read().ok());
  RawClient busy(server->port());
  ASSERT_TRUE(busy.Send(Get("/slow")));
  entered.get_future().wait();

  auto stopped = std::async(std::launch::async, [&] { server->Stop(std::chrono::minutes(1)); });
  EXPECT_TRUE(idle.IsClosed());
  RawClient late(server->port());
  EXPECT_FALSE(late.Send(Get("/")) && late.Read().ok());
  gate.Open();
  const auto response = busy.Read();
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->body, "done");
  EXPECT_EQ(response->headers.Get("connection"), "close");
  stopped.get();
  EXPECT_EQ(server->stats().connections, 0U);
}

TEST(HttpServerLife, StopCutsWhatIsNotOverInTime) {
  std::promise<void> entered;
  auto server = StartServer({}, [&](Request& request) {
    entered.set_value();
    return Echo(request);
  });
  RawClient client(server->port());
  ASSERT_TRUE(client.Send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"));
  entered.get_future().wait();
  server->Stop(milliseconds(10));
  EXPECT_EQ(server->stats().connections, 0U);
}

TEST(HttpServerLife, SurvivesClientsThatVanish) {
  const auto server = StartServer({}, [](Request&) { return Text(std::string(1U << 20U, 'x')); });
  for (int i = 0; i < 20; ++i) {
    RawClient client(server->port());
    ASSERT_TRUE(client.Send(Get("/") + Get("/")));
    client.Abort();
  }
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Get("/")));
  EXPECT_EQ(client.Read()->status, 200);
}

TEST(HttpServerLife, CannotListenTwiceOnOneAddress) {
  const auto server = StartServer({}, Echo);
  ServerOptions options;
  options.port = server->port();
  EXPECT_EQ(HttpServer::Listen(options, Echo).error().reason(), "address_in_use");
  options.address = "localhost";
  EXPECT_EQ(HttpServer::Listen(options, Echo).error().code(), ErrorCode::kInvalid);
}

}  // namespace
}  // namespace breakwater::net
