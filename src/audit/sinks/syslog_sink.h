// Syslog messages (RFC 5424) over UDP (RFC 5426), TCP (RFC 6587, octet counting) or TLS (RFC 5425).
// None of them is acknowledged: what the system has taken when a connection breaks may be lost.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "audit/sinks/sink.h"
#include "net/outbound_stream.h"

namespace breakwater::audit {

struct SyslogOptions {
  enum class Transport { kUdp, kTcp, kTls };
  Transport transport = Transport::kTls;
  std::string host;
  std::uint16_t port = 6514;
  std::string ca_file = {};
  std::string hostname = "-";  // ours, as it stands in messages
  std::chrono::milliseconds timeout{10'000};
};

// "<109>1 2026-03-01T12:34:56.789000Z host breakwater - audit [breakwater@32473 sequence="7" …]
// {…}". Facility 13, log audit.
std::string SyslogMessage(const SinkItem& item, std::string_view hostname);
// What fits in a datagram of IPv4.
inline constexpr std::size_t kMaxDatagram = 65'000;
// The same, as a datagram can hold it: a message that is too long is cut, and says so at its end.
std::string SyslogDatagram(const SinkItem& item, std::string_view hostname);

class SyslogSink final : public Sink {
 public:
  explicit SyslogSink(SyslogOptions options) : options_(std::move(options)) {}
  Status Deliver(std::span<const SinkItem> items) override;

 private:
  Status SendDatagrams(std::span<const SinkItem> items) const;

  const SyslogOptions options_;
  std::unique_ptr<net::OutboundStream> stream_;  // null: none open
};

}  // namespace breakwater::audit
