// Which thread does what: nobody waits for somebody else's disk, or for a peer who is slow.
#include <atomic>
#include <future>
#include <set>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "base/testing.h"
#include "base/wait.h"
#include "net/http_server.h"
#include "net/testing.h"

namespace breakwater::net {
namespace {

using testing::Echo;
using testing::Get;
using testing::RawClient;
using testing::StartServer;
using testing::Text;

// More than sockets hold, and no two pages of it alike.
std::string LongText() {
  std::string text(24U << 20U, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 + i / 4096);
  return text;
}

TEST(HttpServerThreads, AnswerOnTheLoopWhatNeedsNoWait) {
  ServerOptions options;
  options.try_at_once = true;
  options.loops = 1;
  std::atomic<int> calls{0};
  std::set<std::thread::id> threads;  // one thread only: the loop
  const auto server = StartServer(std::move(options), [&](Request& request) {
    ++calls;
    threads.insert(std::this_thread::get_id());
    return Echo(request);
  });
  RawClient first(server->port());
  RawClient second(server->port());
  for (RawClient* client : {&first, &second}) {
    ASSERT_TRUE(client->Send(Get("/a") + "HEAD /b HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_EQ(client->Read()->body, "GET /a? []");
    EXPECT_EQ(client->Read(true)->status, 200);
  }
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(threads.size(), 1U);
}

TEST(HttpServerThreads, AskAgainElsewhereWhenTheHandlerWouldHaveWaited) {
  ServerOptions options;
  options.try_at_once = true;
  std::atomic<int> refused{0};
  std::atomic<int> waited{0};
  const auto server = StartServer(std::move(options), [&](Request&) {
    // The error is swallowed: the mark alone must bring the second call about.
    if (!BeforeWaiting().ok()) {
      ++refused;
      return Text("no answer");
    }
    ++waited;
    return Text("answer");
  });
  RawClient client(server->port());
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(client.Send(Get("/")));
    EXPECT_EQ(client.Read()->body, "answer");
    EXPECT_EQ(refused, i);
    EXPECT_EQ(waited, i);
  }
}

TEST(HttpServerThreads, TryNothingOnTheLoopThatChangesSomethingOrHasABody) {
  ServerOptions options;
  options.try_at_once = true;
  const auto server = StartServer(std::move(options), [&](Request& request) {
    return BeforeWaiting().ok() ? Echo(request) : Text("on the loop");
  });
  RawClient client(server->port());
  ASSERT_TRUE(
      client.Send("DELETE /d HTTP/1.1\r\nHost: a\r\n\r\n"
                  "GET /g HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
                  "POST /p HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.Read()->body, "DELETE /d? []");
  EXPECT_EQ(client.Read()->body, "GET /g? [hi]");
  EXPECT_EQ(client.Read()->body, "POST /p? []");
}

TEST(HttpServerThreads, TurnAnExceptionOnTheLoopInto500) {
  ServerOptions options;
  options.try_at_once = true;
  const auto server = StartServer(std::move(options), [](Request& request) -> Response {
    if (request.path == "/throws") throw std::runtime_error("detail");
    return Text("fine");
  });
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Get("/throws") + Get("/")));
  EXPECT_EQ(client.Read()->status, 500);
  EXPECT_EQ(client.Read()->body, "fine");
}

TEST(HttpServerThreads, AnswerThousandsOfPipelinedRequestsInOrder) {
  constexpr int kRequests = 2000;
  ServerOptions options;
  options.try_at_once = true;
  const auto server = StartServer(std::move(options), [](Request& request) {
    // Every third one is answered elsewhere.
    const bool waits = request.path.size() % 3 == 0;
    return !waits || BeforeWaiting().ok() ? Text(request.path) : Text("");
  });
  RawClient client(server->port());
  std::string all;
  for (int i = 0; i < kRequests; ++i) {
    all += Get("/" + std::string(static_cast<std::size_t>(i % 5), 'x') + std::to_string(i));
  }
  const auto sent = std::async(std::launch::async, [&] { return client.Send(all); });
  for (int i = 0; i < kRequests; ++i) {
    const auto response = client.Read();
    ASSERT_TRUE(response.ok());
    ASSERT_EQ(response->body,
              "/" + std::string(static_cast<std::size_t>(i % 5), 'x') + std::to_string(i));
  }
}

class SlowPeers : public ::testing::TestWithParam<bool> {
 protected:
  // One thread for everything that may wait.
  std::unique_ptr<HttpServer> Start(RequestHandler handler) {
    ServerOptions options;
    options.workers = {.most = 1, .most_bulk = 1};
    if (GetParam()) {
      const auto certificate = testing::MakeCertificate(directory_.path().string());
      options.tls = TlsFiles{certificate.certificate_file, certificate.key_file};
    }
    return StartServer(std::move(options), std::move(handler));
  }

  breakwater::testing::TempDir directory_;
};

TEST_P(SlowPeers, ThatDoNotReadHoldNoThread) {
  const std::string text = LongText();
  const auto server =
      Start([&](Request& request) { return request.path == "/long" ? Text(text) : Text("short"); });
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(std::make_unique<RawClient>(server->port(), GetParam()));
    ASSERT_TRUE(slow.back()->Send(Get("/long") + Get("/after")));
  }
  RawClient fast(server->port(), GetParam());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(fast.Send(Get("/")));
    EXPECT_EQ(fast.Read()->body, "short");
  }
  // And they get every byte when they do.
  for (const auto& client : slow) {
    const auto response = client->Read();
    ASSERT_TRUE(response.ok());
    EXPECT_TRUE(response->body == text);
    EXPECT_EQ(client->Read()->body, "short");
  }
}

TEST_P(SlowPeers, ThatSendTheirHeadByteByByteHoldNoThread) {
  const auto server = Start(Echo);
  RawClient slow(server->port(), GetParam());
  RawClient fast(server->port(), GetParam());
  for (const char c : Get("/slow")) {
    ASSERT_TRUE(slow.Send(std::string(1, c)));
    ASSERT_TRUE(fast.Send(Get("/fast")));
    EXPECT_EQ(fast.Read()->body, "GET /fast? []");
  }
  EXPECT_EQ(slow.Read()->body, "GET /slow? []");
}

INSTANTIATE_TEST_SUITE_P(HttpServerThreads, SlowPeers, ::testing::Bool(),
                         [](const auto& tls) { return tls.param ? "Tls" : "Plain"; });

TEST(HttpServerThreads, SlowUploadsLeaveAThreadForOthers) {
  ServerOptions options;
  options.workers = {.most = 2, .most_bulk = 1};
  const auto server = StartServer(std::move(options), Echo);
  RawClient first(server->port());
  RawClient second(server->port());
  for (RawClient* client : {&first, &second}) {
    ASSERT_TRUE(client->Send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha"));
  }
  RawClient fast(server->port());
  ASSERT_TRUE(fast.Send(Get("/")));
  EXPECT_EQ(fast.Read()->body, "GET /? []");
  for (RawClient* client : {&first, &second}) {
    ASSERT_TRUE(client->Send("lf"));
    EXPECT_EQ(client->Read()->body, "PUT /? [half]");
  }
}

TEST(HttpServerThreads, WhoIsRefusedAndSendsNoBodyHoldsNoThread) {
  ServerOptions options;
  options.workers = {.most = 2, .most_bulk = 1};
  const auto server = StartServer(std::move(options), [](Request&) {
    Response response;
    response.status = 401;
    return response;
  });
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<RawClient>(server->port()));
    ASSERT_TRUE(clients.back()->Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"));
  }
  for (const auto& client : clients) {
    const auto answer = client->Read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 401);
  }
}

TEST(HttpServerThreads, AConnectionThatNeverShakesHandsEnds) {
  const breakwater::testing::TempDir directory;
  const auto certificate = testing::MakeCertificate(directory.path().string());
  ServerOptions options;
  options.tls = TlsFiles{certificate.certificate_file, certificate.key_file};
  options.limits.head_timeout = std::chrono::milliseconds(30);
  const auto server = StartServer(std::move(options), Echo);
  RawClient client(server->port());  // plain, and silent
  EXPECT_TRUE(client.IsClosed());
}

TEST(HttpServerThreads, SeveralLoopsShareTheirConnections) {
  ServerOptions options;
  options.loops = 3;
  options.try_at_once = true;
  auto server = StartServer(std::move(options), Echo);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(std::make_unique<RawClient>(server->port()));
  for (const auto& client : clients) ASSERT_TRUE(client->Send(Get("/")));
  for (const auto& client : clients) EXPECT_EQ(client->Read()->body, "GET /? []");
  EXPECT_EQ(server->stats().connections, 50U);
  server->Stop(std::chrono::milliseconds(0));
  EXPECT_EQ(server->stats().connections, 0U);
}

}  // namespace
}  // namespace breakwater::net
