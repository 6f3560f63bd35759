// What a proxy says of its client, a header for each line ("X-Forwarded-For: …"): only addresses
// come of it, and nothing at all if the proxy is a stranger.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "net/forwarded.h"

namespace {

using namespace breakwater;

net::Headers HeadersOf(std::string_view text) {
  net::Headers headers;
  for (const std::string_view line : Split(text, '\n')) {
    const auto parts = SplitN(line, ':', 2);
    if (parts.size() == 2) headers.Add(std::string(parts[0]), std::string(Trim(parts[1])));
  }
  return headers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const net::ProxyTrust trust{
      .proxies = {*IpNetwork::Parse("10.0.0.0/8"), *IpNetwork::Parse("fd00::/8")},
      .network_header = "X-Network"};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const net::Headers headers = HeadersOf(text);
  for (const char* from : {"10.0.0.1", "192.0.2.1"}) {
    const IpAddress address = *IpAddress::Parse(from);
    const net::Peer direct{.address = from, .server_address = "127.0.0.1:5000"};
    const net::Peer peer = net::ResolvePeer(direct, address, headers, trust);
    BW_CHECK(IpAddress::Parse(peer.address).ok());
    BW_CHECK(peer.server_address == direct.server_address);
    if (trust.Trusts(address)) continue;
    BW_CHECK(peer.address == from && !peer.tls && peer.listener == net::ListenerKind::kPublic);
  }
  return 0;
}
