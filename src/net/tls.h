// TLS 1.2 and newer for the server's side, by OpenSSL.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "net/socket.h"
#include "net/transport.h"

namespace breakwater::net {

struct TlsFiles {
  std::string certificate;  // PEM chain, the server's own first
  std::string key;          // PEM
};

// Certificate and settings for many connections. Thread-safe. Connections keep what was current
// when they began.
class TlsServerContext {
 public:
  // kInvalid ("invalid_certificate") if the files do not hold a matching pair.
  static Result<std::unique_ptr<TlsServerContext>> Load(TlsFiles files);
  ~TlsServerContext();

  // Reads the files again; on failure what was there stays.
  Status Reload();
  // For a connection that was accepted. `fd` must outlive the transport.
  Result<std::unique_ptr<Transport>> NewTransport(int fd, Waiter waiter) const;

 private:
  struct Context;
  explicit TlsServerContext(TlsFiles files);
  static Result<std::shared_ptr<const Context>> MakeContext(const TlsFiles& files);

  const TlsFiles files_;
  mutable Mutex mutex_;
  std::shared_ptr<const Context> current_ BW_GUARDED_BY(mutex_);
};

// The end of the first certificate's life in a PEM file. kInvalid "invalid_certificate".
Result<Timestamp> CertificateExpiry(const std::string& path);

}  // namespace breakwater::net
