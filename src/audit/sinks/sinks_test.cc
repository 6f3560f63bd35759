// What arrives at destinations: over sockets of this machine.
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "audit/sinks/syslog_sink.h"
#include "audit/sinks/webhook_sink.h"
#include "base/bytes.h"
#include "base/strings.h"
#include "base/testing.h"
#include "crypto/hash.h"
#include "net/http_server.h"
#include "net/testing.h"

namespace breakwater::audit {
namespace {

std::vector<SinkItem> Items() {
  const Timestamp time = *ParseRfc3339("2026-03-01T12:34:56Z");
  return {{.sequence = 7,
           .time = time,
           .id = "id-7",
           .severity = "normal",
           .action = "container-registry.auth.get",
           .text = R"({"a":1})"},
          {.sequence = 8,
           .time = time,
           .id = "id-8",
           .severity = "critical",
           .action = "container-registry.auth.set",
           .text = R"({"b":2})"}};
}

constexpr std::string_view kFirst =
    "<109>1 2026-03-01T12:34:56Z us.icr.io breakwater - audit [breakwater@32473 sequence=\"7\" "
    "action=\"container-registry.auth.get\" id=\"id-7\"] {\"a\":1}";
constexpr std::string_view kSecond =
    "<106>1 2026-03-01T12:34:56Z us.icr.io breakwater - audit [breakwater@32473 sequence=\"8\" "
    "action=\"container-registry.auth.set\" id=\"id-8\"] {\"b\":2}";

TEST(Syslog, MessagesHaveTheFormOfRfc5424) {
  const auto items = Items();
  EXPECT_EQ(SyslogMessage(items[0], "us.icr.io"), kFirst);
  EXPECT_EQ(SyslogMessage(items[1], "us.icr.io"), kSecond);
  SinkItem hostile = items[0];
  hostile.action = "a\"]\\";
  EXPECT_NE(SyslogMessage(hostile, "host name").find(R"(action="a\"\]\\")"), std::string::npos);
  EXPECT_NE(SyslogMessage(hostile, "host name").find(" host_name "), std::string::npos);
}

TEST(Syslog, DatagramsHoldOneMessageEach) {
  const net::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  socklen_t length = sizeof address;
  ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  SyslogSink sink({.transport = SyslogOptions::Transport::kUdp,
                   .host = "127.0.0.1",
                   .port = ntohs(address.sin_port),
                   .hostname = "us.icr.io"});
  ASSERT_TRUE(sink.Deliver(Items()).ok());
  char piece[2048];
  for (const std::string_view expected : {kFirst, kSecond}) {
    const ssize_t got = ::recv(socket.get(), piece, sizeof piece, 0);
    ASSERT_GT(got, 0);
    EXPECT_EQ(std::string_view(piece, static_cast<std::size_t>(got)), expected);
  }
}

TEST(Syslog, AMessageThatNoDatagramHoldsIsCutAndSaysSo) {
  SinkItem item = Items()[0];
  EXPECT_EQ(SyslogDatagram(item, "us.icr.io"), kFirst);
  for (int i = 0; i < 40'000; ++i) item.text += "\u00e4";  // of two bytes each
  const std::string whole = SyslogMessage(item, "us.icr.io");
  const std::string cut = SyslogDatagram(item, "us.icr.io");
  EXPECT_LE(cut.size(), kMaxDatagram);
  EXPECT_GE(cut.size(), kMaxDatagram - 2);
  const std::string marker =
      " [cut: of " + std::to_string(whole.size()) + " bytes; the trail has all of this entry]";
  ASSERT_TRUE(cut.ends_with(marker));
  EXPECT_TRUE(whole.starts_with(cut.substr(0, cut.size() - marker.size())));
  EXPECT_TRUE(IsValidUtf8(cut));
}

// Takes one connection and reads so many bytes.
std::string ReadFrom(const net::ListeningSocket& listener, std::size_t count) {
  EXPECT_TRUE(net::Waiter()
                  .Readable(listener.fd(), net::SteadyClock::now() + std::chrono::seconds{30})
                  .ok());
  const auto accepted = listener.Accept();
  EXPECT_TRUE(accepted.ok());
  std::string text;
  while (text.size() < count) {
    char piece[1024];
    if (!net::Waiter()
             .Readable(accepted->socket.get(), net::SteadyClock::now() + std::chrono::seconds{30})
             .ok()) {
      break;
    }
    const ssize_t got = ::recv(accepted->socket.get(), piece, sizeof piece, 0);
    if (got <= 0) break;
    text.append(piece, static_cast<std::size_t>(got));
  }
  return text;
}

TEST(Syslog, AStreamCountsItsOctetsAndConnectsAgainWhenThePeerHasClosed) {
  const auto listener = net::ListeningSocket::Open("127.0.0.1", 0);
  ASSERT_TRUE(listener.ok());
  SyslogSink sink({.transport = SyslogOptions::Transport::kTcp,
                   .host = "127.0.0.1",
                   .port = listener->port(),
                   .hostname = "us.icr.io"});
  const std::string expected = std::to_string(kFirst.size()) + " " + std::string(kFirst) +
                               std::to_string(kSecond.size()) + " " + std::string(kSecond);
  for (int connection = 0; connection < 2; ++connection) {
    std::string got;
    std::thread reader([&] { got = ReadFrom(*listener, expected.size()); });
    // The first try may find that the peer of before is gone.
    if (!sink.Deliver(Items()).ok()) {
      EXPECT_EQ(connection, 1);
      EXPECT_TRUE(sink.Deliver(Items()).ok());
    }
    reader.join();
    EXPECT_EQ(got, expected);
  }
}

TEST(Syslog, ADestinationThatIsNotThereIsAnError) {
  std::uint16_t port = 0;
  {
    const auto listener = net::ListeningSocket::Open("127.0.0.1", 0);
    port = listener->port();
  }
  SyslogSink sink({.transport = SyslogOptions::Transport::kTcp, .host = "127.0.0.1", .port = port});
  EXPECT_EQ(sink.Deliver(Items()).error().reason(), "cannot_connect");
}

TEST(Webhook, SendsLinesThatTheirReceiverCanVerify) {
  testing::ManualClock clock;
  struct Got {
    net::Headers headers;
    std::string body;
  } got;
  int status = 202;
  const auto server = net::testing::StartServer({}, [&](net::Request& request) {
    got.headers = request.headers;
    got.body = *io::ReadAll(*request.body, 1U << 20);
    net::Response response = net::testing::Text("thanks");
    response.status = status;
    return response;
  });
  WebhookOptions options{.url = "http://127.0.0.1:" + std::to_string(server->port()) + "/in",
                         .secret = Secret("shared")};
  options.client.policy = {.allow_plain_http = true, .allow_non_public = true};
  WebhookSink sink(options, clock);
  ASSERT_TRUE(sink.Deliver(Items()).ok());
  EXPECT_EQ(got.body, "{\"a\":1}\n{\"b\":2}\n");
  EXPECT_EQ(got.headers.Get("Breakwater-Audit-First"), "7");
  EXPECT_EQ(got.headers.Get("Breakwater-Audit-Last"), "8");
  const std::string signed_text =
      std::string(*got.headers.Get("Breakwater-Timestamp")) + "." + got.body;
  EXPECT_EQ(got.headers.Get("Breakwater-Signature"),
            "sha256=" + HexEncode(crypto::HmacSha256(AsBytes(std::string_view("shared")),
                                                     AsBytes(signed_text))));
  status = 500;
  EXPECT_FALSE(sink.Deliver(Items()).ok());
}

}  // namespace
}  // namespace breakwater::audit
