#include "net/http_server.h"

#include <atomic>
#include <fstream>
#include <future>
#include <stdexcept>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "net/chunked.h"
#include "net/testing.h"
#include "observe/log.h"

namespace breakwater::net {
namespace {

using testing::Echo;
using testing::Get;
using testing::RawClient;
using testing::StartServer;
using testing::Text;

TEST(HttpServer, AnswersWithTheHeadersThatEveryResponseHas) {
  const auto server = StartServer({}, Echo);
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Get("/a/b?c=d", "X-Request-Id: my-id.1\r\n")));
  const auto response = client.Read();
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "GET /a/b?c=d []");
  EXPECT_EQ(response->headers.Get("x-request-id"), "my-id.1");
  EXPECT_TRUE(response->headers.Get("date").has_value());
  EXPECT_EQ(response->headers.Get("content-length"), "15");
  EXPECT_FALSE(response->headers.Get("connection").has_value());
  EXPECT_FALSE(response->headers.Get("server").has_value());
}

TEST(HttpServer, ReplacesARequestIdThatIsNotSane) {
  const auto server = StartServer({}, [](Request& request) { return Text(request.id); });
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Get("/", "X-Request-Id: a b\"c\r\n")));
  const auto response = client.Read();
  EXPECT_EQ(response->headers.Get("x-request-id"), response->body);
  EXPECT_EQ(response->body.size(), 36U);
  ASSERT_TRUE(client.Send(Get("/", "Transaction-Id: t-1\r\n")));
  EXPECT_EQ(client.Read()->body, "t-1");
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  const auto server = StartServer({}, Echo);
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Get("/1") + "PUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" +
                          "PUT /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "2\r\nde\r\n0\r\n\r\n" +
                          Get("/4", "Connection: close\r\n")));
  EXPECT_EQ(client.Read()->body, "GET /1? []");
  EXPECT_EQ(client.Read()->body, "PUT /2? [abc]");
  EXPECT_EQ(client.Read()->body, "PUT /3? [de]");
  const auto last = client.Read();
  EXPECT_EQ(last->body, "GET /4? []");
  EXPECT_EQ(last->headers.Get("connection"), "close");
  EXPECT_TRUE(client.IsClosed());
}

