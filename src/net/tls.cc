#include "net/tls.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/handle.h"

namespace breakwater::net {
namespace {

using SslPtr = UniqueHandle<SSL, SSL_free>;
using SslContextPtr = UniqueHandle<SSL_CTX, SSL_CTX_free>;

// What one SSL_write takes and the buffer in front of the socket holds: four records, so that
// bulk goes out in system calls of 64 KiB (with room for the records' own bytes).
constexpr std::size_t kBulk = 64 * 1024;
constexpr int kBulkBuffer = 66 * 1024;
constexpr int kSmallBuffer = 8 * 1024;  // holds the answer with a small blob

std::string TakeErrors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    char line[256];
    ERR_error_string_n(code, line, sizeof line);
    if (!text.empty()) text += "; ";
    text += line;
  }
  return text;
}

// RFC 7301 §3.2. A client that offers only what we do not speak gets an alert.
int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_size, kOurs, sizeof kOurs - 1, offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

class TlsTransport final : public Transport {
 public:
  TlsTransport(SslPtr ssl, BIO* buffer, int fd, Waiter waiter)
      : ssl_(std::move(ssl)), buffer_(buffer), fd_(fd), waiter_(waiter) {}

  Status Handshake(Deadline deadline) override {
    for (;;) {
      ERR_clear_error();
      const int n = SSL_accept(ssl_.get());
      if (n == 1) return FlushBuffer(deadline);
      BW_TRY_STATUS(AfterFailure(n, deadline));
    }
  }

  Result<std::size_t> Read(std::span<std::byte> out, Deadline deadline) override {
    for (;;) {
      std::size_t got = 0;
      ERR_clear_error();
      const int n = SSL_read_ex(ssl_.get(), out.data(), out.size(), &got);
      if (n == 1) return got;
      // An end without close_notify counts too: HTTP says itself where bodies end.
      if (IsEnd(n)) return std::size_t{0};
      BW_TRY_STATUS(AfterFailure(n, deadline));
    }
  }

  Result<std::size_t> Write(ByteView bytes, bool more, Deadline deadline) override {
    BW_TRY_STATUS(ResizeBuffer(
        bytes.size() > static_cast<std::size_t>(kSmallBuffer) ? kBulkBuffer : buffer_size_,
        deadline));
    const ByteView piece = bytes.first(std::min(bytes.size(), kBulk));
    std::size_t written = 0;
    for (;;) {
      ERR_clear_error();
      const int n = SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &written);
      if (n == 1) break;
      BW_TRY_STATUS(AfterFailure(n, deadline));
    }
    if (!more && written == bytes.size()) {
      // These bytes were taken: what cannot leave now leaves with the caller's own Flush.
      const Status flushed = Flush(deadline);
      if (!flushed.ok() && flushed.error().code() != ErrorCode::kDeadline) return flushed.error();
    }
    return written;
  }

  Result<std::size_t> WriteFile(int file, std::uint64_t offset, std::uint64_t length,
                                Deadline deadline) override {
    std::array<std::byte, kBulk> piece;
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(length, piece.size()));
    ssize_t n = 0;
    do {
      n = ::pread(file, piece.data(), wanted, static_cast<off_t>(offset));
    } while (n < 0 && errno == EINTR);
    if (n < 0) return Internal(std::string("pread: ") + std::strerror(errno));
    if (n == 0) return DataCorrupt("the content is shorter than recorded");
    // All of the piece if the peer takes it, or the next call would read a part of it again.
    const auto got = static_cast<std::size_t>(n);
    const bool more = got < length;
    std::size_t taken = 0;
    while (taken < got) {
      const auto written = Write(ByteView(piece).subspan(taken, got - taken), more, deadline);
      if (!written.ok()) {
        if (taken > 0 && written.error().code() == ErrorCode::kDeadline) break;
        return written.error();
      }
      taken += *written;
    }
    return taken;
  }

  Status Flush(Deadline deadline) override {
    BW_TRY_STATUS(FlushBuffer(deadline));
    // An idle connection must not keep the large buffer.
    return ResizeBuffer(kSmallBuffer, deadline);
  }

  bool wants_write() const override { return wants_write_; }
  std::size_t Unsent() const override { return UnsentOf(fd_); }
  bool HasBufferedInput() const override { return SSL_has_pending(ssl_.get()) == 1; }

  void FinishWriting() override {
    ERR_clear_error();
    (void)SSL_shutdown(ssl_.get());
    (void)BIO_flush(buffer_);
    (void)::shutdown(fd_, SHUT_WR);
  }

 private:
  Status FlushBuffer(Deadline deadline) {
    for (;;) {
      ERR_clear_error();
      if (BIO_flush(buffer_) == 1) return Ok();
      if (!BIO_should_retry(buffer_)) return Closed();
      wants_write_ = true;
      BW_TRY_STATUS(waiter_.Writable(fd_, deadline));
    }
  }

  Status ResizeBuffer(int size, Deadline deadline) {
    if (size == buffer_size_) return Ok();
    BW_TRY_STATUS(FlushBuffer(deadline));  // resizing drops what is inside
    if (BIO_set_write_buffer_size(buffer_, size) != 1) return Internal("BIO buffer");
    buffer_size_ = size;
    return Ok();
  }

  bool IsEnd(int result) const {
    const int error = SSL_get_error(ssl_.get(), result);
    return error == SSL_ERROR_ZERO_RETURN ||
           (error == SSL_ERROR_SSL &&
            ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
  }

  // Ok if the call may be tried again.
  Status AfterFailure(int result, Deadline deadline) {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        BW_TRY_STATUS(FlushBuffer(deadline));
        wants_write_ = false;
        return waiter_.Readable(fd_, deadline);
      case SSL_ERROR_WANT_WRITE: wants_write_ = true; return waiter_.Writable(fd_, deadline);
      default: return Closed();
    }
  }

  Status Closed() {
    return Unavailable("the connection was closed").Reason("connection_closed").Log(TakeErrors());
  }

  SslPtr ssl_;
  BIO* buffer_;  // ssl_'s
  int fd_;
  Waiter waiter_;
  int buffer_size_ = kSmallBuffer;
  bool wants_write_ = false;
};

