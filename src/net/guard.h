// Which addresses this program may connect to on behalf of a user's wish (webhooks): the defence
// against server-side request forgery. Judged on the address that is connected to, after name
// resolution, so no name can lead around it.
#pragma once

#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace breakwater::net {

struct OutboundPolicy {
  bool allow_plain_http = false;
  // Everything that is not public: loopback, private, link-local, metadata services.
  bool allow_non_public = false;
  // Exceptions, allowed even if they are not public.
  std::vector<IpNetwork> allowed = {};

  // kDenied ("address_refused") if it must not be connected to.
  Status Check(const IpAddress& address) const;
};

// Reachable from everywhere, by the registries of special-purpose addresses (RFC 6890 and its
// successors), and no cloud's metadata service.
bool IsPublicAddress(const IpAddress& address);

}  // namespace breakwater::net
