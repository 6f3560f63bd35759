#include "net/http_client.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "base/wait.h"
#include "net/http_server.h"
#include "net/socket.h"

namespace breakwater::net {
namespace {

Response Handle(Request& request) {
  Response out;
  if (request.path == "/big") {
    out.body = std::string(100'000, 'b');
  } else if (request.path == "/redirect") {
    out.status = 302;
    out.headers.Add("Location", "/big");
  } else if (request.path == "/short") {
    // Less than announced: the server breaks the connection.
    out.body = StreamBody{std::make_unique<io::StringSource>("only this"), 1000};
  } else if (request.path == "/missing") {
    out.status = 404;
    out.body = "nothing here";
  } else {
    auto body = io::ReadAll(*request.body, 1U << 20U);
    out.headers.Add("X-Method", request.method);
    out.headers.Add("X-Length", std::to_string(request.content_length.value_or(9999)));
    out.headers.Add("X-Sent", std::string(request.headers.Get("x-send").value_or("absent")));
    out.body = body.ok() ? *body : "";
  }
  return out;
}

class Client : public ::testing::Test {
 protected:
  Client() {
    auto server = HttpServer::Listen({}, Handle);
    BW_CHECK(server.ok() && (*server)->Start().ok());
    server_ = *std::move(server);
  }
  ClientRequest To(const std::string& path, const std::string& method = "GET") const {
    ClientRequest out;
    out.method = method;
    out.url = "http://" + server_->endpoint() + path;
    return out;
  }

  std::unique_ptr<HttpServer> server_;
  const HttpClient open_{{.policy = {.allow_plain_http = true, .allow_non_public = true}}};
};

TEST_F(Client, SendsMethodHeadersAndBody) {
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    auto request = To("/echo", method);
    request.headers.Add("X-Send", "v");
    request.body = "payload";
    const auto response = open_.Send(request);
    ASSERT_TRUE(response.ok()) << response.error().log();
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->headers.Get("x-method"), method);
    EXPECT_EQ(response->headers.Get("x-sent"), "v");
    EXPECT_EQ(response->headers.Get("x-length"), "7");
    EXPECT_EQ(response->body, "payload");
  }
}

TEST_F(Client, RefusesOnAThreadThatMustNotWait) {
  const NoWaitScope scope;
  EXPECT_EQ(open_.Send(To("/big")).error().reason(), "would_wait");
  EXPECT_EQ(open_.Open(To("/big")).error().reason(), "would_wait");
  EXPECT_TRUE(scope.refused());
}

TEST_F(Client, SendsAnEmptyBodyAndAnEmptyHeaderAsSuch) {
  auto request = To("/echo", "POST");
  request.headers.Add("X-Send", "");
  const auto response = open_.Send(request);
  EXPECT_EQ(response->headers.Get("x-length"), "0");
  EXPECT_EQ(response->headers.Get("x-sent"), "");
  EXPECT_EQ(open_.Send(To("/echo"))->headers.Get("x-length"), "9999");
}

TEST_F(Client, StreamsARequestBody) {
  const std::string text(500'000, 's');
  io::StringSource source(text, 777);
  auto request = To("/echo", "PUT");
  request.source = &source;
  request.source_length = text.size();
  const auto response = open_.Send(request);
  ASSERT_TRUE(response.ok());
  EXPECT_TRUE(response->body == text);
}

TEST_F(Client, FailsWhenASourceIsShorterThanItSays) {
  io::StringSource source("short");
  auto request = To("/echo", "PUT");
  request.source = &source;
  request.source_length = 100;
  EXPECT_EQ(open_.Send(request).error().code(), ErrorCode::kInternal);
}

TEST_F(Client, AnswersHeadWithoutABody) {
  const auto response = open_.Send(To("/big", "HEAD"));
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->headers.Get("content-length"), "100000");
  EXPECT_EQ(response->body, "");
}

TEST_F(Client, SendsAViewOfABody) {
  const std::string text(300'000, 'v');
  auto request = To("/echo", "PUT");
  request.body_view = AsBytes(text);
  const auto response = open_.Send(request);
  ASSERT_TRUE(response.ok());
  EXPECT_TRUE(response->body == text);
}

TEST_F(Client, StreamsAResponse) {
  for (int i = 0; i < 3; ++i) {  // over one connection after the first
    const auto stream = open_.Open(To("/big"));
    ASSERT_TRUE(stream.ok()) << stream.error().log();
    EXPECT_EQ((*stream)->status(), 200);
    EXPECT_EQ((*stream)->headers().Get("content-length"), "100000");
    std::byte few[7];
    EXPECT_EQ(*(*stream)->Read(few), 7U);
    const auto rest = io::ReadAll(**stream, 1U << 20U);
    EXPECT_EQ(*rest, std::string(100'000 - 7, 'b'));
    EXPECT_EQ(*(*stream)->Read(few), 0U);
  }
}

TEST_F(Client, StreamCanBeLeftBeforeItsEnd) {
  for (int i = 0; i < 3; ++i) {
    const auto stream = open_.Open(To("/big"));
    ASSERT_TRUE(stream.ok());
    std::byte few[7];
    EXPECT_EQ(*(*stream)->Read(few), 7U);
  }
  EXPECT_EQ(*io::ReadAll(**open_.Open(To("/missing")), 100), "nothing here");
}

TEST_F(Client, StreamsAnEmptyResponse) {
  const auto head = open_.Open(To("/big", "HEAD"));
  ASSERT_TRUE(head.ok());
  EXPECT_EQ((*head)->headers().Get("content-length"), "100000");
  EXPECT_EQ(*io::ReadAll(**head, 100), "");
  const auto empty = open_.Open(To("/echo"));
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ((*empty)->headers().Get("x-method"), "GET");
  EXPECT_EQ(*io::ReadAll(**empty, 100), "");
}

TEST_F(Client, StreamFailsForGoodWhereTheConnectionBreaks) {
  const auto stream = open_.Open(To("/short"));
  ASSERT_TRUE(stream.ok());
  std::byte some[100];
  std::size_t got = 0;
  auto count = (*stream)->Read(some);
  while (count.ok()) {
    got += *count;
    ASSERT_LE(got, 9U);
    count = (*stream)->Read(some);
  }
  EXPECT_EQ(got, 9U);
  EXPECT_EQ(count.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ((*stream)->Read(some).error().reason(), "request_failed");
}

TEST_F(Client, StreamIsBounded) {
  auto request = To("/big");
  request.max_response_bytes = 99'999;
  const auto stream = open_.Open(request);
  ASSERT_FALSE(stream.ok() && io::ReadAll(**stream, 1U << 20U).ok());
}

TEST_F(Client, StreamTimesOutWithoutProgress) {
  const auto silent = ListeningSocket::Open("127.0.0.1", 0);  // the kernel accepts, nobody answers
  ASSERT_TRUE(silent.ok());
  ClientRequest request{.url = "http://127.0.0.1:" + std::to_string(silent->port()),
                        .timeout = std::chrono::milliseconds(50)};
  EXPECT_EQ(open_.Open(request).error().code(), ErrorCode::kDeadline);
}

TEST_F(Client, ConnectsWhereItIsToldWhateverTheName) {
  const HttpClient client({.policy = {.allow_plain_http = true, .allow_non_public = true},
                           .connect_to = server_->endpoint()});
  ClientRequest request{.url = "http://bucket.s3.test/big"};
  const auto response = client.Send(request);
  ASSERT_TRUE(response.ok()) << response.error().log();
  EXPECT_EQ(response->body.size(), 100'000U);
}

TEST_F(Client, BoundsTheResponse) {
  auto request = To("/big");
  request.max_response_bytes = 99'999;
  EXPECT_EQ(open_.Send(request).error().reason(), "response_too_large");
  request.max_response_bytes = 100'000;
  EXPECT_EQ(open_.Send(request)->body.size(), 100'000U);
}

TEST_F(Client, DownloadsOnlySuccessIntoTheSink) {
  io::StringSink sink(1U << 20U);
  ASSERT_TRUE(open_.Download(To("/big"), sink).ok());
  EXPECT_EQ(sink.text().size(), 100'000U);
  io::StringSink untouched(1U << 20U);
  const auto missing = open_.Download(To("/missing"), untouched);
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(missing->body, "nothing here");
  EXPECT_EQ(untouched.text(), "");
}

TEST_F(Client, PassesOnWhyTheSinkFailed) {
  io::StringSink small(10);
  EXPECT_EQ(open_.Download(To("/big"), small).error().code(), ErrorCode::kTooLarge);
}

TEST_F(Client, DoesNotFollowRedirects) {
  EXPECT_EQ(open_.Send(To("/redirect"))->status, 302);
}

TEST_F(Client, KeepsConnections) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(open_.Send(To("/big")).ok());
  EXPECT_EQ(server_->stats().accepted, 1U);
}

TEST_F(Client, IgnoresProxiesOfTheEnvironment) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("all_proxy", "http://127.0.0.1:1", 1);
  const auto response = open_.Send(To("/big"));
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");
  EXPECT_TRUE(response.ok());
}

TEST_F(Client, RefusesPlainHttpUnlessAllowed) {
  const HttpClient client({.policy = {.allow_non_public = true}});
  EXPECT_EQ(client.Send(To("/big")).error().reason(), "plain_http_refused");
}

TEST_F(Client, RefusesLoopbackUnlessAllowed) {
  const HttpClient guarded({.policy = {.allow_plain_http = true}});
  const std::string port = std::to_string(server_->port());
  for (const std::string host :
       {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"}) {
    ClientRequest request;
    request.url = "http://" + host + ":" + port + "/";
    EXPECT_EQ(guarded.Send(request).error().reason(), "address_refused") << host;
  }
  EXPECT_EQ(server_->stats().accepted, 0U);
  const HttpClient named(
      {.policy = {.allow_plain_http = true, .allowed = {*IpNetwork::Parse("127.0.0.1")}}});
  EXPECT_TRUE(named.Send(To("/big")).ok());
}

TEST_F(Client, RefusesOtherUrls) {
  for (const char* url : {"", "no url", "file:///etc/passwd", "ftp://h/", "gopher://h/", "http://",
                          "http://user:pass@127.0.0.1/", "http://a\r\nb/", "https://a b/"}) {
    ClientRequest request;
    request.url = url;
    EXPECT_EQ(open_.Send(request).error().reason(), "invalid_url") << url;
  }
}

TEST_F(Client, RefusesHeadersAndMethodsThatBreakLines) {
  auto request = To("/echo");
  request.headers.Add("X-A", "b\r\nX-C: d");
  EXPECT_EQ(open_.Send(request).error().reason(), "invalid_request");
  EXPECT_EQ(open_.Send(To("/echo", "GET / HTTP/1.1\r\n")).error().reason(), "invalid_request");
}

TEST_F(Client, TellsRefusalOfTheConnection) {
  auto request = To("/");
  server_.reset();
  EXPECT_EQ(open_.Send(request).error().reason(), "cannot_connect");
}

TEST(HttpClient, GivesUpInTime) {
  // Accepts connections by its backlog, and never answers.
  const auto silent = ListeningSocket::Open("127.0.0.1", 0);
  ASSERT_TRUE(silent.ok());
  const HttpClient client({.policy = {.allow_plain_http = true, .allow_non_public = true}});
  ClientRequest request;
  request.url = "http://127.0.0.1:" + std::to_string(silent->port()) + "/";
  request.timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(client.Send(request).error().reason(), "timeout");
}

}  // namespace
}  // namespace breakwater::net