TEST(HttpServer, SkipsWhatAHandlerLeftOfASmallBody) {
  const auto server = StartServer({}, [](Request& request) { return Text(request.path); });
  RawClient client(server->port());
  ASSERT_TRUE(
      client.Send("PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + Get("/2")));
  EXPECT_EQ(client.Read()->body, "/1");
  EXPECT_EQ(client.Read()->body, "/2");
}

TEST(HttpServer, AnswersHeadWithoutABodyButWithItsLength) {
  const auto server = StartServer({}, [](Request& request) {
    Response out = Text("12345");
    if (request.path == "/announced") {
      out.body = "";
      out.announced_length = 1'000'000;
    }
    return out;
  });
  RawClient client(server->port());
  ASSERT_TRUE(client.Send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.Read(true)->headers.Get("content-length"), "5");
  ASSERT_TRUE(client.Send("HEAD /announced HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.Read(true)->headers.Get("content-length"), "1000000");
  ASSERT_TRUE(client.Send(Get("/")));
  EXPECT_EQ(client.Read()->body, "12345");
}

TEST(HttpServer, SendsNoLengthWithNoContentAndNotModified) {
  const auto server = StartServer({}, [](Request& request) {
    Response out;
    out.status = request.path == "/204" ? 204 : 304;
    return out;
  });
  RawClient client(server->port());
  for (const char* target : {"/204", "/304"}) {
    ASSERT_TRUE(client.Send(Get(target)));
    EXPECT_FALSE(client.Read()->headers.Get("content-length").has_value());
  }
}

TEST(HttpServer, SpeaksHttp10) {
  const auto server = StartServer({}, Echo);
  RawClient once(server->port());
  ASSERT_TRUE(once.Send("GET /a HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(once.Read()->body, "GET /a? []");
  EXPECT_TRUE(once.IsClosed());
  RawClient kept(server->port());
  ASSERT_TRUE(kept.Send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_EQ(kept.Read()->headers.Get("connection"), "keep-alive");
  ASSERT_TRUE(kept.Send("GET /b HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(kept.Read()->body, "GET /b? []");
}

TEST(HttpServer, InvitesTheBodyOnlyWhenTheHandlerReadsIt) {
  const auto server = StartServer({}, [](Request& request) {
    return request.path == "/read" ? Echo(request) : Text("unread");
  });
  const std::string fields = "Host: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  RawClient reads(server->port());
  ASSERT_TRUE(reads.Send("PUT /read HTTP/1.1\r\n" + fields));
  EXPECT_EQ(*reads.ReadLine(), "HTTP/1.1 100 Continue");
  EXPECT_EQ(*reads.ReadLine(), "");
  ASSERT_TRUE(reads.Send("ok"));
  EXPECT_EQ(reads.Read()->body, "PUT /read? [ok]");

  RawClient refused(server->port());
  ASSERT_TRUE(refused.Send("PUT /other HTTP/1.1\r\n" + fields));
  EXPECT_EQ(*refused.ReadLine(), "HTTP/1.1 200 OK");
}

TEST(HttpServer, RefusesABadHeadInJsonAndCloses) {
  std::promise<Completion> completed;
  ServerOptions options;
  options.on_complete = [&](const Request& request, const Completion& completion) {
    EXPECT_EQ(request.method, "");
    completed.set_value(completion);
  };
  const auto server = StartServer(std::move(options), Echo);
  RawClient client(server->port());
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\n\r\n"));
  const auto response = client.Read();
  EXPECT_EQ(response->status, 400);
  const std::string id = "\"" + std::string(*response->headers.Get("x-request-id")) + "\"";
  EXPECT_EQ(response->body,
            R"({"errors":[{"code":"missing_host","message":"Host is missing"}],"trace":)" + id +
                R"(,"code":"missing_host","message":"Host is missing","request-id":)" + id + "}\n")
      << "in the form of each interface";
  EXPECT_TRUE(client.IsClosed());
  EXPECT_EQ(completed.get_future().get().status, 400);
}

TEST(HttpServer, ReportsASmuggledRequestAsNone) {
  std::atomic<int> handled{0};
  const auto server = StartServer({}, [&](Request&) {
    ++handled;
    return Text("");
  });
  RawClient client(server->port());
  ASSERT_TRUE(
      client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
                  Get("/admin")));
  EXPECT_EQ(client.Read()->status, 400);
  client.FinishWriting();
  EXPECT_TRUE(client.IsClosed());
  EXPECT_EQ(handled, 0);
}

TEST(HttpServer, TellsTheHandlerOfBrokenBodies) {
  const auto server = StartServer({}, Echo);
  RawClient early(server->port());
  ASSERT_TRUE(early.Send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"));
  early.FinishWriting();
  EXPECT_EQ(early.Read()->body, "body_incomplete");
  RawClient broken(server->port());
  ASSERT_TRUE(
      broken.Send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"));
  const auto response = broken.Read();
  EXPECT_EQ(response->body, "malformed_chunk");
  EXPECT_EQ(response->headers.Get("connection"), "close");
}

TEST(HttpServer, SendsSlicesOfFiles) {
  const breakwater::testing::TempDir dir;
  const auto path = dir.path() / "blob";
  std::string content(3'000'000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 + i / 256);
  std::ofstream(path, std::ios::binary) << content;
  const auto file = std::make_shared<const UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto server = StartServer({}, [&](Request& request) {
    const bool whole = request.path == "/whole";
    Response out;
    out.status = whole ? 200 : 206;
    out.body = FileSlice{.descriptor = file->get(),
                         .offset = whole ? 0U : 100'001U,
                         .length = whole                     ? content.size()
                                   : request.path == "/none" ? 0
                                                             : 1'500'000,
                         .owner = file};
    return out;
  });
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Get("/whole") + Get("/part") + Get("/none")));
  EXPECT_TRUE(client.Read()->body == content);
  const auto part = client.Read();
  EXPECT_EQ(part->status, 206);
  EXPECT_TRUE(part->body == content.substr(100'001, 1'500'000));
  EXPECT_EQ(client.Read()->headers.Get("content-length"), "0");
}

TEST(HttpServer, BreaksOffWhenAFileIsShorterThanItsSlice) {
  const observe::LogCapture log;
  const breakwater::testing::TempDir dir;
  const auto path = dir.path() / "blob";
  std::ofstream(path) << "short";
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  auto server = StartServer({}, [&](Request&) {
    Response out;
    out.body = FileSlice{.descriptor = file.get(), .offset = 0, .length = 100, .owner = nullptr};
    return out;
  });
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Get("/")));
  EXPECT_FALSE(client.Read().ok());
  server.reset();
  EXPECT_TRUE(log.Contains("shorter than recorded"));
}

TEST(HttpServer, SendsBytesThatACacheHoldsToo) {
  const auto small = std::make_shared<const std::string>("shared");
  const auto large = std::make_shared<const std::string>(1'000'000, 'l');
  const auto server = StartServer({}, [&](Request& request) {
    Response out;
    out.body = request.path == "/large" ? large : small;
    return out;
  });
  RawClient client(server->port());
  ASSERT_TRUE(client.Send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + Get("/") + Get("/large")));
  EXPECT_EQ(client.Read(true)->headers.Get("content-length"), "6");
  EXPECT_EQ(client.Read()->body, "shared");
  EXPECT_TRUE(client.Read()->body == *large);
  EXPECT_EQ(*small, "shared");
}

// Gives `text` in pieces, then fails if told so.
class Pieces final : public io::Source {
 public:
  explicit Pieces(std::string text, bool fails = false)
      : text_(std::move(text)), source_(text_, 1000), fails_(fails) {}
  Result<std::size_t> Read(std::span<std::byte> out) override {
    auto got = source_.Read(out);
    if (fails_ && got.ok() && *got == 0) return Unavailable("lost");
    return got;
  }

 private:
  std::string text_;
  io::StringSource source_;
  bool fails_;
};

TEST(HttpServer, StreamsInChunksOrWithALength) {
  const std::string text(123'456, 's');
  const auto server = StartServer({}, [&](Request& request) {
    Response out;
    StreamBody body{std::make_unique<Pieces>(text), std::nullopt};
    if (request.path == "/sized") body.length = text.size();
    out.body = std::move(body);
    return out;
  });
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Get("/") + Get("/sized") + "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const auto chunked = client.Read();
  EXPECT_TRUE(chunked->chunked && chunked->body == text);
  const auto sized = client.Read();
  EXPECT_TRUE(!sized->chunked && sized->body == text);
  EXPECT_EQ(client.Read(true)->status, 200);

  RawClient old(server->port());
  ASSERT_TRUE(old.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  const auto closed = old.Read();
  EXPECT_EQ(closed->headers.Get("connection"), "close");
  EXPECT_TRUE(closed->body == text);
}

TEST(HttpServer, NeverEndsABrokenStreamAsIfItWereWhole) {
  const auto server = StartServer({}, [](Request& request) {
    Response out;
    StreamBody body{std::make_unique<Pieces>("some", request.path == "/fails"), std::nullopt};
    if (request.path == "/short") body.length = 5;
    if (request.path == "/long") body.length = 3;
    out.body = std::move(body);
    return out;
  });
  for (const char* target : {"/fails", "/short", "/long"}) {
    RawClient client(server->port());
    ASSERT_TRUE(client.Send(Get(target)));
    EXPECT_FALSE(client.Read().ok()) << target;
  }
}

TEST(HttpServer, TurnsAnExceptionInto500WithTheId) {
  const observe::LogCapture log;
  const auto server =
      StartServer({}, [](Request&) -> Response { throw std::runtime_error("secret detail"); });
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Get("/", "X-Request-Id: r-7\r\n")));
  const auto response = client.Read();
  EXPECT_EQ(response->status, 500);
  EXPECT_NE(response->body.find(R"("trace":"r-7")"), std::string::npos);
  EXPECT_EQ(response->body.find("secret"), std::string::npos);
  EXPECT_TRUE(log.Contains("secret detail"));
  EXPECT_TRUE(log.Contains(R"("request_id":"r-7")"));
  ASSERT_TRUE(client.Send(Get("/")));
  EXPECT_EQ(client.Read()->status, 500);  // the connection lives on
}

TEST(HttpServer, DoesNotSendAHandlersLineBreaksOrFraming) {
  const observe::LogCapture log;
  const auto server = StartServer({}, [](Request& request) {
    Response out = Text("body");
    if (request.path == "/split") out.headers.Add("Location", "/x\r\nSet-Cookie: a=b");
    out.headers.Add("Content-Length", "9999");
    out.headers.Add("Transfer-Encoding", "chunked");
    return out;
  });
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Get("/split")));
  const auto split = client.Read();
  EXPECT_EQ(split->status, 500);
  EXPECT_FALSE(split->headers.Get("set-cookie").has_value());
  ASSERT_TRUE(client.Send(Get("/")));
  EXPECT_EQ(client.Read()->body, "body");
}

TEST(HttpServer, SaysWhereARequestCameFrom) {
  ServerOptions options;
  options.kind = ListenerKind::kPrivate;
  options.trust.proxies = {*IpNetwork::Parse("127.0.0.1")};
  Peer seen;
  const auto server = StartServer(std::move(options), [&](Request& request) {
    seen = request.peer;
    return Text("");
  });
  RawClient client(server->port());
  ASSERT_TRUE(client.Send(Get("/", "X-Forwarded-For: 192.0.2.77\r\n")));
  ASSERT_TRUE(client.Read().ok());
  EXPECT_EQ(seen.address, "192.0.2.77");
  EXPECT_EQ(seen.listener, ListenerKind::kPrivate);
  EXPECT_EQ(seen.server_address, "127.0.0.1:" + std::to_string(server->port()));
  EXPECT_EQ(seen.server_address, server->endpoint());
}

TEST(HttpServer, ReportsEachRequestWithItsBytes) {
  std::promise<Completion> completed;
  ServerOptions options;
  options.on_complete = [&](const Request& request, const Completion& completion) {
    EXPECT_EQ(request.path, "/p");
    completed.set_value(completion);
  };
  const auto server = StartServer(std::move(options), Echo);
  RawClient client(server->port());
  ASSERT_TRUE(client.Send("PUT /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"));
  ASSERT_TRUE(client.Read().ok());
  const auto completion = completed.get_future().get();
  EXPECT_EQ(completion.status, 200);
  EXPECT_EQ(completion.bytes_in, 3U);
  EXPECT_EQ(completion.bytes_out, std::string("PUT /p? [abc]").size());
  EXPECT_TRUE(completion.complete);
}

TEST(HttpServer, CarriesLargeBodiesBothWays) {
  const auto server = StartServer({}, Echo);
  std::string body(5'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i % 251);
  RawClient sized(server->port());
  ASSERT_TRUE(sized.Send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                         std::to_string(body.size()) + "\r\n\r\n" + body));
  EXPECT_TRUE(sized.Read()->body == "PUT /? [" + body + "]");
  std::string chunked = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size(); at += 70'000) {
    const std::string piece = body.substr(at, 70'000);
    chunked += ChunkPrefix(piece.size()) + piece + "\r\n";
  }
  ASSERT_TRUE(sized.Send(chunked + "0\r\n\r\n" + Get("/next")));
  EXPECT_TRUE(sized.Read()->body == "PUT /? [" + body + "]");
  EXPECT_EQ(sized.Read()->body, "GET /next? []");
}

}  // namespace
}  // namespace breakwater::net
