#include "net/tls.h"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/testing.h"

namespace breakwater::net {
namespace {

using testing::RawClient;

class TlsServer : public ::testing::Test {
 protected:
  std::unique_ptr<HttpServer> Start(RequestHandler handler) {
    const auto made = testing::MakeCertificate(dir_.path().string());
    files_ = {made.certificate_file, made.key_file};
    ServerOptions options;
    options.tls = files_;
    auto server = HttpServer::Listen(std::move(options), std::move(handler));
    BW_CHECK(server.ok() && (*server)->Start().ok());
    return *std::move(server);
  }
  HttpClient Client(const std::string& ca_file) const {
    return HttpClient({.policy = {.allow_non_public = true}, .ca_file = ca_file});
  }
  static std::string Url(const HttpServer& server) { return "https://" + server.endpoint() + "/"; }

  breakwater::testing::TempDir dir_;
  TlsFiles files_;
};

Response Echo(Request& request) {
  Response out;
  auto body = io::ReadAll(*request.body, 64U << 20U);
  out.body = body.ok() ? *body : body.error().message();
  out.headers.Add("X-Tls", request.peer.tls ? "yes" : "no");
  return out;
}

TEST_F(TlsServer, EchoesLargeBodies) {
  const auto server = Start(Echo);
  std::string body(3'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i % 253);
  const auto client = Client(files_.certificate);
  for (int i = 0; i < 3; ++i) {
    const auto response = client.Send(
        {.method = "POST", .url = Url(*server), .body = body, .max_response_bytes = body.size()});
    ASSERT_TRUE(response.ok()) << response.error().log();
    EXPECT_TRUE(response->body == body);
    EXPECT_EQ(response->headers.Get("x-tls"), "yes");
  }
  EXPECT_EQ(server->stats().accepted, 1U);  // kept alive
}

TEST_F(TlsServer, SendsFiles) {
  const auto path = dir_.path() / "blob";
  std::string content(1'000'003, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i % 241);
  std::ofstream(path, std::ios::binary) << content;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto server = Start([&](Request&) {
    Response out;
    out.body =
        FileSlice{.descriptor = file.get(), .offset = 3, .length = 1'000'000, .owner = nullptr};
    return out;
  });
  io::StringSink sink(2'000'000);
  ASSERT_TRUE(Client(files_.certificate)
                  .Download({.url = Url(*server), .max_response_bytes = 2'000'000}, sink)
                  .ok());
  EXPECT_TRUE(sink.text() == content.substr(3));
}

TEST_F(TlsServer, NegotiatesHttp11AndPipelines) {
  const auto server = Start(Echo);
  RawClient client(server->port(), true);
  EXPECT_EQ(client.negotiated_protocol(), "http/1.1");
  const std::string request = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n";
  ASSERT_TRUE(client.Send(request + "1" + request + "2"));
  EXPECT_EQ(client.Read()->body, "1");
  EXPECT_EQ(client.Read()->body, "2");
}

TEST_F(TlsServer, IsNotTrustedWithoutItsCertificate) {
  const auto server = Start(Echo);
  EXPECT_EQ(Client("").Send({.url = Url(*server)}).error().reason(), "tls_failed");
}

TEST_F(TlsServer, AHandshakeThatBreaksIsToldFromLackOfTrust) {
  auto plain = HttpServer::Listen({}, Echo);
  ASSERT_TRUE(plain.ok() && (*plain)->Start().ok());
  EXPECT_EQ(Client("").Send({.url = Url(**plain)}).error().reason(), "handshake_failed");
}

TEST_F(TlsServer, PresentsAReloadedCertificateToNewConnections) {
  const auto server = Start(Echo);
  const auto other = testing::MakeCertificate(dir_.path().string(), "other");
  std::filesystem::copy_file(other.certificate_file, files_.certificate,
                             std::filesystem::copy_options::overwrite_existing);
  // Half a change is refused, and what was there stays.
  EXPECT_EQ(server->ReloadTls().error().reason(), "invalid_certificate");
  EXPECT_FALSE(Client(other.certificate_file).Send({.url = Url(*server)}).ok());
  std::filesystem::copy_file(other.key_file, files_.key,
                             std::filesystem::copy_options::overwrite_existing);
  ASSERT_TRUE(server->ReloadTls().ok());
  EXPECT_TRUE(Client(other.certificate_file).Send({.url = Url(*server)}).ok());
}

TEST_F(TlsServer, OutlivesPlainTextAndVanishingClients) {
  const auto server = Start(Echo);
  RawClient plain(server->port());
  ASSERT_TRUE(plain.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(plain.Read().ok());
  for (int i = 0; i < 5; ++i) {
    RawClient client(server->port(), true);
    client.Abort();
  }
  EXPECT_TRUE(Client(files_.certificate).Send({.url = Url(*server)}).ok());
}

TEST(TlsContext, RefusesFilesThatHoldNoPair) {
  const breakwater::testing::TempDir dir;
  const auto a = testing::MakeCertificate(dir.path().string(), "a");
  const auto b = testing::MakeCertificate(dir.path().string(), "b");
  EXPECT_TRUE(TlsServerContext::Load({a.certificate_file, a.key_file}).ok());
  for (const auto& files : {TlsFiles{a.certificate_file, b.key_file},
                            TlsFiles{a.key_file, a.key_file}, TlsFiles{"/nowhere", a.key_file}}) {
    EXPECT_EQ(TlsServerContext::Load(files).error().reason(), "invalid_certificate");
  }
}

}  // namespace
}  // namespace breakwater::net
