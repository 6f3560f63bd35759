// Who the client is, when a trusted proxy stands in front.
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"
#include "net/http.h"

namespace breakwater::net {

struct ProxyTrust {
  // Only requests from these are believed what they say about others.
  std::vector<IpNetwork> proxies = {};
  // The header by which a trusted proxy states "private" or "public", e.g. "X-Network"; or "".
  std::string network_header = {};

  bool Trusts(const IpAddress& address) const;
};

// The peer of a request. From a trusted proxy: the last address of X-Forwarded-For that is no
// trusted proxy itself; TLS by X-Forwarded-Proto; the network by `network_header`. From anybody
// else, `direct` as it is.
Peer ResolvePeer(const Peer& direct, const IpAddress& address, const Headers& headers,
                 const ProxyTrust& trust);

}  // namespace breakwater::net
