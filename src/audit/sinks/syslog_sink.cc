#include "audit/sinks/syslog_sink.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <netdb.h>
#include <sys/socket.h>

#include "net/socket.h"

namespace breakwater::audit {
namespace {

constexpr int kFacility = 13;
int SeverityOf(std::string_view severity) {
  if (severity == "critical") return 2;
  return severity == "warning" ? 4 : 5;
}

// RFC 5424 §6.3.3.
std::string Escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '"' || c == '\\' || c == ']') out += '\\';
    out += c;
  }
  return out;
}

// RFC 5424 §6: printable ASCII, bounded; "-" for nothing.
std::string Name(std::string_view text, std::size_t most) {
  std::string out;
  for (const char c : text.substr(0, most)) out += c > 0x20 && c < 0x7f ? c : '_';
  return out.empty() ? "-" : out;
}

struct AddressesDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

}  // namespace

std::string SyslogMessage(const SinkItem& item, std::string_view hostname) {
  std::string text = "<" + std::to_string(kFacility * 8 + SeverityOf(item.severity)) + ">1 ";
  text += FormatRfc3339(item.time);
  text += " " + Name(hostname, 255) + " breakwater - audit [breakwater@32473 sequence=\"";
  text += std::to_string(item.sequence) + "\" action=\"" + Escaped(item.action) + "\"";
  if (!item.id.empty()) text += " id=\"" + Escaped(item.id) + "\"";
  text += "] " + item.text;
  return text;
}

std::string SyslogDatagram(const SinkItem& item, std::string_view hostname) {
  std::string message = SyslogMessage(item, hostname);
  if (message.size() <= kMaxDatagram) return message;
  const std::string marker =
      " [cut: of " + std::to_string(message.size()) + " bytes; the trail has all of this entry]";
  std::size_t length = kMaxDatagram - marker.size();
  // Not inside a character (RFC 5424 §6.1).
  while (length > 0 && (static_cast<unsigned char>(message[length]) & 0xC0U) == 0x80U) --length;
  message.resize(length);
  return message + marker;
}

Status SyslogSink::Deliver(std::span<const SinkItem> items) {
  if (options_.transport == SyslogOptions::Transport::kUdp) return SendDatagrams(items);
  std::string text;
  for (const SinkItem& item : items) {
    const std::string message = SyslogMessage(item, options_.hostname);
    text += std::to_string(message.size());
    text += ' ';
    text += message;
  }
  if (stream_ == nullptr) {
    BW_TRY(stream_, net::OutboundStream::Connect(
                        {.host = options_.host,
                         .port = options_.port,
                         .tls = options_.transport == SyslogOptions::Transport::kTls,
                         .ca_file = options_.ca_file,
                         .timeout = options_.timeout}));
  }
  Status sent = stream_->Send(AsBytes(text));
  if (!sent.ok()) stream_.reset();
  return sent;
}

Status SyslogSink::SendDatagrams(std::span<const SinkItem> items) const {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(options_.host.c_str(), std::to_string(options_.port).c_str(), &hints, &found) !=
          0 ||
      found == nullptr) {
    return Unavailable("cannot resolve " + options_.host).Reason("cannot_resolve");
  }
  const std::unique_ptr<addrinfo, AddressesDeleter> addresses(found);
  const net::UniqueFd socket(
      ::socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol));
  if (!socket.valid() || ::connect(socket.get(), found->ai_addr, found->ai_addrlen) != 0) {
    return Unavailable("cannot reach " + options_.host).Reason("cannot_connect");
  }
  for (const SinkItem& item : items) {
    const std::string message = SyslogDatagram(item, options_.hostname);
    if (::send(socket.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) {
      return Unavailable(std::string("a datagram was refused: ") + std::strerror(errno));
    }
  }
  return Ok();
}

}  // namespace breakwater::audit
