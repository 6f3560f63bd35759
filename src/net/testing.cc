#include "net/testing.h"

#include <cstdio>

#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/handle.h"
#include "base/strings.h"
#include "net/socket.h"

namespace breakwater::net::testing {
namespace {

constexpr timeval kPatience{.tv_sec = 60, .tv_usec = 0};

using SslPtr = UniqueHandle<SSL, SSL_free>;
using SslContextPtr = UniqueHandle<SSL_CTX, SSL_CTX_free>;
using KeyPtr = UniqueHandle<EVP_PKEY, EVP_PKEY_free>;
using CertificatePtr = UniqueHandle<X509, X509_free>;
using FilePtr = UniqueHandle<std::FILE, std::fclose>;

UniqueFd Connect(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fd.Close();
  return fd;
}

void AddExtension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  BW_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

struct RawClient::State {
  UniqueFd fd;
  SslContextPtr context;
  SslPtr ssl;
  std::string buffer;
};

RawClient::RawClient(std::uint16_t port, bool tls) : state_(std::make_unique<State>()) {
  IgnoreBrokenPipes();
  state_->fd = Connect(port);
  if (!tls) return;
  state_->context.reset(SSL_CTX_new(TLS_client_method()));
  state_->ssl.reset(SSL_new(state_->context.get()));
  static constexpr unsigned char kOffer[] = "\x02h2\x08http/1.1";
  SSL_set_alpn_protos(state_->ssl.get(), kOffer, sizeof kOffer - 1);
  SSL_set_fd(state_->ssl.get(), state_->fd.get());
  if (SSL_connect(state_->ssl.get()) != 1) state_->fd.Close();
}

RawClient::~RawClient() = default;

bool RawClient::Send(std::string_view bytes) {
  if (state_->ssl != nullptr) {
    return SSL_write(state_->ssl.get(), bytes.data(), static_cast<int>(bytes.size())) ==
           static_cast<int>(bytes.size());
  }
  while (!bytes.empty()) {
    const ssize_t n = ::send(state_->fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

Result<std::size_t> RawClient::Fill() {
  char piece[16 * 1024];
  const auto n = state_->ssl != nullptr
                     ? static_cast<ssize_t>(SSL_read(state_->ssl.get(), piece, sizeof piece))
                     : ::recv(state_->fd.get(), piece, sizeof piece, 0);
  if (n <= 0) return Unavailable("the server closed the connection");
  state_->buffer.append(piece, static_cast<std::size_t>(n));
  return static_cast<std::size_t>(n);
}

Result<std::string> RawClient::ReadLine() {
  for (;;) {
    const auto end = state_->buffer.find("\r\n");
    if (end != std::string::npos) {
      std::string line = state_->buffer.substr(0, end);
      state_->buffer.erase(0, end + 2);
      return line;
    }
    BW_TRY_STATUS([&]() -> Status {
      BW_TRY([[maybe_unused]] const auto n, Fill());
      return Ok();
    }());
  }
}

Result<std::string> RawClient::ReadExactly(std::size_t n) {
  while (state_->buffer.size() < n) {
    BW_TRY([[maybe_unused]] const auto got, Fill());
  }
  std::string out = state_->buffer.substr(0, n);
  state_->buffer.erase(0, n);
  return out;
}

Result<std::string> RawClient::ReadChunks() {
  std::string out;
  for (;;) {
    BW_TRY(const std::string line, ReadLine());
    const std::size_t size = std::stoul(line, nullptr, 16);
    BW_TRY(const std::string chunk, ReadExactly(size + 2));
    if (size == 0) return out;
    out += chunk.substr(0, size);
  }
}

Result<RawResponse> RawClient::Read(bool head_request) {
  RawResponse out;
  do {
    out = {};
    BW_TRY(const std::string line, ReadLine());
    const auto parts = SplitN(line, ' ', 3);
    if (parts.size() != 3 || parts[0] != "HTTP/1.1") return Invalid("no status line: " + line);
    out.status = static_cast<int>(ParseInt(parts[1]).value_or(0));
    for (;;) {
      BW_TRY(const std::string field, ReadLine());
      if (field.empty()) break;
      const auto halves = SplitN(field, ':', 2);
      if (halves.size() != 2) return Invalid("no header field: " + field);
      out.headers.Add(std::string(halves[0]), std::string(Trim(halves[1])));
    }
  } while (out.status / 100 == 1);
  if (head_request || out.status == 204 || out.status == 304) return out;
  if (const auto length = out.headers.Get("content-length")) {
    BW_TRY(const std::int64_t n, ParseInt(*length));
    BW_TRY(out.body, ReadExactly(static_cast<std::size_t>(n)));
  } else if (out.headers.Get("transfer-encoding") == "chunked") {
    out.chunked = true;
    BW_TRY(out.body, ReadChunks());
  } else {
    while (Fill().ok()) {
    }
    out.body = std::exchange(state_->buffer, {});
  }
  return out;
}

bool RawClient::IsClosed() {
  return state_->buffer.empty() && !Fill().ok();
}

void RawClient::FinishWriting() {
  ::shutdown(state_->fd.get(), SHUT_WR);
}

void RawClient::Abort() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(state_->fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  state_->fd.Close();
}

std::string RawClient::negotiated_protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(state_->ssl.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

Response Text(std::string text) {
  Response out;
  out.body = std::move(text);
  return out;
}

// Answers with what it was asked.
Response Echo(Request& request) {
  auto body = io::ReadAll(*request.body, 64U << 20U);
  if (!body.ok()) {
    Response out = Text(body.error().reason());
    out.status = 400;
    return out;
  }
  return Text(request.method + " " + request.path + "?" + request.query + " [" + *body + "]");
}

std::unique_ptr<HttpServer> StartServer(ServerOptions options, RequestHandler handler) {
  auto server = HttpServer::Listen(std::move(options), std::move(handler));
  BW_CHECK(server.ok() && (*server)->Start().ok());
  return *std::move(server);
}

std::string Get(const std::string& target, const std::string& fields) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

TestCertificate MakeCertificate(const std::string& directory, const std::string& name) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate(X509_new());
  BW_CHECK(key != nullptr && certificate != nullptr);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate.get(), NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
  BW_CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);

  TestCertificate out{directory + "/" + name + ".crt", directory + "/" + name + ".key"};
  const FilePtr certificate_file(std::fopen(out.certificate_file.c_str(), "w"));
  const FilePtr key_file(std::fopen(out.key_file.c_str(), "w"));
  BW_CHECK(certificate_file != nullptr && key_file != nullptr);
  BW_CHECK(PEM_write_X509(certificate_file.get(), certificate.get()) == 1);
  BW_CHECK(PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
           1);
  return out;
}

}  // namespace breakwater::net::testing
