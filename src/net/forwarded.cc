#include "net/forwarded.h"

#include <algorithm>
#include <ranges>

#include "base/strings.h"

namespace breakwater::net {
namespace {

// Proxies append; so the list is walked from its end for as long as the speaker is trusted.
IpAddress ClientAddress(const IpAddress& proxy, const Headers& headers, const ProxyTrust& trust) {
  IpAddress client = proxy;
  for (const auto list : headers.GetAll("x-forwarded-for") | std::views::reverse) {
    for (const auto entry : Split(list, ',') | std::views::reverse) {
      if (!trust.Trusts(client)) return client;
      const auto address = IpAddress::Parse(Trim(entry));
      if (!address.ok()) return client;
      client = *address;
    }
  }
  return client;
}

}  // namespace

bool ProxyTrust::Trusts(const IpAddress& address) const {
  return std::any_of(proxies.begin(), proxies.end(),
                     [&](const IpNetwork& network) { return network.Contains(address); });
}

Peer ResolvePeer(const Peer& direct, const IpAddress& address, const Headers& headers,
                 const ProxyTrust& trust) {
  if (!trust.Trusts(address)) return direct;
  Peer peer = direct;
  peer.address = ClientAddress(address, headers, trust).ToString();
  // Of repeated headers only the last is the proxy's own for certain.
  const auto last = [&](std::string_view name) {
    const auto values = headers.GetAll(name);
    return values.empty() ? std::string_view() : Trim(values.back());
  };
  if (const auto scheme = last("x-forwarded-proto"); !scheme.empty()) {
    peer.tls = EqualsIgnoreCase(scheme, "https");
  }
  if (!trust.network_header.empty()) {
    const auto network = last(trust.network_header);
    if (EqualsIgnoreCase(network, "private")) peer.listener = ListenerKind::kPrivate;
    if (EqualsIgnoreCase(network, "public")) peer.listener = ListenerKind::kPublic;
  }
  return peer;
}

}  // namespace breakwater::net