Error BadCertificate(const std::string& what) {
  return Invalid("the TLS " + what).Reason("invalid_certificate").Log(TakeErrors());
}

Status Configure(SSL_CTX* context) {
  static constexpr unsigned char kSessionContext[] = "breakwater";
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // A record's head and body in one system call.
  SSL_CTX_set_read_ahead(context, 1);
  // Tickets carry sessions; a cache in memory would be a second copy to bound.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, SelectProtocol, nullptr);
  const bool ok =
      SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
      SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1) == 1 &&
      // AES-128 first: with AES in hardware it is the cheapest per byte.
      SSL_CTX_set_ciphersuites(context,
                               "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                               "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
      SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL") == 1;
  if (!ok) return Internal("TLS settings: " + TakeErrors());
  return Ok();
}

}  // namespace

struct TlsServerContext::Context {
  SslContextPtr ssl;
};

TlsServerContext::TlsServerContext(TlsFiles files) : files_(std::move(files)) {}
TlsServerContext::~TlsServerContext() = default;

Result<std::shared_ptr<const TlsServerContext::Context>> TlsServerContext::MakeContext(
    const TlsFiles& files) {
  ERR_clear_error();
  SslContextPtr ssl(SSL_CTX_new(TLS_server_method()));
  if (ssl == nullptr) return Internal("SSL_CTX_new: " + TakeErrors());
  BW_TRY_STATUS(Configure(ssl.get()));
  if (SSL_CTX_use_certificate_chain_file(ssl.get(), files.certificate.c_str()) != 1) {
    return BadCertificate("certificate file cannot be used");
  }
  if (SSL_CTX_use_PrivateKey_file(ssl.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return BadCertificate("key file cannot be used");
  }
  if (SSL_CTX_check_private_key(ssl.get()) != 1) return BadCertificate("key is another one's");
  return std::make_shared<const Context>(Context{std::move(ssl)});
}

Result<std::unique_ptr<TlsServerContext>> TlsServerContext::Load(TlsFiles files) {
  std::unique_ptr<TlsServerContext> out(new TlsServerContext(std::move(files)));
  BW_TRY_STATUS(out->Reload());
  return out;
}

Status TlsServerContext::Reload() {
  BW_TRY(auto fresh, MakeContext(files_));
  MutexLock lock(mutex_);
  current_ = std::move(fresh);
  return Ok();
}

Result<std::unique_ptr<Transport>> TlsServerContext::NewTransport(int fd, Waiter waiter) const {
  std::shared_ptr<const Context> context;
  {
    MutexLock lock(mutex_);
    context = current_;
  }
  ERR_clear_error();
  SslPtr ssl(SSL_new(context->ssl.get()));
  BIO* socket = BIO_new_socket(fd, BIO_NOCLOSE);
  BIO* buffer = BIO_new(BIO_f_buffer());
  if (ssl == nullptr || socket == nullptr || buffer == nullptr) {
    BIO_free(socket);
    BIO_free(buffer);
    return Internal("TLS connection: " + TakeErrors());
  }
  // Records are gathered in `buffer` and leave in few system calls.
  BIO_up_ref(socket);
  SSL_set0_rbio(ssl.get(), socket);
  SSL_set0_wbio(ssl.get(), BIO_push(buffer, socket));
  return std::unique_ptr<Transport>(
      std::make_unique<TlsTransport>(std::move(ssl), buffer, fd, waiter));
}

Result<Timestamp> CertificateExpiry(const std::string& path) {
  ERR_clear_error();
  const UniqueHandle<BIO, BIO_free> file(BIO_new_file(path.c_str(), "r"));
  if (file == nullptr) return BadCertificate("certificate file cannot be read");
  const UniqueHandle<X509, X509_free> certificate(
      PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return BadCertificate("certificate file holds no certificate");
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) {
    return BadCertificate("certificate has no end that can be read");
  }
  return Timestamp(std::chrono::seconds(::timegm(&end)));
}

}  // namespace breakwater::net
