// WWW-Authenticate: where to get a token, and for what (Docker registry v2 token specification).
#pragma once

#include "api/endpoint.h"

namespace breakwater::api::distribution {

// Bearer first, Basic second: clients that look at one header alone look at the first. The scope is
// what this request needs. `context` is null if the request was not routed.
void AddChallenges(const Error& error, const net::Request& request, const Context* context,
                   net::Headers& headers);

}  // namespace breakwater::api::distribution
