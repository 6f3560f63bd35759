#include "net/guard.h"

#include <algorithm>
#include <array>

namespace breakwater::net {
namespace {

const std::vector<IpNetwork>& NonPublic() {
  static const std::vector<IpNetwork> networks = [] {
    std::vector<IpNetwork> out;
    for (const char* text :
         {// IANA IPv4 special-purpose registry.
          "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
          "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
          "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
          // A metadata service at an address that looks public (Azure).
          "168.63.129.16/32",
          // IANA IPv6 special-purpose registry; site-local; multicast. Tunnels (Teredo, 6to4)
          // and the local NAT64 prefix could carry any IPv4 address.
          "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
          "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"}) {
      out.push_back(*IpNetwork::Parse(text));
    }
    return out;
  }();
  return networks;
}

bool IsIn(const std::vector<IpNetwork>& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const IpNetwork& network) { return network.Contains(address); });
}

}  // namespace

bool IsPublicAddress(const IpAddress& address) {
  if (IsIn(NonPublic(), address)) return false;
  // RFC 6052: the well-known NAT64 prefix leads to the IPv4 address in its last bytes.
  static const IpNetwork nat64 = *IpNetwork::Parse("64:ff9b::/96");
  if (nat64.Contains(address))
    return IsPublicAddress(*IpAddress::FromBytes(address.bytes().last(4)));
  return true;
}

Status OutboundPolicy::Check(const IpAddress& address) const {
  if (allow_non_public || IsIn(allowed, address) || IsPublicAddress(address)) return Ok();
  return Denied("the destination's address is not allowed")
      .Reason("address_refused")
      .Log(address.ToString());
}

}  // namespace breakwater::net
